package decode

import "sort"

// maxPieces is how many pieces are remembered of one text.
const maxPieces = 1000

// Pieces are the literals of a text that may be parts of values, in order. A
// nil one is not known.
type Pieces struct {
	list []stretch
	// more says that there are others.
	more bool
}

// Reset forgets all.
func (p *Pieces) Reset() { p.list, p.more = p.list[:0], false }

// Add adds the run text[start:end] if it IsPiece.
func (p *Pieces) Add(text []byte, start, end int) {
	if !IsPiece(text, start, end) {
		return
	}
	if p.more = p.more || len(p.list) == maxPieces; !p.more {
		p.list = append(p.list, stretch{start, end})
	}
}

// Take adds those of a base that stand in its bytes from to to, which stand at
// at now.
func (p *Pieces) Take(base *Pieces, from, to, at int) {
	p.more = p.more || base.more
	for _, s := range base.touching(from, to) {
		if s.from < from || s.to > to {
			continue
		}
		if p.more = p.more || len(p.list) == maxPieces; p.more {
			return
		}
		p.list = append(p.list, stretch{s.from - from + at, s.to - from + at})
	}
}

// Drop takes out those that touch [from, to).
func (p *Pieces) Drop(from, to int) {
	if n := len(p.touching(from, to)); n > 0 {
		low := sort.Search(len(p.list), func(i int) bool { return p.list[i].to > from })
		p.list = append(p.list[:low], p.list[low+n:]...)
	}
}

// Sort puts those in order that were added behind others.
func (p *Pieces) Sort() {
	sort.Slice(p.list, func(i, k int) bool { return p.list[i].from < p.list[k].from })
}

func (p *Pieces) known() bool { return p != nil && !p.more }

func (p *Pieces) none() bool { return p.known() && len(p.list) == 0 }

// touch reports whether there may be a piece that touches [from, to).
func (p *Pieces) touch(from, to int) bool { return !p.known() || len(p.touching(from, to)) > 0 }

// touching returns the pieces that touch [from, to).
func (p *Pieces) touching(from, to int) []stretch {
	low := sort.Search(len(p.list), func(i int) bool { return p.list[i].to > from })
	high := sort.Search(len(p.list), func(i int) bool { return p.list[i].from >= to })
	return p.list[low:max(low, high)]
}
