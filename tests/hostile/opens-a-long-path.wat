;; Opens a file with a name of a hundred megabytes, again and again.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 2000)
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 97) (i32.const 104857600))
    (loop $again
      (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 104857600)
        (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
      (br $again))))
