package rules

import (
	"bytes"
	"math/bits"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Mentions says which of a set's file words a text holds.
type Mentions []uint64

func (m Mentions) has(i int) bool { return i/64 < len(m) && m[i/64]>>(i%64)&1 != 0 }

// Or adds what another text of the same file mentions.
func (m Mentions) Or(other Mentions) Mentions {
	out := make(Mentions, max(len(m), len(other)))
	copy(out, m)
	for i, w := range other {
		out[i] |= w
	}
	return out
}

// Mentions finds the set's file words in a text, without regard to case. It
// reads the text once per word, so it is called only where a match asks.
func (s *Set) Mentions(text []byte) Mentions {
	out := make(Mentions, (len(s.words)+63)/64)
	lower := bytes.ToLower(text)
	for i, w := range s.words {
		if bytes.Contains(lower, []byte(w)) {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

// AsksFile reports whether Judge needs the file's mentions for this match.
func (m Match) AsksFile() bool {
	for rest := m.local; rest != 0; rest &= rest - 1 {
		if len(m.by.evidence[bits.TrailingZeros64(rest)].file) > 0 {
			return true
		}
	}
	return false
}

// Verdict is what a rule concludes.
type Verdict struct {
	Confidence Confidence
	// Evidence is the name of the best evidence.
	Evidence string
}

// Place is where a match stands, as far as evidence asks.
type Place struct {
	// Path is that of the file, or of the archive's member.
	Path string
	// Part is that of a notebook, "" outside of one.
	Part string
}

// Judge adds what the file and its path say, and returns the best evidence
// that holds in full; false means that none does.
func (s *Set) Judge(m Match, mentions Mentions, at Place) (Verdict, bool) {
	var best Verdict
	lower := strings.ToLower(at.Path)
	for rest := m.local; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		e := &m.by.evidence[i]
		if e.confidence > best.Confidence && e.mentioned(mentions) && e.inPath(lower) && e.inPart(at.Part) {
			best = Verdict{Confidence: e.confidence, Evidence: m.Rule.Evidence[i].Name}
		}
	}
	return best, best.Confidence > None
}

// Told returns the names of all evidence that holds in full, in the order of
// the rule: what Judge chooses from.
func (s *Set) Told(m Match, mentions Mentions, at Place) []string {
	var names []string
	lower := strings.ToLower(at.Path)
	for rest := m.local; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		if e := &m.by.evidence[i]; e.mentioned(mentions) && e.inPath(lower) && e.inPart(at.Part) {
			names = append(names, m.Rule.Evidence[i].Name)
		}
	}
	return names
}

func (e *evidence) mentioned(mentions Mentions) bool {
	if slices.ContainsFunc(e.file, mentions.has) {
		return true
	}
	return len(e.file) == 0
}

func (e *evidence) inPart(part string) bool { return len(e.part) == 0 || slices.Contains(e.part, part) }

func (e *evidence) inPath(lower string) bool {
	for _, glob := range e.path {
		subject := lower
		if !strings.Contains(glob, "/") {
			subject = path.Base(lower)
		}
		// The glob was validated when the rule was compiled.
		if doublestar.MatchUnvalidated(glob, subject) {
			return true
		}
	}
	return len(e.path) == 0
}
