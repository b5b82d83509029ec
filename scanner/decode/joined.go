package decode

import (
	"bytes"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// maxJoined is how long an expression that puts literals together may be,
	// in bytes.
	maxJoined = 4096
	// joinedAround is how much of the text around it a view of it shows: more
	// than any evidence may see.
	joinedAround = 1 << 10
	// callAround is how long what stands around the literals of a list may be,
	// in bytes, so that they are put together.
	callAround = 120
	// maxJoins is how many values one piece of content may put together, and
	// maxJoinBytes how much text their views may show.
	maxJoins     = 20_000
	maxJoinBytes = 64 << 20
)

// joinedRow is a row of literals in plain text that are put together.
type joinedRow struct {
	// pieces are the literals' texts, without quotes.
	pieces []stretch
	// quote is where the quote before the first one stands, -1 if something
	// else is before it.
	quote int
	// from and to are what is replaced.
	from, to int
	// listed says that a comma stands between two of them, chained that a call
	// puts them together.
	listed, chained bool
}

// literals yields a view of each expression that puts literals together, with the
// value in its place.
func (w *walk) literals(n *node, rows runList) bool {
	for _, row := range rows {
		for at := row.from; at < row.to && !w.joined.full(); {
			r, end := nextJoined(n.text, at, row.to)
			if end < 0 {
				break
			}
			at = end
			if r.pieces != nil && !w.showJoined(n, &r) {
				return false
			}
		}
	}
	return true
}

// joinCount counts the views of values that are put together, and what they
// show.
type joinCount struct{ views, bytes int }

// more counts one more view, and reports whether it may be made.
func (c *joinCount) more(size int) bool {
	c.views++
	c.bytes += size
	return !c.full()
}

func (c *joinCount) full() bool { return c.views > maxJoins || c.bytes > maxJoinBytes }

// nextJoined reads the expression that begins with the first gap in
// text[at:to], and returns where it ends, -1 if there is no further gap. It has
// no pieces if it is no value.
func nextJoined(text []byte, at, to int) (r joinedRow, end int) {
	for ; at < to; at++ {
		if c := text[at]; c != '"' && c != '\'' && c != '`' || at == 0 || !isPieceByte(text[at-1]) || endsLine(text, at-1) {
			continue
		}
		if next, kind := gapAt(text, at); next > 0 {
			r, end = readJoined(text, at, next, kind)
			return r, end
		}
	}
	return joinedRow{}, -1
}

// readJoined reads a row whose first literal ends at the quote at and whose
// second begins at next.
func readJoined(text []byte, at, next int, kind gapKind) (joinedRow, int) {
	from := at
	for from > 0 && isPieceByte(text[from-1]) && at-from < maxJoined {
		from--
	}
	r := joinedRow{pieces: []stretch{{from, at}}, from: from, quote: -1, listed: kind == listed, chained: kind == chained}
	if from > 0 && isQuoteByte(text[from-1]) {
		r.quote = from - 1
	}
	end, chars := at, at-from
	for next > 0 {
		end = next
		for end < len(text) && isPieceByte(text[end]) {
			end++
		}
		r.pieces = append(r.pieces, stretch{next, end})
		chars += end - next
		if end == len(text) || !isQuoteByte(text[end]) || end-from > maxJoined {
			break
		}
		next, kind = gapAt(text, end)
		r.chained = r.chained || kind == chained
		r.listed = r.listed || kind == listed && !r.chained
	}
	r.to = end
	if end-from > maxJoined || chars < minRun || !r.settle(text) {
		r.pieces = nil
	}
	return r, max(end, at+1)
}

