;; Asks for more than its own limit, is told that there is no more, and goes on.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1 2)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 65000)) (i32.const -1)) (then unreachable))
    (call $proc_exit (i32.const 7))))
