package decode

import (
	"sort"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/runs"
)

// minRun is the length from which a row of key characters could be a key, or
// the larger part of one. The shortest keys have 32 characters.
const minRun = 20

func isKeyByte(c byte) bool { return runs.IsKey(c) }

func isKeyRune(r rune) bool { return r >= 0 && r < utf8.RuneSelf && isKeyByte(byte(r)) }

// isTextByte reports whether c is printable ASCII or white space.
func isTextByte(c byte) bool {
	return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t'
}

func appendRune(b []byte, r rune) []byte { return utf8.AppendRune(b, r) }

// runList are the runs of a text that could be a key or hide one, in order.
type runList []stretch

// listRuns finds the runs.
func listRuns(text []byte) runList {
	var list runList
	for from, to := runs.Next(text, 0, minRun); from >= 0; from, to = runs.Next(text, to, minRun) {
		if runs.Mixed(text[from:to]) {
			list = append(list, stretch{from, to})
		}
	}
	return list
}

// near reports whether a run stands in [from, to), and where the last of those
// ends.
func (l runList) near(from, to int) (end int, ok bool) {
	n := sort.Search(len(l), func(i int) bool { return l[i].from >= to })
	if n == 0 || l[n-1].to <= from {
		return 0, false
	}
	return l[n-1].to, true
}

// sorted orders the stretches by their begin and joins those that overlap.
func (l runList) sorted() runList {
	sort.Slice(l, func(i, k int) bool { return l[i].from < l[k].from })
	out := l[:0]
	for _, s := range l {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// with returns the stretches of both lists.
func (l runList) with(other runList) runList {
	if len(other) == 0 {
		return l
	}
	return append(append(make(runList, 0, len(l)+len(other)), l...), other...).sorted()
}