var (
	// callBefore is what joins a list and stands before it.
	callBefore = expression.Lazy(`(?is)(?:(?:["'` + "`" + `]{2}|[\w.:]{1,24})\s{0,8}\.\s{0,40})?\b(?:join|concat|concatenate|strcat|paste0?|string|implode)!?\s{0,8}\(\s{0,40}(?:["'` + "`" + `]{2}\s{0,8},\s{0,40})?(?:(?:\[\]string|new\s?\w{0,12}\[\]|array|list|listOf|vec!|c|seq)?\s{0,8}[\[({]\s{0,40})?\z|-join\s{0,8}@?\(?\s{0,40}\z`)
	// buildBefore begins a chain of calls that each add a literal.
	buildBefore = expression.Lazy(`(?is)(?:new\s{1,8})?(?:[\w.]{1,24}\.)?string(?:builder|buffer)\s{0,4}\(\s{0,8}(?:\)\s{0,40}\.\s{0,8}append\s{0,4}\(\s{0,8})?\z`)
	// listBefore opens a list, and joinAfter closes and joins it.
	listBefore = expression.Lazy(`(?is)(?:(?:\b(?:array|list|listof|seq|vec!|string\[\])|@)\s{0,4})?[\[({]\s{0,40}\z`)
	joinAfter  = expression.Lazy(`(?is)\A\s{0,40},?\s{0,40}[\])}]{1,2}\s{0,40}(?:\.\s{0,8}(?:join|joined|jointostring|mkstring|concat|reduce)\b\s{0,8}(?:\(\s{0,8}(?:["'` + "`" + `]{2})?[^()]{0,8}\))?|-join\s{0,8}(?:["']{2})?)`)
)

// settle decides whether the row is put together, and what of the text around
// it belongs to the expression.
func (r *joinedRow) settle(text []byte) bool {
	value := make([]byte, 0, 256)
	for _, p := range r.pieces {
		value = append(value, text[p.from:p.to]...)
	}
	if !isRow(value) {
		return false
	}
	if r.quote < 0 {
		return !r.listed
	}
	open := r.quote
	for open > 0 && r.quote-open < 2 && text[open-1] == text[r.quote] {
		open--
	}
	before := text[max(0, open-callAround):open]
	after := text[r.to:min(len(text), r.to+callAround)]
	closing := 0
	for closing < len(after) && closing < 3 && isQuoteByte(after[closing]) {
		closing++
	}
	var called []int
	if joinsList(before) {
		called = callBefore().FindIndex(before)
	}
	if called != nil && called[0] > 0 && (before[called[0]-1] == '.' || isQuoteByte(before[called[0]-1])) {
		called = nil // joined by something
	}
	if !r.listed {
		if called == nil && bytes.IndexByte(before, '(') >= 0 {
			called = buildBefore().FindIndex(before)
		}
		if called != nil {
			r.from = open - len(before) + called[0]
		}
		return true
	}
	if called != nil {
		r.from = open - len(before) + called[0]
		return true
	}
	if !joinsList(after) {
		return false
	}
	opened, joins := listBefore().FindIndex(before), joinAfter().FindIndex(after[closing:])
	if opened == nil || joins == nil {
		return false
	}
	r.from, r.to = open-len(before)+opened[0], r.to+closing+joins[1]
	return true
}

// showJoined yields the view of a row: the text around it, and the value where
// the expression stood.
func (w *walk) showJoined(n *node, r *joinedRow) bool {
	if !w.inTime() {
		return false
	}
	if !w.joined.more(2*joinedAround + r.to - r.from) {
		return w.note(n.member, source.Unread, "more values are put together from parts than are looked at", nil)
	}
	b := w.builder()
	defer w.giveBack(b)
	b.copy(n.text, max(0, r.from-joinedAround), r.from)
	if r.quote >= 0 && r.from < r.pieces[0].from {
		b.copy(n.text, r.quote, r.quote+1)
	}
	from := len(b.text)
	for _, p := range r.pieces {
		b.copy(n.text, p.from, p.to)
	}
	to := len(b.text)
	if last := r.pieces[len(r.pieces)-1].to; r.to > last {
		b.copy(n.text, last, last+1)
	}
	b.copy(n.text, r.to, min(len(n.text), r.to+joinedAround))
	child := n.inner(b.text, b.spans, "joined")
	child.focus = stretch{from, to}
	return w.show(child)
}
