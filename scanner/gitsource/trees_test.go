package gitsource

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// entryList gathers the entries of a tree.
type entryList struct {
	base, entries []string
	gaps, new     int
}

func told(e treeEntry) string { return fmt.Sprintf("%o %s %x", e.mode, e.name, e.id) }

func (l *entryList) place(at uint32) {
	if int(at) != len(l.entries) {
		l.gaps++
	}
}

func (l *entryList) fresh(at uint32, e treeEntry) {
	l.place(at)
	l.entries = append(l.entries, told(e))
	l.new++
}

func (l *entryList) copied(at, from, count uint32) {
	l.place(at)
	l.entries = append(l.entries, l.base[from:from+count]...)
}

// deltas makes trees from each other by random copies, which care little where
// entries begin: ids look like entries, too.
type deltas struct{ random *rand.Rand }

func (d *deltas) entry() []byte {
	const inner = "100644 ab\x00"
	name := bytes.Repeat([]byte{byte('a' + d.random.IntN(3))}, 1+d.random.IntN(4))
	id := bytes.Repeat([]byte{byte('A' + d.random.IntN(3))}, 20)
	copy(id[d.random.IntN(12):], inner)
	return append(fmt.Appendf(nil, "%s %s\x00", []string{"40000", "100644", "160000"}[d.random.IntN(3)], name), id...)
}

func (d *deltas) tree() (out []byte) {
	for range d.random.IntN(8) {
		out = append(out, d.entry()...)
	}
	return out
}

// made is a tree of parts of another one and new entries.
func (d *deltas) made(base []byte) (out []byte, ops []pack.Op) {
	add := func(from uint32, part []byte) {
		if len(part) > 0 {
			ops = append(ops, pack.Op{From: from, Len: uint32(len(part))})
			out = append(out, part...)
		}
	}
	for range d.random.IntN(6) {
		from := d.random.IntN(len(base) + 1)
		to := from + d.random.IntN(len(base)-from+1)
		if d.random.IntN(2) == 0 {
			from = 0
		}
		switch d.random.IntN(4) {
		case 0:
			add(pack.Insert, d.entry())
		case 1:
			cut := d.entry()
			add(pack.Insert, cut[:d.random.IntN(len(cut))])
		default:
			add(uint32(from), base[from:to])
		}
	}
	return out, ops
}

func TestTreesAreReadWhereTheyChanged(t *testing.T) {
	d := &deltas{rand.New(rand.NewPCG(1, 3))}
	fresh, all := 0, 0
	for range 20_000 {
		r := treeReader{width: 20}
		data := d.tree()
		base := &entryList{}
		r.read(object{data: data, stored: &pack.Object{Base: pack.None}}, base)
		for depth := 1; depth < 4; depth++ {
			next, ops := d.made(data)
			var want []string
			whole := eachEntry(next, 20, func(e treeEntry) { want = append(want, told(e)) })
			got := &entryList{base: base.entries}
			stored := &pack.Object{Index: uint32(depth), Base: uint32(depth - 1), BaseVisited: true, Depth: depth, Ops: ops}
			isWhole, based := r.read(object{data: next, stored: stored}, got)
			if diff := cmp.Diff(want, got.entries); diff != "" || isWhole != whole || !based || got.gaps > 0 {
				t.Fatalf("%q made by %v of %q: whole %v, based %v, %d gaps %s", next, ops, data, isWhole, based, got.gaps, diff)
			}
			fresh, all = fresh+got.new, all+len(want)
			data, base = next, got
		}
	}
	if fresh*10 > all*9 {
		t.Errorf("%d of %d entries were looked at", fresh, all)
	}
}

// Without its base a tree is read as a whole.
func TestATreeWhoseBaseWasNotSeenIsReadWhole(t *testing.T) {
	d := &deltas{rand.New(rand.NewPCG(1, 4))}
	tree := append(d.entry(), d.entry()...)
	ops := []pack.Op{{From: 0, Len: uint32(len(tree))}}
	for name, stored := range map[string]*pack.Object{
		"not visited":        {Index: 2, Base: 1, Depth: 1, Ops: ops},
		"another one before": {Index: 2, Base: 5, BaseVisited: true, Depth: 1, Ops: ops},
	} {
		r := treeReader{width: 20}
		r.read(object{data: tree, stored: &pack.Object{Index: 1, Base: pack.None}}, &entryList{})
		got := &entryList{}
		if whole, based := r.read(object{data: tree, stored: stored}, got); !whole || based || got.new != 2 {
			t.Errorf("%s: whole %v, based %v, %d entries", name, whole, based, got.new)
		}
	}
}

// Whether there is room for what is remembered does not depend on the number of
// workers, and where there is none, nothing is told.
func TestTreesAreForgottenWhereThereIsNoRoom(t *testing.T) {
	const tree, blob, trees = 0, 1, 40
	note := func(l *treeLog) {
		if place, kept := l.fresh(0, []byte("name")); kept {
			l.answer(place, blob)
		}
		l.end(tree, 0, false)
	}
	one := newTreeLog(newBitset(1<<16), math.MaxInt64)
	note(one)
	for _, workers := range []int{1, 4} {
		for _, room := range []int64{trees * one.size, trees*one.size - 1} {
			logs := make([]*treeLog, workers)
			for i := range logs {
				logs[i] = newTreeLog(newBitset(1<<16), room)
			}
			for n := range trees {
				note(logs[n%workers])
			}
			hot := newHotTrees(logs, []uint32{blob}, 2)
			if fits := room >= trees*one.size; hot.cut == fits || len(hot.of(tree)) > 0 != fits {
				t.Errorf("%d workers, room for %d bytes: cut is %v, %d entries are told", workers, room, hot.cut, len(hot.of(tree)))
			}
		}
	}
}
