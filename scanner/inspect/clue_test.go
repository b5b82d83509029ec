package inspect

import (
	"bytes"
	"testing"

	"github.com/qleaks/qleaks/rules"
)

// A file of one long row, changed in thousands of places, must not cost the
// row's length for every change.
func TestARunIsLookedAtOnceHoweverManyStretchesItIsIn(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	long := bytes.Repeat([]byte("0a1b2c3d"), 1000)
	x := &Inspector{Rules: set}
	s := x.seeker(append(long, " word"...), nil)
	s.seek(100, 200)
	if s.looked != len(long) {
		t.Errorf("looked as far as %d, the row ends at %d", s.looked, len(long))
	}
	s.seek(len(s.content)-2, len(s.content))
	if s.looked != len(s.content) {
		t.Errorf("looked as far as %d of %d", s.looked, len(s.content))
	}
}

func TestJointsAreSoughtNoFurtherThanCluesAreRemembered(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte(`a\x62C\x64`), 4*maxClues)
	s := (&Inspector{Rules: set}).seeker(text, nil)
	asked := 0
	found := s.joiner.Found
	s.joiner.Found = func(start, end int) bool { asked++; return found(start, end) }
	s.seek(0, len(text))
	if !s.full || asked != maxClues+1 {
		t.Errorf("%d joints were told, full: %v", asked, s.full)
	}
}
