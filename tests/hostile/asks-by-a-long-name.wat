;; Calls a host capability with a name of a hundred megabytes.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2000)
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 97) (i32.const 104857600))
    (drop (call $call (i32.const 0) (i32.const 10) (i32.const 0) (i32.const 104857600)
      (i32.const 0) (i32.const 104857600) (i32.const 0) (i32.const 104857600)))))
