;; Has several memories, each of which is small enough.
(module
  (memory (export "memory") 2000)
  (memory 2000)
  (memory 2000)
  (func (export "_start")))
