package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Graph is the history: its commits in order of their ids, told by their
// numbers.
type Graph struct {
	// Mark is another one for every graph that was written.
	Mark string
	// IDs are those of the commits, Width bytes each.
	Width int
	IDs   []byte
	// Times are the committers', in seconds.
	Times []int64
	// Ends are where the parents of each commit end among all Parents; they
	// begin where those of the commit before it end.
	Ends []uint32
	// Parents are those that are there.
	Parents []uint32
	// Order has all commits, parents before their children.
	Order []uint32
	// First tells, by bits, the commits without parents.
	First []byte
}

// Len is the number of commits.
func (g *Graph) Len() int { return len(g.Times) }

// IsFirst reports whether a commit has no parents.
func (g *Graph) IsFirst(n int) bool { return g.First[n/8]>>(n%8)&1 != 0 }

// Add appends a commit, which must be the next by its id.
func (g *Graph) Add(id []byte, when int64, first bool, parents []uint32) {
	n := g.Len()
	if n%8 == 0 {
		g.First = append(g.First, 0)
	}
	if first {
		g.First[n/8] |= 1 << (n % 8)
	}
	g.IDs, g.Times = append(g.IDs, id...), append(g.Times, when)
	g.Parents = append(g.Parents, parents...)
	g.Ends = append(g.Ends, uint32(len(g.Parents)))
}

func (g *Graph) encode() [][]byte {
	var e encoder
	e.text(g.Mark)
	e.uint(uint64(g.Width))
	e.uint(uint64(g.Len()))
	e.uint(uint64(len(g.Parents)))
	numbers := make([]byte, 0, 8*len(g.Times)+4*(len(g.Ends)+len(g.Parents)+len(g.Order)))
	for _, n := range g.Times {
		numbers = binary.LittleEndian.AppendUint64(numbers, uint64(n))
	}
	for _, list := range [][]uint32{g.Ends, g.Parents, g.Order} {
		for _, n := range list {
			numbers = binary.LittleEndian.AppendUint32(numbers, n)
		}
	}
	return [][]byte{e.out, g.IDs, numbers, g.First}
}

func (g *Graph) decode(d *decoder) {
	g.Mark = d.text()
	g.Width = d.small()
	if !isWidth(g.Width) {
		d.fail()
	}
	count, parents := uint64(d.small()), uint64(d.small())
	g.IDs = d.bytes(count * uint64(g.Width))
	times := d.bytes(8 * count)
	g.Times = make([]int64, len(times)/8)
	for i := range g.Times {
		g.Times[i] = int64(binary.LittleEndian.Uint64(times[8*i:]))
	}
	g.Ends = d.numbers(count)
	g.Parents = d.numbers(parents)
	g.Order = d.numbers(count)
	g.First = d.bytes((count + 7) / 8)
	if !d.broken && !g.valid() {
		d.fail()
	}
	if d.broken {
		*g = Graph{}
	}
}

func (d *decoder) numbers(count uint64) []uint32 {
	raw := d.bytes(4 * count)
	out := make([]uint32, len(raw)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	return out
}

// valid reports whether the ids are in order and every number leads somewhere.
func (g *Graph) valid() bool {
	begin := uint32(0)
	for n, end := range g.Ends {
		if end < begin || n > 0 && bytes.Compare(g.IDs[(n-1)*g.Width:n*g.Width], g.IDs[n*g.Width:(n+1)*g.Width]) >= 0 {
			return false
		}
		begin = end
	}
	if int(begin) != len(g.Parents) {
		return false
	}
	beyond := func(n uint32) bool { return int(n) >= g.Len() }
	return !slices.ContainsFunc(g.Parents, beyond) && !slices.ContainsFunc(g.Order, beyond)
}
