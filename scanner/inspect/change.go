package inspect

import (
	"slices"
	"sync/atomic"

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
	// pieces are those of text that is no notebook.
	pieces decode.Pieces
	names  decode.NameClues
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
	if x.Imported != nil {
		known.quiet = false
		return x.InspectAll(content, "", Position{})
	}
	s := x.seeker(content, known.clues[:0])
	if known.pieces.Reset(); s.sort == decode.Text {
		s.pieces = &known.pieces
	}
	defer func() { known.sort, known.size, known.clues, known.names = s.sort, len(content), s.clues, s.names }()
	result, cells, quick := s.skim()
	if quick && s.quiet(parts, base, cells) {
		known.quiet = true
		return result
	}
	result = x.quickly(content, "", Position{})
	// Then the clues were sought, and are no keys after all.
	known.quiet = quick && !s.full && len(result.Records) == 0 && len(result.Notes) == 0
	return result
}

// quiet tells whether the content holds no key, and settles its clues.
func (s *seeker) quiet(parts []Part, base *Known, cells [][2]int) bool {
	if base != nil && base.quiet && base.sort == s.sort {
		s.inherit(parts, base, cells)
		windows := s.changed(parts, base.size)
		for _, w := range windows {
			if s.pieces != nil {
				s.pieces.Drop(w.Start, w.End)
			}
		}
		for _, w := range windows {
			s.seek(w.Start, w.End)
			s.seekLeads(w.Start, w.End)
		}
		s.rename(windows, base.names)
		s.zones(cells)
		for i := range s.clues {
			c := &s.clues[i]
			c.settled = c.settled || c.cell.End != outside && s.taken(c, parts, base.size)
		}
	} else {
		s.seek(0, len(s.content))
		s.zones(cells)
		s.name()
	}
	s.full = s.full || s.names.Joined
	return !s.full && s.settle(cells)
}

// rename finds the clues of names, which were those of the base.
func (s *seeker) rename(windows []rules.Span, base decode.NameClues) {
	s.names = base
	if s.pieces == nil {
		if !base.SameSources(s.content, s.sources) {
			s.name()
		}
		return
	}
	s.pieces.Sort()
	for _, w := range windows {
		if s.names.Change(s.content, w.Start, w.End, s.pieces) {
			s.name()
			return
		}
	}
}

// name finds the clues of names. In what was decoded no view puts them
// together.
func (s *seeker) name() {
	switch {
	case s.sort == decode.Notebook:
		s.names = decode.NotebookNameClues(s.content, s.sources)
	case s.pieces != nil:
		s.names = decode.NameCluesOf(s.content, s.pieces)
	}
}

// quiet tells whether content of a path holds no key, if a quick look can.
func (x *Inspector) quiet(content []byte, path string) (Result, bool) {
	if isNotebookPath(path) {
		return Result{}, false // what is no notebook is noted
	}
	s := x.seeker(content, nil)
	if s.sort == decode.Text {
		s.pieces = new(decode.Pieces)
	}
	result, cells, quick := s.skim()
	return result, quick && s.quiet(nil, nil, cells)
}

// skim counts what a notebook has besides text. It returns false for content
// of which clues tell nothing.
func (s *seeker) skim() (result Result, cells [][2]int, quick bool) {
	switch s.sort {
	case decode.Text:
		return result, nil, true
	case decode.Notebook:
		cells, s.sources, result.Images, quick = decode.Cells(s.content)
		return result, cells, quick
	default:
		return result, nil, false
	}
}

