;; How fast memory is: `copy` reads one range and writes another, `read` reads, `write` writes, 64 bytes a turn, each
;; byte once. Lengths are multiples of 64, at least 64. `read` returns a sum, so that nothing can be left out.
(module
  (memory (export "memory") 1)
  (func (export "copy") (param $from i32) (param $to i32) (param $bytes i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (loop $turn
      (v128.store offset=0 (local.get $to) (v128.load offset=0 (local.get $from)))
      (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
      (v128.store offset=32 (local.get $to) (v128.load offset=32 (local.get $from)))
      (v128.store offset=48 (local.get $to) (v128.load offset=48 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (br_if $turn (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 64))) (local.get $end)))))
  (func (export "read") (param $from i32) (param $bytes i32) (result f32)
    (local $end i32)
    (local $a v128)
    (local $b v128)
    (local $c v128)
    (local $d v128)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (loop $turn
      (local.set $a (f32x4.add (local.get $a) (v128.load offset=0 (local.get $from))))
      (local.set $b (f32x4.add (local.get $b) (v128.load offset=16 (local.get $from))))
      (local.set $c (f32x4.add (local.get $c) (v128.load offset=32 (local.get $from))))
      (local.set $d (f32x4.add (local.get $d) (v128.load offset=48 (local.get $from))))
      (br_if $turn (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 64))) (local.get $end))))
    (f32x4.extract_lane 0
      (f32x4.add (f32x4.add (local.get $a) (local.get $b)) (f32x4.add (local.get $c) (local.get $d)))))
  (func (export "write") (param $to i32) (param $bytes i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (local.get $bytes)))
    (loop $turn
      (v128.store offset=0 (local.get $to) (v128.const i32x4 0 0 0 0))
      (v128.store offset=16 (local.get $to) (v128.const i32x4 0 0 0 0))
      (v128.store offset=32 (local.get $to) (v128.const i32x4 0 0 0 0))
      (v128.store offset=48 (local.get $to) (v128.const i32x4 0 0 0 0))
      (br_if $turn (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const 64))) (local.get $end))))))
