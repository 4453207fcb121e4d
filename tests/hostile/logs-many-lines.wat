;; Has its host log a message of five million empty lines.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 200)
  (data (i32.const 0) "kubewardentracinglog")
  (data (i32.const 100) "{\"message\":\"")
  (data (i32.const 112) "\\n")
  (data (i32.const 10000112) "\"}")
  (func (export "_start")
    (local $to i32)
    (local.set $to (i32.const 114))
    (loop $more
      (memory.copy (local.get $to) (i32.const 112) (i32.const 2))
      (br_if $more (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const 2))) (i32.const 10000112))))
    (drop (call $call (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 7)
      (i32.const 17) (i32.const 3) (i32.const 100) (i32.const 10000014)))))
