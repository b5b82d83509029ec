package rules

import "bytes"

// Span is a stretch of bytes, end exclusive.
type Span struct{ Start, End int }

// eachRun calls found for every maximal run of token bytes that is at least
// step long and touches [from, to). It looks at every step-th byte only: a run
// that long cannot hide between two of them, and a byte that is no token byte
// rules out the step bytes before it.
func eachRun(data []byte, from, to, step int, found func(start, end int)) {
	for p := from; ; {
		if p >= len(data) || p >= to+step {
			return
		}
		if !isRunByte(data[p]) {
			p += step
			continue
		}
		start, end := p, p+1
		for start > 0 && isRunByte(data[start-1]) {
			start--
		}
		for end < len(data) && isRunByte(data[end]) {
			end++
		}
		if end-start >= step && start < to && end > from {
			found(start, end)
		}
		p = end + step
	}
}

// runBytes is the table behind isRunByte, one bit a byte.
const (
	runBytesLow  = 0x03ff200000000000 // '-' '0'-'9'
	runBytesHigh = 0x07fffffe87fffffe // 'A'-'Z' '_' 'a'-'z'
)

func isRunByte(c byte) bool {
	if c < 64 {
		return runBytesLow>>c&1 != 0
	}
	return c < 128 && runBytesHigh>>(c-64)&1 != 0
}

// lead is a keyword that leads to the tokens of a rule.
type lead struct {
	keyword []byte
	// rare is the keyword's rarest byte, at is its offset: the search looks
	// for that byte and compares the rest.
	rare  byte
	at    int
	exact bool
	to    *matcher
}

// commonBytes lists bytes of source text from the most to the least common;
// bytes that are not in it are rarer than all of these.
const commonBytes = " etaoinsr_lcdu=pm-fh(.,)g0\"1y/b:2vwk'4356789x"

func newLead(keyword string, to *matcher) lead {
	l := lead{to: to, keyword: []byte(keyword)}
	lower := bytes.ToLower(l.keyword)
	// A keyword with an upper-case letter is meant exactly so.
	l.exact = !bytes.Equal(lower, l.keyword)
	best := -1
	for i, c := range l.keyword {
		rank := bytes.IndexByte([]byte(commonBytes), c)
		if rank < 0 {
			rank = len(commonBytes)
		}
		if rank > best {
			best, l.rare, l.at = rank, c, i
		}
	}
	return l
}

// each calls found with the offset of every occurrence of the keyword that
// begins in [from, to).
func (l lead) each(data []byte, from, to int, found func(at int)) {
	variants := []byte{l.rare}
	if upper := bytes.ToUpper(variants); !l.exact && upper[0] != l.rare {
		variants = append(variants, upper[0])
	}
	limit := min(len(data), to+len(l.keyword))
	for _, c := range variants {
		for p := from; p < limit; {
			i := bytes.IndexByte(data[p:limit], c)
			if i < 0 {
				break
			}
			at := p + i - l.at
			p += i + 1
			if at >= from && at < to && l.matches(data, at) {
				found(at)
			}
		}
	}
}

func (l lead) matches(data []byte, at int) bool {
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