// inherit takes over the clues of the base that stand in the parts. Those whose
// zone is the base's are settled.
func (s *seeker) inherit(parts []Part, base *Known, cells [][2]int) {
	at := 0
	for i, p := range parts {
		begin, size := at, int(p.Len)
		at += size
		if p.From == New {
			continue
		}
		if s.pieces != nil {
			s.pieces.Take(&base.pieces, int(p.From), int(p.From)+size, begin)
		}
		if len(base.clues) == 0 {
			continue
		}
		from, to := int(p.From), int(p.From)+size
		whole := rules.Span{Start: from, End: to}
		if i == 0 && from == 0 {
			whole.Start--
		}
		if i == len(parts)-1 && to == base.size {
			whole.End++
		}
		for _, c := range base.clues {
			if c.start >= to {
				break
			}
			if c.end <= from {
				continue
			}
			if s.full = s.full || len(s.clues) >= maxClues; s.full {
				return
			}
			intact := c.zone.Start >= whole.Start && c.zone.End <= whole.End
			// What is left of a clue that is cut is looked at again.
			c.start, c.end = max(c.start, from), min(c.end, to)
			c.far = max(c.far, c.end)
			c = c.moved(begin-from, len(s.content), base.size)
			c.settled = intact && (s.sort != decode.Notebook || c.inCell(cells))
			s.clues = append(s.clues, c)
		}
	}
}

// moved is the clue as it stands in other content.
func (c clue) moved(by, size, baseSize int) clue {
	atEnd := c.zone.End > baseSize
	for _, offset := range []*int{&c.start, &c.end, &c.far, &c.zone.End} {
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
	if c.cell.End == outside {
		return false // that is all that the notebook has beside cells
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
		spans = append(spans, rules.Span{Start: from, End: min(end+seam, len(s.content))})
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

// settle inspects the zones of the clues that are not settled, those that
// overlap as one. It returns false if one of them holds a key, or may: then all
// of the content is to be inspected.
func (s *seeker) settle(cells [][2]int) bool {
	var zone, cell rules.Span
	beside := false
	for i := range s.clues {
		c := &s.clues[i]
		if c.settled {
			continue
		}
		c.settled = true
		switch {
		case s.sort != decode.Notebook || c.cell == cell:
		case c.cell.End == outside:
			beside = true
		default:
			if cell = c.cell; !s.emptyCell(cell) {
				return false
			}
		}
		from, to := max(0, c.zone.Start), min(c.zone.End, len(s.content))
		if from > zone.End {
			if !s.emptyZone(zone) {
				return false
			}
			zone = rules.Span{Start: from, End: to}
		}
		zone.Start, zone.End = min(zone.Start, from), max(zone.End, to)
	}
	return s.emptyZone(zone) && (!beside || s.emptyBeside(cells))
}

// emptyZone reports whether a zone holds no key; of a notebook, as mere bytes.
func (s *seeker) emptyZone(zone rules.Span) bool {
	if zone.Start >= zone.End {
		return true
	}
	text := s.content[zone.Start:zone.End]
	if s.sort == decode.Notebook {
		return len(s.Rules.Match(text, nil)) == 0
	}
	return decode.SortOf(text) == decode.Text && s.empty(text)
}

// emptyCell reports whether a notebook's cell by itself holds no key.
func (s *seeker) emptyCell(cell rules.Span) bool {
	return s.empty(slices.Concat([]byte(`{"nbformat":4,"cells":[`), s.content[cell.Start:cell.End], []byte(`]}`)))
}

// emptyBeside reports whether what a notebook has beside its cells holds no
// key.
func (s *seeker) emptyBeside(cells [][2]int) bool {
	var rest []byte
	at := 0
	for _, cell := range cells {
		rest = append(rest, s.content[at:cell[0]]...)
		rest = append(rest, "{}"...)
		at = cell[1]
	}
	rest = append(rest, s.content[at:]...)
	return decode.SortOf(rest) == decode.Notebook && s.empty(rest)
}

// empty reports whether a zone holds no key that stands in it. What names put
// together has no zone.
func (s *seeker) empty(zone []byte) bool {
	var hash uint64
	var known *atomic.Uint64
	if s.Zones != nil {
		if hash, known = s.Zones.place(zone); hash == known.Load() {
			return true
		}
	}
	options := s.Decode
	options.Fragment = true
	result := s.look(zone, "", Position{}, options)
	empty := len(result.Records) == 0 && len(result.Notes) == 0
	if empty && known != nil {
		known.Store(hash)
	}
	return empty
}
