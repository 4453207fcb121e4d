;; Calls the host without end, and never reads the answers.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "kubewardenociv1/verify")
  (func (export "_start")
    (loop $again
      (drop (call $call (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 3)
        (i32.const 13) (i32.const 9) (i32.const 0) (i32.const 0)))
      (br $again))))
