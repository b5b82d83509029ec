package pack

import (
	"fmt"
	"testing"
)

// BenchmarkWalk walks a repository of some 9,000 objects, by one goroutine.
func BenchmarkWalk(b *testing.B) {
	r := newRepo(b)
	r.grow(1, 100, 1500)
	r.git("repack", "-adfq", "--depth=50", "--window=20")
	for _, plan := range []Plan{
		{Jobs: 1},
		{Jobs: 1, Types: Only(Blob, Commit, Tag), Ops: true},
		{Jobs: 2, Types: Only(Blob, Commit, Tag), Ops: true},
	} {
		b.Run(fmt.Sprintf("types=%x,ops=%v,jobs=%d", plan.Types, plan.Ops, plan.Jobs), func(b *testing.B) {
			total := counter{}
			for b.Loop() {
				s, err := Open(Options{Width: 20, Directories: r.directories()})
				if err != nil {
					b.Fatal(err)
				}
				counters := make([]counter, plan.Jobs)
				if err := s.Walk(b.Context(), plan, func(n int) Visitor { return &counters[n] }); err != nil {
					b.Fatal(err)
				}
				for _, c := range counters {
					total.objects += c.objects
					total.bytes += c.bytes
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(total.bytes / int64(b.N))
			b.ReportMetric(float64(total.objects)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}

// BenchmarkRead reads single objects in order of their ids, which is no order
// of storage.
func BenchmarkRead(b *testing.B) {
	r := newRepo(b)
	r.grow(1, 100, 1500)
	r.git("repack", "-adfq", "--depth=50", "--window=20")
	s := open(b, Options{Width: 20, Directories: r.directories()})
	reader := s.NewReader()
	i := 0
	for b.Loop() {
		if _, err := reader.Read(b.Context(), uint32(i%s.Len())); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkDelta applies a delta of many short copies and inserts.
func BenchmarkDelta(b *testing.B) {
	base := make([]byte, 64<<10)
	delta := append(varint(len(base)), varint(1000*48)...)
	for n := range 1000 {
		delta = append(delta, 0x80|0x13, byte(n), byte(n>>3), 40)
		delta = append(append(delta, 8), "inserted"...)
	}
	_, to, n, err := deltaSizes(delta)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, to)
	var ops []Op
	b.SetBytes(to)
	for b.Loop() {
		if ops, err = applyDelta(dst, base, delta[n:], ops[:0], true); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind looks ids up that are there.
func BenchmarkFind(b *testing.B) {
	r := newRepo(b)
	r.grow(1, 100, 1500)
	s := open(b, Options{Width: 20, Directories: r.directories()})
	i := uint32(0)
	for b.Loop() {
		if _, ok := s.Find(s.ID(i % s.total)); !ok {
			b.Fatal("not found")
		}
		i += 7919
	}
}
