package inspect

import (
	"slices"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
)

const (
	// maxClues is how many clues are remembered of one piece of content.
	maxClues = 64
	// seam is how far from a changed place a clue may stand that the change
	// makes or breaks: the lines of base64 are found by their neighbours. What
	// a keyword leads to is sought further behind, by rules.LeadBefore.
	seam = 96
	// slack is added to the reach of evidence: a keyword's first letters.
	slack = 64
	// minClue is the shortest run that could be a token by itself or hide one.
	minClue = 20
)

// clue is a stretch of content without which no view of it shows a key there:
// a token without regard to its evidence, or a place where a decoding could
// make one.
type clue struct {
	start, end int
	// zone is the stretch that decides whether the clue is a key: as far as
	// evidence reaches. It begins at -1 if it has the begin of the content in
	// it, and ends one behind the content if it has the end in it.
	zone rules.Span
	// cell is the notebook's cell that the clue stands in, empty if none.
	cell rules.Span
}

// seeker looks for the clues of one piece of content.
type seeker struct {
	*Inspector
	content []byte
	sort    decode.Sort
	clues   []clue
	// full is true when there are more clues than are remembered.
	full bool
	// row is the last row of base64 that was looked at, led how far keywords
	// were looked for.
	row rules.Span
	led int
}

// seek finds the clues that touch content[from:to].
func (s *seeker) seek(from, to int) {
	decode.Joints(s.content, s.sort, from, to, s.add)
	s.led = 0
	decode.Runs(s.content, from, to, rules.ValueRun, s.run)
}

func (s *seeker) add(start, end int) {
	if n := len(s.clues); n > 0 && s.clues[n-1].start <= start && end <= s.clues[n-1].end {
		return
	}
	if len(s.clues) >= maxClues {
		s.full = true
		return
	}
	s.clues = append(s.clues, clue{start: start, end: end})
}

// run looks at a run of key characters: as a token, as something encoded, and
// as the value behind a keyword.
func (s *seeker) run(start, end int) {
	if s.full {
		return
	}
	trimmed := decode.Trimmed(s.content, start, end)
	if s.Rules.Clue(s.content, start, end) || trimmed > start && s.Rules.Clue(s.content, trimmed, end) {
		s.add(start, end)
	}
	if end-start >= minClue && (start >= s.row.End || end <= s.row.Start) {
		s.row.Start, s.row.End = decode.Row(s.content, start, end)
		if from, to, ok := decode.Hides(s.content, s.sort, s.row.Start, s.row.End); ok {
			s.add(from, to)
			s.row = rules.Span{Start: from, End: to}
		}
	}
	from := decode.Before(s.content, s.sort, start, rules.LeadBefore)
	loose := from != start-rules.LeadBefore
	if from = max(from, 0, s.led); from < end {
		s.led = end
		if start, end, ok := s.Rules.Lead(s.content, from, end, loose); ok {
			s.add(start, end)
		}
	}
}

// zones computes the zones of the clues, in a notebook with these cells, and
// drops repeats.
func (s *seeker) zones(cells [][2]int) {
	slices.SortFunc(s.clues, func(a, b clue) int { return a.start - b.start })
	reach := s.Rules.Reach() + slack
	for i := range s.clues {
		c := &s.clues[i]
		c.zone = rules.Span{
			Start: decode.Before(s.content, s.sort, c.start, reach),
			End:   decode.After(s.content, s.sort, c.end, reach),
		}
		if s.sort == decode.Notebook {
			s.cellZone(c, cells)
		}
	}
	s.clues = slices.Compact(s.clues)
}

// cellZone widens a clue's zone to its cell; a clue outside of cells has all of
// the notebook for its zone.
func (s *seeker) cellZone(c *clue, cells [][2]int) {
	n, _ := slices.BinarySearchFunc(cells, c.start, func(cell [2]int, at int) int { return cell[0] - at - 1 })
	if n == 0 || cells[n-1][1] < c.end {
		c.zone = rules.Span{Start: -1, End: len(s.content) + 1}
		return
	}
	c.cell = rules.Span{Start: cells[n-1][0], End: cells[n-1][1]}
	c.zone.Start = min(c.zone.Start, c.cell.Start)
	c.zone.End = max(c.zone.End, c.cell.End)
}
