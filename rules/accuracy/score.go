package accuracy

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/qleaks/qleaks/internal/secret"
)

// Draws is how often each context is filled with new values. A key counts as
// found only if it is found every time, and what is reported in any of them
// counts as reported once.
const Draws = 3

// Tally counts keys and reports.
type Tally struct {
	// Keys is how many there are, Found how many of them were found.
	Keys, Found int
	// False is how many other values were reported.
	False int
}

// Recall is the share of keys that were found, with its interval.
func (t Tally) Recall() Share { return share(t.Found, t.Keys) }

// Precision is the share of reports that are keys, with its interval.
func (t Tally) Precision() Share { return share(t.Found, t.Found+t.False) }

func (t *Tally) add(other Tally) {
	t.Keys += other.Keys
	t.Found += other.Found
	t.False += other.False
}

// Share is a proportion and its 95 % interval by Wilson's method. Of nothing,
// all are NaN.
type Share struct {
	Of               int
	Value, Low, High float64
}

// at95 is the normal quantile of an interval that holds 95 %.
const at95 = 1.959964

func share(k, n int) Share {
	if n == 0 {
		return Share{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	p, size := float64(k)/float64(n), float64(n)
	z2 := at95 * at95
	middle := (p + z2/(2*size)) / (1 + z2/size)
	half := at95 / (1 + z2/size) * math.Sqrt(p*(1-p)/size+z2/(4*size*size))
	return Share{Of: n, Value: p, Low: max(0, middle-half), High: min(1, middle+half)}
}

// Lapse is a key that was missed, or a value that was reported and is none.
type Lapse struct {
	Context *Context
	// What is the kind of the missed key, or why something was reported.
	What string
}

// Score is what a scanner reached on a corpus.
type Score struct {
	All        Tally
	ByProvider map[string]Tally
	ByClass    map[string]Tally
	Missed     []Lapse
	False      []Lapse
}

// NewScore returns an empty score.
func NewScore() *Score {
	return &Score{ByProvider: map[string]Tally{}, ByClass: map[string]Tally{}}
}

// Add counts what was found in the draws of one context. A scanner that names
// no provider is asked for values only; of one that does, a key under another
// provider's name is both missed and a false report.
func (s *Score) Add(draws []File, found [][]Found) {
	c := draws[0].Context
	var tally Tally
	for i, key := range draws[0].Keys {
		tally.Keys++
		all := true
		for d, f := range draws {
			all = all && slices.ContainsFunc(found[d], func(r Found) bool { return is(r, f.Keys[i]) })
		}
		if all {
			tally.Found++
		} else {
			s.Missed = append(s.Missed, Lapse{c, key.Kind})
		}
	}
	why := ""
	for d, f := range draws {
		worst, n := "", 0
		for _, r := range found[d] {
			if !slices.ContainsFunc(f.Keys, func(k Key) bool { return is(r, k) }) {
				n++
				worst = r.Why
			}
		}
		if n > tally.False {
			tally.False, why = n, worst
		}
	}
	if tally.False > 0 {
		s.False = append(s.False, Lapse{c, fmt.Sprintf("%d by %s", tally.False, why)})
	}
	s.count(c, tally)
}

func is(r Found, k Key) bool {
	return (r.Provider == "" || r.Provider == k.Provider) && r.Value.Equal(secret.New([]byte(k.Value)))
}

func (s *Score) count(c *Context, tally Tally) {
	s.All.add(tally)
	for group, name := range map[*map[string]Tally]string{&s.ByProvider: c.Provider, &s.ByClass: c.Class} {
		t := (*group)[name]
		t.add(tally)
		(*group)[name] = t
	}
	byID := func(a, b Lapse) int { return cmp.Compare(a.Context.ID, b.Context.ID) }
	slices.SortStableFunc(s.Missed, byID)
	slices.SortStableFunc(s.False, byID)
}
