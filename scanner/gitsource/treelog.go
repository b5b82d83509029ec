package gitsource

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// bitset is a set of objects by their numbers.
type bitset []uint64

func newBitset(size int) bitset { return make(bitset, size/64+1) }

func (b bitset) add(i uint32) { b[i/64] |= 1 << (i % 64) }

func (b bitset) has(i uint32) bool { return b[i/64]>>(i%64)&1 != 0 }

// treeLog is what a worker remembers of the trees that it reads: of each, what
// it has that its base has not, as far as that may lead to keys, and what it
// took over. That is a small part of all entries.
type treeLog struct {
	// seeds are the blobs with keys, by the first 16 bits of their ids.
	seeds bitset
	trees []loggedTree
	// entries and copies are those of all trees, one tree's after the other's.
	entries []freshEntry
	copies  []copiedEntries
	// names are those of the entries, numbers tells them apart.
	names   []string
	numbers map[string]uint32
	// size is about how much all this takes, in bytes: the same however many
	// workers there are. When it passes the limit all is forgotten, so that
	// nothing depends on who came first.
	size, limit int64
}

// loggedTree is a tree. Its entries and copies begin where those of the tree
// before it end.
type loggedTree struct {
	object uint32
	// depth is how many deltas it is away from a root. If it is based, its base
	// is the last tree before it of the depth below.
	depth           uint32
	entries, copies uint32 // where they end
	based           bool
}

// freshEntry is an entry that the base does not have, by its place in the tree.
// The child is none until it was looked up, and where it is not here.
type freshEntry struct{ at, name, child uint32 }

// copiedEntries are entries that the base has at other places.
type copiedEntries struct{ at, from, count uint32 }

const (
	// loggedSize is what a tree takes in a log, partSize what an entry or
	// entries that were copied take, in bytes.
	loggedSize = 20
	partSize   = 12
	// usualLog is what all logs together may take where nobody says how much
	// memory there is, in bytes.
	usualLog = 512 << 20
	// maxLog bounds what all logs together take, in bytes, so that their
	// places have 32 bits.
	maxLog = math.MaxUint32
)

func newTreeLog(seeds bitset, limit int64) *treeLog {
	return &treeLog{seeds: seeds, limit: min(limit, maxLog), numbers: map[string]uint32{}}
}

// takes reports whether so many bytes more may be remembered.
func (l *treeLog) takes(size int) bool {
	l.size += int64(size)
	if l.size <= l.limit {
		return true
	}
	l.trees, l.entries, l.copies, l.names, l.numbers = nil, nil, nil, nil, nil
	return false
}

// mayBeSeed reports whether an id may be that of a blob with a key.
func (l *treeLog) mayBeSeed(id []byte) bool { return l.seeds.has(uint32(binary.BigEndian.Uint16(id))) }

// fresh takes note of an entry of the tree that is being read, and returns
// where.
func (l *treeLog) fresh(at uint32, name []byte) (place uint32, kept bool) {
	if !l.takes(partSize + len(name)) {
		return 0, false
	}
	number, known := l.numbers[string(name)]
	if !known {
		number = uint32(len(l.names))
		l.names = append(l.names, string(name))
		l.numbers[l.names[number]] = number
	}
	l.entries = append(roomy(l.entries), freshEntry{at: at, name: number, child: none})
	return uint32(len(l.entries) - 1), true
}

// roomy doubles a list that is full. The usual growth by a quarter copies a long
// one five times as often.
func roomy[T any](list []T) []T {
	if len(list) == cap(list) {
		return slices.Grow(list, max(len(list), 256))
	}
	return list
}

// answer says what an entry leads to.
func (l *treeLog) answer(place, child uint32) {
	if int(place) < len(l.entries) { // else all was forgotten
		l.entries[place].child = child
	}
}

// copied takes note of entries that come from the base.
func (l *treeLog) copied(at, from, count uint32) {
	if l.takes(partSize) {
		l.copies = append(roomy(l.copies), copiedEntries{at: at, from: from, count: count})
	}
}

// end takes note of the tree that was read.
func (l *treeLog) end(object uint32, depth int, based bool) {
	if l.takes(loggedSize) {
		l.trees = append(roomy(l.trees), loggedTree{
			object: object, depth: uint32(depth), based: based,
			entries: uint32(len(l.entries)), copies: uint32(len(l.copies)),
		})
	}
}

// span tells which entries and copies are a tree's, by its place in the log.
func (l *treeLog) span(n uint32) (entries []freshEntry, copies []copiedEntries) {
	var before loggedTree
	if n > 0 {
		before = l.trees[n-1]
	}
	return l.entries[before.entries:l.trees[n].entries], l.copies[before.copies:l.trees[n].copies]
}

// families lists where those trees begin that no tree before them is a base of,
// nor of those that follow.
func (l *treeLog) families() []uint32 {
	var out []uint32
	top := uint32(math.MaxUint32)
	for n, t := range l.trees {
		if !t.based && t.depth <= top {
			top = t.depth
			out = append(out, uint32(n))
		}
	}
	return out
}

// family is some trees of a log.
type family struct {
	log         *treeLog
	names       []uint32 // the numbers of the log's names in the joined one
	begin, end  uint32
	firstObject uint32
}

// joinLogs makes one log of all, the same however the trees were shared out.
// Its names are in order.
func joinLogs(logs []*treeLog) *treeLog {
	out := &treeLog{}
	trees, entries, copies := 0, 0, 0
	for _, l := range logs {
		out.names = append(out.names, l.names...)
		trees, entries, copies = trees+len(l.trees), entries+len(l.entries), copies+len(l.copies)
	}
	out.trees = make([]loggedTree, 0, trees)
	out.entries = make([]freshEntry, 0, entries)
	out.copies = make([]copiedEntries, 0, copies)
	slices.Sort(out.names)
	out.names = slices.Compact(out.names)
	var all []family
	for _, l := range logs {
		names := make([]uint32, len(l.names))
		for n, name := range l.names {
			at, _ := slices.BinarySearch(out.names, name)
			names[n] = uint32(at)
		}
		begins := l.families()
		for i, begin := range begins {
			end := uint32(len(l.trees))
			if i+1 < len(begins) {
				end = begins[i+1]
			}
			all = append(all, family{log: l, names: names, begin: begin, end: end, firstObject: l.trees[begin].object})
		}
	}
	slices.SortFunc(all, func(a, b family) int { return cmp.Compare(a.firstObject, b.firstObject) })
	for _, f := range all {
		out.take(f)
	}
	return out
}

// take appends a family.
func (l *treeLog) take(f family) {
	for n := f.begin; n < f.end; n++ {
		entries, copies := f.log.span(n)
		for _, e := range entries {
			if e.child != none {
				e.name = f.names[e.name]
				l.entries = append(l.entries, e)
			}
		}
		l.copies = append(l.copies, copies...)
		t := f.log.trees[n]
		t.entries, t.copies = uint32(len(l.entries)), uint32(len(l.copies))
		l.trees = append(l.trees, t)
	}
}
