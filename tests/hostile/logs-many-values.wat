;; Has its host log a record of 14 MB with two million objects in it: as values, they would take gigabytes.
(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 300)
  (data (i32.const 0) "kubewardentracinglog")
  (data (i32.const 65529) "{\"a\":[0")
  (data (i32.const 65536) ",{\"\":0}")
  (data (i32.const 14065536) "]}")
  (func (export "_start")
    (local $to i32)
    (local.set $to (i32.const 65543))
    (loop $more
      (memory.copy (local.get $to) (i32.const 65536) (i32.const 7))
      (br_if $more (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const 7))) (i32.const 14065536))))
    (drop (call $call (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 7)
      (i32.const 17) (i32.const 3) (i32.const 65529) (i32.const 14000009)))))
