;; Passes the host a name that is not UTF-8.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\ff\fe")
  (func (export "_start")
    (drop (call $call (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2)
      (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 0)))))
