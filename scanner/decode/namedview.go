package decode

import (
	"bytes"
	"fmt"

	"github.com/qleaks/qleaks/scanner/source"
)

// Named is what a view's way says of a value that was put together from names.
const Named = "names"

// cellText is the source of one cell of a notebook, within the text of all.
type cellText struct {
	layer
	part Part
	// at is where it begins in the text of all cells.
	at int
}

// programs gathers the sources of a notebook's cells.
type programs struct {
	text  []byte
	cells []cellText
}

// add adds the source of a cell.
func (s *programs) add(t *partText) {
	if len(s.text)+len(t.b.text) > maxProgram {
		return
	}
	c := cellText{part: t.part, at: len(s.text)}
	c.layer = layer{text: bytes.Clone(t.b.text), spans: append([]span(nil), t.b.spans...), part: true, lines: t.lines}
	s.cells = append(s.cells, c)
	s.text = append(append(s.text, t.b.text...), '\n', cellEnd, '\n')
}

// cell returns the cell in which a place of the text of all stands.
func (s *programs) cell(at int) *cellText {
	k := 0
	for k+1 < len(s.cells) && s.cells[k+1].at <= at {
		k++
	}
	return &s.cells[k]
}

// cellEnd stands between the sources of two cells.
const cellEnd = 0

// isProgram reports whether names are looked up in a text: not in what was
// decoded from a part of a file.
func (n *node) isProgram() bool { return n.depth == 0 || n.raw }

// programs yields a view of each value that a text puts together from names.
func (w *walk) programs(n *node) bool {
	return w.o.Fragment || !n.isProgram() || w.showNamed(n, readProgram(n.text, nil), nil)
}

// namedCells is programs for the cells of a notebook, whose order does not matter.
func (w *walk) namedCells(n *node, s *programs) bool {
	if len(s.cells) == 0 {
		return true
	}
	return w.showNamed(n, readProgram(s.text, nil), s)
}

func (w *walk) showNamed(n *node, p *program, cells *programs) bool {
	for i := range p.joins {
		if !w.inTime() || !w.showName(n, p, &p.joins[i], cells) {
			return false
		}
	}
	if p.full {
		return w.note(n.member, source.Excluded, fmt.Sprintf("values are put together from names in more than %d places; the others are read as they are written", maxNameJoins), nil)
	}
	return true
}

// showName yields the view of one value: what stands around the place at which
// it is put together, with the value there. Its place is that of the literals.
func (w *walk) showName(n *node, p *program, j *namedJoin, cells *programs) bool {
	first := j.pieces[0]
	last := first.to
	for _, s := range j.pieces[1:] {
		if s.from >= last && s.to-first.from <= joinedAround {
			last = s.to
		}
	}
	outer, part := &n.layer, n.part
	if cells != nil {
		c := cells.cell(first.from)
		first.from, last = first.from-c.at, min(last-c.at, len(c.text))
		if last < first.from {
			return true
		}
		c.outer = &n.layer
		outer, part = &c.layer, c.part
	}
	b := w.builder()
	defer w.giveBack(b)
	b.made(first.from, last)
	b.text = append(b.text, p.text[max(0, j.from-joinedAround):j.from]...)
	b.text = append(b.text, j.lead...)
	if !j.quoted {
		b.text = append(b.text, '"')
	}
	from := len(b.text)
	for _, s := range j.pieces {
		b.text = append(b.text, p.text[s.from:s.to]...)
	}
	to := len(b.text)
	if !j.quoted {
		b.text = append(b.text, '"')
	}
	b.text = append(b.text, p.text[j.to:min(len(p.text), j.to+joinedAround)]...)
	child := &node{
		layer: layer{text: b.text, spans: b.spans, outer: outer},
		base:  n.base, member: n.member, part: part, nesting: n.nesting, depth: n.depth + 1,
	}
	child.way = append(append(make([]string, 0, len(n.way)+1), n.way...), Named)
	child.focus = stretch{from, to}
	return w.show(child)
}
