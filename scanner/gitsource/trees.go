package gitsource

import (
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// treeReader tells what is new in a tree against the tree that it is stored as
// a change of: an entry that was copied in one piece was looked at there.
type treeReader struct {
	width int
	// at are the last trees at each depth of the delta chain.
	at []readTree
}

// readTree is a tree that others may be made from.
type readTree struct {
	// object is its index in the store.
	object uint32
	// starts are where its entries begin, and where the last one ends.
	starts []uint32
}

// treeVisitor is told of a tree's entries, in order: each that is new, by its
// place among the entries, and which were copied from the base.
type treeVisitor interface {
	fresh(at uint32, e treeEntry)
	copied(at, from, count uint32)
}

// read goes through a tree. It reports whether the tree was whole, and whether
// it was compared with its base.
func (r *treeReader) read(o object, v treeVisitor) (whole, based bool) {
	stored := o.stored
	for len(r.at) <= stored.Depth {
		r.at = append(r.at, readTree{object: pack.None})
	}
	here := &r.at[stored.Depth]
	t := treeScan{data: o.data, width: r.width, starts: append(here.starts[:0], 0), visitor: v, whole: true}
	based = stored.BaseVisited && stored.Depth > 0 && r.at[stored.Depth-1].object == stored.Base
	if based {
		t.changed(stored.Ops, r.at[stored.Depth-1].starts)
	} else {
		t.parse(uint32(len(o.data)))
	}
	here.object, here.starts = stored.Index, t.starts
	return t.whole, based
}

// treeScan is a tree while it is read.
type treeScan struct {
	data    []byte
	width   int
	starts  []uint32
	visitor treeVisitor
	// whole is false from the first broken entry on.
	whole bool
}

// next is where the next entry begins.
func (t *treeScan) next() uint32 { return t.starts[len(t.starts)-1] }

// parse reads entries until one ends at a place or behind it.
func (t *treeScan) parse(until uint32) {
	for at := t.next(); at < until && t.whole; {
		e, size := parseEntry(t.data[at:], t.width)
		if t.whole = size > 0; !t.whole {
			return
		}
		t.visitor.fresh(uint32(len(t.starts)-1), e)
		at += uint32(size)
		t.starts = append(t.starts, at)
	}
}

// changed reads a tree that was made from another one.
func (t *treeScan) changed(ops []pack.Op, base []uint32) {
	from := uint32(0)
	for _, op := range ops {
		end := from + op.Len
		if op.From != pack.Insert {
			t.copies(from, op, base)
		}
		t.parse(end)
		from = end
	}
}

// copies takes over the entries that one op copies as a whole.
func (t *treeScan) copies(from uint32, op pack.Op, base []uint32) {
	end := from + op.Len
	for t.next() < end && t.whole {
		was := t.next() - from + op.From
		first, there := slices.BinarySearch(base, was)
		last, exact := slices.BinarySearch(base, op.From+op.Len)
		if !exact {
			last--
		}
		if there && last > first {
			t.visitor.copied(uint32(len(t.starts)-1), uint32(first), uint32(last-first))
			shift := t.next() - was
			for _, start := range base[first+1 : last+1] {
				t.starts = append(t.starts, start+shift)
			}
			return
		}
		// The entry began before the op, or is cut off by its end.
		t.parse(t.next() + 1)
	}
}
