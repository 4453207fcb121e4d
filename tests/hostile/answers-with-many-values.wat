;; Prints an answer of fifteen megabytes that would become gigabytes of values: {"accepted":true,"mutated_object":[{"":0},...]}
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 100) "{\"accepted\":true,\"mutated_object\":[0")
  (data (i32.const 200) "]}")
  (data (i32.const 300) ",{\"\":0}")
  (func $write (param $from i32) (param $bytes i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (local.get $bytes))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (local $i i32)
    ;; copy it ten thousand times
    (loop $copy
      (memory.copy (i32.add (i32.const 307) (i32.mul (local.get $i) (i32.const 7))) (i32.const 300) (i32.const 7))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 9999))))
    (call $write (i32.const 100) (i32.const 36))
    (local.set $i (i32.const 0))
    (loop $again
      (call $write (i32.const 300) (i32.const 70000))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 220))))
    (call $write (i32.const 200) (i32.const 2))))
