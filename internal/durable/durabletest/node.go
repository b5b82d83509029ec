package durabletest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes in one step, in bytes.
const sector = 512

// node is a file, or a directory if it has names.
type node struct {
	// now is what a program reads, safe what a power failure leaves, and pending
	// what was done since.
	now, safe []byte
	pending   []change
	// names, safeNames and renamed are the same for a directory.
	names, safeNames map[string]*node
	renamed          []naming
}

// change is a write, or, without data, a truncation.
type change struct {
	at   int64
	data []byte
}

// naming gives a node a name, or takes the name away if there is no node;
// together with that it may take an old name away.
type naming struct {
	name, old string
	node      *node
}

func newDirectory() *node { return &node{names: map[string]*node{}, safeNames: map[string]*node{}} }

func (n *node) put(name string, what *node) {
	n.renamed = append(n.renamed, naming{name: name, node: what})
	n.renamed[len(n.renamed)-1].do(n.names)
}

func (n *node) rename(from, to string) {
	n.renamed = append(n.renamed, naming{name: to, old: from, node: n.names[from]})
	n.renamed[len(n.renamed)-1].do(n.names)
}

func (c naming) do(names map[string]*node) {
	if c.old != "" {
		delete(names, c.old)
	}
	if c.node == nil {
		delete(names, c.name)
	} else {
		names[c.name] = c.node
	}
}

func (n *node) change(c change) {
	n.now = c.do(n.now)
	n.pending = append(n.pending, c)
}

// do returns the content after the change. It never shares memory.
func (c change) do(content []byte) []byte {
	size := c.at
	if c.data != nil {
		size = max(int64(len(content)), c.at+int64(len(c.data)))
	}
	out := make([]byte, size)
	copy(out, content)
	copy(out[min(c.at, size):], c.data)
	return out
}

// settle makes safe what is pending. What a failed attempt forgot is not.
func (n *node) settle() {
	for _, c := range n.pending {
		n.safe = c.do(n.safe)
	}
	for _, c := range n.renamed {
		c.do(n.safeNames)
	}
	n.pending, n.renamed = nil, nil
}

// come makes safe a part of what is pending, and forgets that the rest of the
// content is. Of writes the sectors come one by one; what was done first need not
// come first, but of two writes to one sector the later one wins if it comes.
// Names that did not come stay pending: file systems keep a journal of them.
func (n *node) come(random *rand.Rand) {
	chance := []int{0, 1, 2, 4}[random.IntN(4)] // of four: nothing, some, half, all
	kept := func() bool { return random.IntN(4) < chance }
	for _, c := range n.pending {
		for _, piece := range c.pieces() {
			switch {
			case kept():
				n.safe = piece.do(n.safe)
			case piece.data != nil && kept() && piece.at+int64(len(piece.data)) > int64(len(n.safe)):
				// The size came, and the content did not.
				n.safe = change{at: piece.at + int64(len(piece.data))}.do(n.safe)
			}
		}
	}
	n.pending = nil
	if n.names == nil {
		return
	}
	for _, c := range n.renamed {
		if kept() {
			c.do(n.safeNames)
		}
	}
}

// pieces divides a write at the edges of sectors.
func (c change) pieces() []change {
	if c.data == nil {
		return []change{c}
	}
	var all []change
	for at, data := c.at, c.data; len(data) > 0; {
		size := min(int64(len(data)), sector-at%sector)
		all = append(all, change{at, data[:size]})
		at, data = at+size, data[size:]
	}
	return all
}

// lose is a power failure below a node: what came through is all there is.
func (n *node) lose(random *rand.Rand, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	for _, below := range n.below() {
		below.lose(random, seen)
	}
	n.come(random)
	n.now = n.safe
	if n.names != nil {
		n.names, n.renamed = maps.Clone(n.safeNames), nil
	}
}

// below are the nodes that a directory has, or may turn out to have, in an
// order that does not depend on the run.
func (n *node) below() []*node {
	var all []*node
	for _, names := range []map[string]*node{n.names, n.safeNames} {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			all = append(all, names[name])
		}
	}
	for _, c := range n.renamed {
		if c.node != nil {
			all = append(all, c.node)
		}
	}
	return all
}

// clone copies a node with everything below; one node stays one.
func (n *node) clone(made map[*node]*node) *node {
	if n == nil {
		return nil
	}
	if c := made[n]; c != nil {
		return c
	}
	c := &node{now: slices.Clone(n.now), safe: slices.Clone(n.safe), pending: slices.Clone(n.pending)}
	made[n] = c
	if n.names == nil {
		return c
	}
	copied := func(names map[string]*node) map[string]*node {
		out := map[string]*node{}
		for name, below := range names {
			out[name] = below.clone(made)
		}
		return out
	}
	c.names, c.safeNames = copied(n.names), copied(n.safeNames)
	for _, r := range n.renamed {
		c.renamed = append(c.renamed, naming{name: r.name, old: r.old, node: r.node.clone(made)})
	}
	return c
}
