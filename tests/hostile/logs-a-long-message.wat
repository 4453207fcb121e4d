;; Has its host log a message of 200 MB.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 3100)
  (data (i32.const 0) "kubewardentracinglog")
  (data (i32.const 100) "{\"message\":\"")
  (data (i32.const 200000112) "\"}")
  (func (export "_start")
    (memory.fill (i32.const 112) (i32.const 97) (i32.const 200000000))
    (drop (call $call (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 7)
      (i32.const 17) (i32.const 3) (i32.const 100) (i32.const 200000014)))))
