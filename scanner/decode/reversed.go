package decode

import (
	"bytes"
	"slices"

	"github.com/qleaks/qleaks/internal/expression"
)

// reversedAround is how far beside a literal stands what turns it round, in
// bytes.
const reversedAround = 64

var (
	// turnsBefore stands before a literal and turns it round, turnsAfter behind
	// it.
	turnsBefore = expression.Lazy(`(?is)(?:["']{2}\.join\(\s{0,8})?\b(?:reversed?|strrev|array_reverse|stri_reverse|strreverse)\s{0,4}\(\s{0,8}[a-z]?\z`)
	turnsAfter  = expression.Lazy(`(?is)\A(?:\[\s{0,2}:\s{0,2}:\s{0,2}-1\s{0,2}\]|(?:\.split\(\s{0,2}["'` + "`" + `]{2}\s{0,2}\)|\.chars\(\))?\s{0,40}\.(?:reversed?|rev)\b(?:\(\s{0,2}\))?(?:\s{0,40}\.(?:join\(\s{0,2}["'` + "`" + `]{2}\s{0,2}\)|collect[\w:<>]{0,16}\(\)))?)`)
)

// Turned reports whether the run text[start:end] may be a literal that the
// program turns round, in whatever encoding, and which stretch says so.
func Turned(text []byte, start, end int) (from, to int, ok bool) {
	if end-start < minRun {
		return 0, 0, false
	}
	from, to = max(0, start-reversedAround), min(len(text), end+2*reversedAround)
	if start == 0 || end == len(text) || isBlank(text[end]) || text[end] == ',' {
		return 0, 0, false
	}
	behind, before := text[end:to], text[from:start]
	ok = bytes.Contains(behind[:min(len(behind), 24)], []byte("-1]")) || bytes.Contains(behind, []byte(".rev")) ||
		bytes.Contains(before, []byte("reverse")) || bytes.Contains(before, []byte("strrev"))
	return from, to, ok
}

// reversed yields a view of each literal that is turned round, the right way
// round.
func (w *walk) reversed(n *node, runs runList) bool {
	for _, run := range runs {
		if _, _, ok := Turned(n.text, run.from, run.to); !ok || run.from == 0 || run.to == len(n.text) {
			continue
		}
		if quote := n.text[run.to]; !isQuoteByte(quote) || n.text[run.from-1] != quote {
			continue
		}
		from, to := run.from-1, run.to+1
		before := n.text[max(0, from-reversedAround):from]
		if at := turnsAfter().FindIndex(n.text[to:min(len(n.text), to+2*reversedAround)]); at != nil {
			to += at[1]
		} else if at := turnsBefore().FindIndex(before); at != nil {
			from += at[0] - len(before)
		} else {
			continue
		}
		if !w.showReversed(n, run, from, to) {
			return false
		}
	}
	return true
}

// showReversed yields the view in which a literal stands the right way round
// where n.text[from:to] stood.
func (w *walk) showReversed(n *node, run stretch, from, to int) bool {
	if !w.inTime() {
		return false
	}
	b := w.builder()
	defer w.giveBack(b)
	b.copy(n.text, max(0, from-joinedAround), from)
	b.copy(n.text, run.from-1, run.from)
	focus := stretch{from: len(b.text)}
	b.made(run.from, run.to)
	b.text = append(b.text, n.text[run.from:run.to]...)
	slices.Reverse(b.text[focus.from:])
	focus.to = len(b.text)
	b.copy(n.text, run.to, run.to+1)
	b.copy(n.text, to, min(len(n.text), to+joinedAround))
	child := n.inner(b.text, b.spans, Backwards)
	child.focus = focus
	return w.show(child)
}

// Backwards is what a view's way says of text that was turned round.
const Backwards = "reversed"
