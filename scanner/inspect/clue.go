package inspect

import (
	"cmp"
	"slices"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
)

const (
	// maxClues is how many clues are remembered of one piece of content.
	maxClues = 1000
	// maxJoined is how many bytes of joints are looked at by clues.
	maxJoined = 256 << 10
	// seam is how far from a changed place a clue may stand that the change
	// makes or breaks: the lines of base64 are found by their neighbours.
	seam = 96
	// slack is added to the reach of evidence: a keyword's first letters.
	slack = 64
	// outside stands for both ends of the cell of what is in none.
	outside = -1
)

// clue is a stretch of content without which no view of it shows a key there:
// a token without regard to its evidence, or a place where a decoding could
// make one.
type clue struct {
	start, end int
	// far is how far the pattern behind a keyword may read, for others the end.
	far int
	// zone is the stretch that decides whether the clue is a key: as far as
	// evidence reaches. It begins at -1 if it has the begin of the content in
	// it, and ends one behind the content if it has the end in it.
	zone rules.Span
	// cell is the notebook's cell that the clue stands in, or outside; empty in
	// other text.
	cell rules.Span
	// settled says that the clue is known to be no key.
	settled bool
}

// seeker looks for the clues of one piece of content.
type seeker struct {
	*Inspector
	content []byte
	sort    decode.Sort
	clues   []clue
	joiner  decode.Joiner
	inside  inside
	// looked is how far runs were looked at.
	looked int
	// full is true when there are more clues than are remembered, or when clues
	// tell nothing.
	full bool
	// joined counts the bytes of joints.
	joined int
	naming
	rows
	leading
}

// naming is what is known of values that names put together, and where the
// sources of a notebook's cells stand, which decide that.
type naming struct {
	names   decode.NameClues
	sources [][2]int
	// pieces are the literals that may be parts of values, nil if names are not
	// looked at.
	pieces *decode.Pieces
}

// rows are those of base64 that were looked at last: row for what it hides,
// value64 for being a value.
type rows struct{ row, value64 rules.Span }

// leading are the keywords in content[sought.Start:sought.End], and how far
// their patterns may reach.
type leading struct {
	sought rules.Span
	leads  []rules.Span
}

// inside looks at decoded text.
type inside struct {
	decode.Hider
	joiner decode.Joiner
	// found is set where the text has a clue of its own.
	found bool
}

// seeker makes a seeker for content.
func (x *Inspector) seeker(content []byte, clues []clue) *seeker {
	s := &seeker{Inspector: x, content: content, sort: decode.SortOf(content), clues: clues}
	s.joiner = decode.Joiner{Text: content, Sort: s.sort, Leads: x.Rules.Led, Found: s.joint}
	s.inside.Hider = decode.Hider{Text: content, Sort: s.sort, Promising: s.promising}
	return s
}

// seek finds the clues that touch content[from:to]; stretches are asked for in
// their order.
func (s *seeker) seek(from, to int) {
	s.joiner.Find(from, to)
	// A run is looked at once, however many stretches it has a part in: there
	// may be thousands in a long one.
	shortest := decode.PieceRun
	if s.pieces == nil {
		shortest = rules.ValueRun
	}
	s.looked = decode.Runs(s.content, max(from, s.looked), to, shortest, s.run)
}

// keywords returns, in order, the keywords that may have the run for their
// value, and others; runs are asked for in their order.
func (s *seeker) keywords(start, end int) []rules.Span {
	from := s.sought.End
	if begin := max(0, start-rules.LeadBefore); begin > from || start < s.sought.Start || from == 0 {
		// What is encoded between them brings them nearer to each other.
		from = max(0, decode.Before(s.content, s.sort, start, rules.LeadBefore))
		s.sought.Start, s.leads = from, s.leads[:0]
	}
	if from < end {
		s.leads = s.Rules.Leads(s.content, from, end, s.leads)
		s.sought.End = end
	}
	return s.leads
}

func (s *seeker) add(start, end int) { s.addFar(start, end, end) }

// joint adds a joint, until there are too many clues, or so much to put
// together that not all of it is looked at.
func (s *seeker) joint(start, end int) (more bool) {
	s.add(start, end)
	s.joined += end - start
	s.full = s.full || s.joined > maxJoined
	return !s.full
}

// addLead adds a keyword. What its pattern may read belongs to its zone.
func (s *seeker) addLead(l rules.Span) { s.addFar(l.Start, l.Start+1, l.End) }

func (s *seeker) addFar(start, end, far int) {
	if n := len(s.clues); n > 0 && s.clues[n-1].start <= start && end <= s.clues[n-1].end && far <= s.clues[n-1].far {
		return
	}
	if len(s.clues) >= maxClues {
		s.full = true
		return
	}
	s.clues = append(s.clues, clue{start: start, end: end, far: far})
}

