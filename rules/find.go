package rules

import (
	"bytes"
	"math/bits"
	"strings"

	"github.com/qleaks/qleaks/scanner/runs"
)

// Span is a stretch of bytes, end exclusive.
type Span struct{ Start, End int }

// eachRun calls found for every maximal run of token bytes that is at least n
// long and touches [from, to).
func eachRun(data []byte, from, to, n int, found func(start, end int)) {
	for start, end := runs.Next(data, from, n); start >= 0 && start < to; start, end = runs.Next(data, end, n) {
		found(start, end)
	}
}

// lead is a keyword that leads to the tokens of some rules.
type lead struct {
	keyword []byte
	// at is the offset of the keyword's rarest byte.
	at    int
	exact bool
	to    []*matcher
}

// leadGroup holds the leads that one search for a rare byte can find.
type leadGroup struct {
	rare  byte
	leads []lead
	// before and after have a bit for each lead (the last bit stands for all
	// further ones) by the bytes that may stand beside the rare one, and first
	// and last those of the keywords that begin or end with it. They spare the
	// comparison at nearly every stop.
	before, after [256]uint64
	first, last   uint64
}

// lastBit is the bit that stands for all further leads.
const lastBit = 63

// add adds a keyword whose rare byte is the group's.
func (g *leadGroup) add(l lead) {
	for i := range g.leads {
		if known := &g.leads[i]; bytes.Equal(known.keyword, l.keyword) {
			known.to = append(known.to, l.to...)
			return
		}
	}
	bit := uint64(1) << min(len(g.leads), lastBit)
	g.leads = append(g.leads, l)
	if l.at == 0 {
		g.first |= bit
	}
	if l.at == len(l.keyword)-1 {
		g.last |= bit
	}
	l.mark(&g.before, l.at-1, bit)
	l.mark(&g.after, l.at+1, bit)
}

// mark sets a bit for the bytes that may stand at an offset, which are all
// outside the keyword.
func (l *lead) mark(table *[256]uint64, at int, bit uint64) {
	if at < 0 || at == len(l.keyword) {
		for c := range table {
			table[c] |= bit
		}
		return
	}
	table[l.keyword[at]] |= bit
	if !l.exact {
		table[upper(l.keyword[at])] |= bit
	}
}

// beside returns the leads that the bytes around p do not rule out.
func (g *leadGroup) beside(data []byte, p int) uint64 {
	possible := g.first
	if p > 0 {
		possible = g.before[data[p-1]]
	}
	if possible == 0 {
		return 0
	}
	if p+1 == len(data) {
		return possible & g.last
	}
	return possible & g.after[data[p+1]]
}

// commonBytes lists bytes of source text from the most to the least common;
// bytes that are not in it are rarer than all of these. The last one is not the
// rarest: most keywords have it, and one search for all is cheaper than two.
const commonBytes = " etaoinsr_lcdu=pm-fh(.,)g0\"1y/b:2vw'4356789xk"

func newLead(keyword string, to *matcher) (lead, byte) {
	l := lead{to: []*matcher{to}, keyword: []byte(keyword)}
	// A keyword with an upper-case letter is meant exactly so.
	l.exact = !bytes.Equal(bytes.ToLower(l.keyword), l.keyword)
	best, rare := -1, byte(0)
	for i, c := range l.keyword {
		// Of two that are as rare, the last: it is seldom a prefix of many.
		rank := strings.IndexByte(commonBytes, c)
		if rank < 0 {
			rank = len(commonBytes)
		}
		if rank >= best {
			best, rare, l.at = rank, c, i
		}
	}
	return l, rare
}

// each calls found for every occurrence of a keyword of the group that begins
// in [from, to). The search looks for the rare byte in both cases.
func (g *leadGroup) each(data []byte, from, to int, found func(to *matcher, at int)) {
	variants := [2]byte{g.rare, upper(g.rare)}
	limit := min(len(data), to+maxKeyword)
	for i, c := range variants {
		if i == 1 && c == variants[0] {
			return
		}
		for p := from; p < limit; p++ {
			next := bytes.IndexByte(data[p:limit], c)
			if next < 0 {
				break
			}
			p += next
			possible := g.beside(data, p)
			if possible == 0 {
				continue
			}
			for k := bits.TrailingZeros64(possible); k < len(g.leads); k++ {
				l := &g.leads[k]
				at := p - l.at
				if possible>>min(k, lastBit)&1 != 0 && at >= from && at < to && l.matches(data, at) {
					for _, m := range l.to {
						found(m, at)
					}
				}
			}
		}
	}
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}

func (l *lead) matches(data []byte, at int) bool {
	end := at + len(l.keyword)
	if at < 0 || end > len(data) {
		return false
	}
	if l.exact {
		return bytes.Equal(data[at:end], l.keyword)
	}
	for i, c := range data[at:end] {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != l.keyword[i] {
			return false
		}
	}
	return true
}

// hasRun reports whether data holds a run of token bytes that is at least n
// long and has a digit or both cases: what every value behind a keyword has
// and most code behind it has not.
func hasRun(data []byte, n int) bool {
	run, digit, lower, upper := 0, false, false, false
	for _, c := range data {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= 'A' && c <= 'Z':
			upper = true
		case c == '_' || c == '-':
		default:
			run, digit, lower, upper = 0, false, false, false
			continue
		}
		run++
		if run >= n && (digit || lower && upper) {
			return true
		}
	}
	return false
}
