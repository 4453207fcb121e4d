;; Grows its table without end.
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "_start")
    (loop $again
      (drop (table.grow $table (ref.null func) (i32.const 100000)))
      (br $again))))