// run looks at a run of key characters: as a token, as something encoded, and
// as the value behind a keyword.
func (s *seeker) run(start, end int) {
	if s.full {
		return
	}
	if s.pieces != nil {
		s.pieces.Add(s.content, start, end)
	}
	if end-start < rules.ValueRun {
		return
	}
	if from, to, ok := decode.Turned(s.content, start, end); ok {
		s.add(from, to)
	}
	if from, to, ok := decode.Counted(s.content, start, end); ok {
		s.add(from-1, to)
	}
	trimmed := decode.Trimmed(s.content, start, end)
	if s.Rules.Clue(s.content, start, end) || trimmed > start && s.Rules.Clue(s.content, trimmed, end) {
		s.add(start, end)
	}
	if start >= s.row.End || end <= s.row.Start {
		s.row.Start, s.row.End = decode.Row(s.content, start, end)
		var hides bool
		if s.row.Start, s.row.End, hides = s.inside.Hides(s.row.Start, s.row.End); hides {
			s.add(s.row.Start, s.row.End)
		}
	}
	if s.Rules.Valued(s.content, start, end) || trimmed > start && s.Rules.Valued(s.content, trimmed, end) {
		s.value(start, end)
	}
}

// value looks at a run as a value, or as a part of one with + and /, which
// begins where the row does: then what is said before the row matters, and for
// the other runs of the row what they say themselves.
func (s *seeker) value(start, end int) {
	if start < s.value64.End && start > s.value64.Start {
		if s.Rules.Led(s.content[start:end]) {
			s.add(start, end)
		}
		return
	}
	s.value64.Start, s.value64.End = decode.Row(s.content, start, end)
	s.led(s.value64.Start, end)
}

// promising reports whether decoded text has a clue of its own.
func (s *seeker) promising(decoded []byte) bool {
	if s.Rules.Led(decoded) {
		return true
	}
	in := &s.inside
	if in.joiner.Found == nil {
		in.joiner = decode.Joiner{Leads: s.Rules.Led, Found: func(int, int) bool {
			in.found = true
			return false
		}}
	}
	in.found = false
	in.joiner.Reset(decoded)
	in.joiner.Find(0, len(decoded))
	if !in.found {
		decode.Runs(decoded, 0, len(decoded), rules.ValueRun, func(int, int) { in.found = true })
	}
	return in.found
}

// seekLeads adds the keywords in content[from:to] that may have a value behind
// the stretch; seek finds those with a value in it.
func (s *seeker) seekLeads(from, to int) {
	var room [8]rules.Span
	for _, l := range s.Rules.Leads(s.content, from, to, room[:0]) {
		reach := min(decode.After(s.content, s.sort, l.Start, rules.LeadBefore), len(s.content))
		if reach <= to {
			continue
		}
		decode.Runs(s.content, to, reach, rules.ValueRun, func(start, end int) {
			if s.Rules.Valued(s.content, start, end) {
				s.addLead(l)
			}
		})
	}
}

// led adds the keywords for which the run may be the value.
func (s *seeker) led(start, end int) {
	leads := s.keywords(start, end)
	n, _ := slices.BinarySearchFunc(leads, end, func(l rules.Span, at int) int { return cmp.Compare(l.Start, at) })
	from := start - rules.LeadBefore
	for n--; n >= 0; n-- {
		if leads[n].Start < from {
			// What is encoded between them brings them nearer to each other.
			if from = decode.Before(s.content, s.sort, start, rules.LeadBefore); leads[n].Start < from {
				return
			}
		}
		s.addLead(leads[n])
	}
}

// zones computes the zones of the clues that have none, in a notebook with
// these cells, and drops repeats.
func (s *seeker) zones(cells [][2]int) {
	slices.SortStableFunc(s.clues, func(a, b clue) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(b.far, a.far))
	})
	s.clues = slices.CompactFunc(s.clues, func(a, b clue) bool { return a.start == b.start && a.end == b.end })
	s.zoneStarts()
	s.zoneEnds()
	if s.sort != decode.Notebook {
		return
	}
	for i := range s.clues {
		if c := &s.clues[i]; !c.settled {
			s.cellZone(c, cells)
		}
	}
}

const (
	// shared is how far from each other clues may stand to have one zone's
	// begin or end, in bytes.
	shared = 2 << 10
	// widest is how far from its clue a zone may end for that.
	widest = 32 << 10
)

func (s *seeker) zoneStarts() {
	reach := s.Rules.Reach() + slack
	var last *clue
	for i := range s.clues {
		c := &s.clues[i]
		switch {
		case c.settled:
			continue
		case last != nil && c.start-last.start < shared && c.start-last.zone.Start < widest:
			c.zone.Start = last.zone.Start
		default:
			c.zone.Start = decode.Before(s.content, s.sort, c.start, reach)
		}
		last = c
	}
}

func (s *seeker) zoneEnds() {
	reach := s.Rules.Reach() + slack
	var next *clue
	for i := range slices.Backward(s.clues) {
		c := &s.clues[i]
		far := min(c.far, len(s.content))
		switch {
		case c.settled:
			continue
		case next != nil && next.far >= far && next.far-far < shared && next.zone.End-far < widest:
			c.zone.End = next.zone.End
		default:
			c.zone.End = decode.After(s.content, s.sort, far, reach)
		}
		next = c
	}
}

// cellZone widens a clue's zone to its cell.
func (s *seeker) cellZone(c *clue, cells [][2]int) {
	n, _ := slices.BinarySearchFunc(cells, c.start, func(cell [2]int, at int) int { return cell[0] - at - 1 })
	if n == 0 || cells[n-1][1] < c.end {
		c.cell = rules.Span{Start: outside, End: outside}
		return
	}
	c.cell = rules.Span{Start: cells[n-1][0], End: cells[n-1][1]}
	c.zone.Start = min(c.zone.Start, c.cell.Start)
	c.zone.End = max(c.zone.End, c.cell.End)
}
