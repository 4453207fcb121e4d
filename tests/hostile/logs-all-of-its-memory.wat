;; Has its host log all of a memory of 250 MB, which is not UTF-8, until time is up.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 3815)
  (data (i32.const 0) "kubewardentracinglog")
  (func (export "_start")
    (memory.fill (i32.const 20) (i32.const 255) (i32.const 250000000))
    (loop $again
      (drop (call $call (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 7)
        (i32.const 17) (i32.const 3) (i32.const 20) (i32.const 250000000)))
      (br $again))))
