;; Grows its memory without end, and touches it.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (local $page i32)
    (loop $again
      (local.set $page (memory.grow (i32.const 1)))
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
      (br $again))))
