package gitleaks

import (
	"bytes"
	"sort"
)

// place is where a match is, in gitleaks' way of counting: lines from 0, and
// columns from 1 in the first line of a fragment but from 2 in the others.
type place struct {
	startLine, endLine, startColumn, endColumn int
	// from and to bound the lines of the match; from is the line end before.
	from, to int
}

// lines are the offsets of the line ends of a fragment.
type lines struct {
	text []byte
	ends []int
}

func newLines(text []byte) *lines {
	l := &lines{text: text}
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			break
		}
		l.ends = append(l.ends, at+n)
		at += n + 1
	}
	if len(l.ends) == 0 {
		l.ends = []int{len(text)}
	}
	return l
}

// before is the end of the line in front of a line, which its columns count
// from.
func (l *lines) before(line int) int {
	if line == 0 {
		return 0
	}
	return l.ends[line-1]
}

// place finds a match.
func (l *lines) place(at span) place {
	var p place
	start := sort.SearchInts(l.ends, at.start+1) // the first end behind the start
	if start < len(l.ends) {
		p = place{startLine: start, endLine: start, startColumn: at.start - l.before(start) + 1, from: l.before(start), to: l.ends[start]}
	}
	end := sort.SearchInts(l.ends, at.end)
	if end < len(l.ends) && l.before(end) < at.end {
		p.endLine, p.endColumn, p.to = end, at.end-l.before(end), l.ends[end]
	}
	if start == len(l.ends) {
		last := l.ends[len(l.ends)-1]
		p.startLine, p.endLine = len(l.ends), len(l.ends)
		p.startColumn, p.endColumn = at.start-last+1, at.end-last
		// (gitleaks takes all of the fragment for the line here, so that a mark
		// anywhere would hide what stands in the last line.)
		p.from, p.to = last, at.end
		for p.to < len(l.text) && l.text[p.to] != '\n' && l.text[p.to] != '\r' {
			p.to++
		}
	}
	p.to = max(p.to, at.end)
	return p
}
