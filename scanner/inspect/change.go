package inspect

import (
	"slices"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
)

// Part is a part of content that was made from a base: Len bytes that stand at
// From in the base too, or, where From is New, that are new.
type Part struct{ From, Len uint32 }

// New stands for a place in the base where a part is not taken from it.
const New = ^uint32(0)

// Known is what an inspection learned of content, for what is made from it. It
// holds no material. The zero value knows nothing.
type Known struct {
	// quiet says that the content holds no key and that there is nothing to
	// note: then only what is new or changed can hold one.
	quiet bool
	sort  decode.Sort
	size  int
	clues []clue
}

// InspectChange is Inspect for content that was made from a base: parts tell
// how, and base what is known of the base; nil if nothing is. What is learned
// of the content is left in known, which must not be base.
//
// The result is that of Inspect. Content is inspected as a whole where it may
// have more than its quiet base; else nothing but the neighbourhood of what
// changed is looked at. The proof: every key of any view has a clue, and
// whether a clue is a key depends on its zone alone. A clue whose zone is the
// base's is none, since the base has no key.
func (x *Inspector) InspectChange(content []byte, parts []Part, base, known *Known) Result {
	s := seeker{Inspector: x, content: content, sort: decode.SortOf(content), clues: known.clues[:0]}
	defer func() { known.sort, known.size, known.clues = s.sort, len(content), s.clues }()
	result, cells, quick := s.skim()
	switch {
	case !quick:
		result = x.inspect(content, "", Position{})
		known.quiet = false
		return result
	case base != nil && base.quiet && base.sort == s.sort && s.unchanged(parts, base, cells):
		known.quiet = true
		return result
	}
	s.clues = s.clues[:0]
	s.full = false
	s.seek(0, len(content))
	if len(s.clues) > 0 {
		result = x.inspect(content, "", Position{})
	}
	s.zones(cells)
	known.quiet = !s.full && len(result.Records) == 0 && len(result.Notes) == 0
	return result
}

// quiet tells whether content of a path holds no key, if a quick look can.
func (x *Inspector) quiet(content []byte, path string) (Result, bool) {
	if isNotebookPath(path) {
		return Result{}, false // what is no notebook is noted
	}
	s := seeker{Inspector: x, content: content, sort: decode.SortOf(content)}
	result, _, quick := s.skim()
	if !quick {
		return Result{}, false
	}
	s.seek(0, len(content))
	return result, len(s.clues) == 0
}

// skim counts what a notebook has besides text. It returns false for content
// of which clues tell nothing.
func (s *seeker) skim() (result Result, cells [][2]int, quick bool) {
	switch s.sort {
	case decode.Text:
		return result, nil, true
	case decode.Notebook:
		cells, result.Images, quick = decode.Cells(s.content)
		return result, cells, quick
	default:
		return result, nil, false
	}
}

// unchanged reports whether every clue of the content, which is made from a
// quiet base, is one of the base with the same zone.
func (s *seeker) unchanged(parts []Part, base *Known, cells [][2]int) bool {
	if !s.inherit(parts, base, cells) {
		return false
	}
	inherited := len(s.clues)
	for _, w := range s.changed(parts, base.size) {
		s.seek(w.Start, w.End)
	}
	if s.full {
		return false
	}
	if len(s.clues) == inherited {
		return true
	}
	s.zones(cells)
	for i := range s.clues {
		if !s.taken(&s.clues[i], parts, base.size) {
			return false
		}
	}
	return true
}

// inherit takes over the clues of the base that stand in the parts. It returns
// false if the zone of one of them is broken.
func (s *seeker) inherit(parts []Part, base *Known, cells [][2]int) bool {
	if len(base.clues) == 0 {
		return true
	}
	at := 0
	for i, p := range parts {
		begin, size := at, int(p.Len)
		at += size
		if p.From == New {
			continue
		}
		from, to := int(p.From), int(p.From)+size
		if i == 0 && from == 0 {
			from--
		}
		if i == len(parts)-1 && to == base.size {
			to++
		}
		for _, c := range base.clues {
			if c.end < from || c.start > to {
				continue
			}
			if c.zone.Start < from || c.zone.End > to || len(s.clues) >= maxClues {
				return false
			}
			moved := c.moved(begin-int(p.From), len(s.content), base.size)
			if s.sort == decode.Notebook && !moved.inCell(cells) {
				return false
			}
			s.clues = append(s.clues, moved)
		}
	}
	return true
}

// moved is the clue as it stands in other content.
func (c clue) moved(by, size, baseSize int) clue {
	atEnd := c.zone.End > baseSize
	for _, offset := range []*int{&c.start, &c.end, &c.zone.End} {
		*offset += by
	}
	if c.zone.Start >= 0 {
		c.zone.Start += by
	}
	if atEnd {
		c.zone.End = size + 1
	}
	if c.cell.End > 0 {
		c.cell.Start += by
		c.cell.End += by
	}
	return c
}

// inCell reports whether the clue's cell is one of these.
func (c clue) inCell(cells [][2]int) bool {
	if c.cell.End == 0 {
		return true // its zone is all of the notebook
	}
	n, _ := slices.BinarySearchFunc(cells, c.cell.Start, func(cell [2]int, at int) int { return cell[0] - at })
	return n < len(cells) && cells[n] == [2]int{c.cell.Start, c.cell.End}
}

// taken reports whether a clue's zone lies within one part of the base.
func (s *seeker) taken(c *clue, parts []Part, baseSize int) bool {
	at := 0
	for i, p := range parts {
		from, to := at, at+int(p.Len)
		at = to
		if p.From == New {
			continue
		}
		if i == 0 && p.From == 0 {
			from--
		}
		if i == len(parts)-1 && int(p.From)+int(p.Len) == baseSize {
			to++
		}
		if from <= c.zone.Start && c.zone.End <= to {
			return true
		}
	}
	return false
}

// changed returns the stretches in which the content may have other clues than
// the base: what is new, and the seams.
func (s *seeker) changed(parts []Part, baseSize int) []rules.Span {
	var spans []rules.Span
	add := func(start, end int) {
		from := max(0, start-seam)
		if n := len(spans); n > 0 && from <= spans[n-1].End {
			from = spans[n-1].Start
			spans = spans[:n-1]
		}
		to := max(end+seam, decode.After(s.content, s.sort, end, rules.LeadBefore+rules.ValueRun))
		spans = append(spans, rules.Span{Start: from, End: min(to, len(s.content))})
	}
	at := 0
	for i, p := range parts {
		end := at + int(p.Len)
		switch {
		case p.From == New:
			add(at, end)
		case i > 0 || p.From > 0:
			add(at, at)
		}
		at = end
	}
	if n := len(parts); n == 0 || parts[n-1].From == New || int(parts[n-1].From)+int(parts[n-1].Len) != baseSize {
		add(at, at)
	}
	return spans
}
