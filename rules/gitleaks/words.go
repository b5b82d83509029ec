package gitleaks

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// words finds many words in one pass over a text, without regard to the case
// of ASCII letters: an automaton whose states are the beginnings of words.
//
// It is here because the libraries that do the same have had no release for
// years, and it is short.
type words struct {
	// class leads from bytes to columns of next; those in no word share one.
	class   [256]uint8
	classes int
	// next is the table of transitions, a row for each state.
	next []uint32
	// ends tells which words end in a state, by their numbers; most have none.
	ends [][]uint32
}

// newWords arranges words, which are numbered by their places in the list. An
// empty word is never found.
func newWords(list []string) *words {
	w := &words{classes: 1}
	for _, word := range list {
		for _, c := range []byte(strings.ToLower(word)) {
			if w.class[c] == 0 && w.classes < 256 {
				w.class[c] = uint8(w.classes)
				w.classes++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		w.class[c] = w.class[c+'a'-'A']
	}
	w.addState()
	for number, word := range list {
		if word != "" {
			w.insert(strings.ToLower(word), uint32(number))
		}
	}
	w.link()
	return w
}

func (w *words) addState() uint32 {
	w.next = append(w.next, make([]uint32, w.classes)...)
	w.ends = append(w.ends, nil)
	return uint32(len(w.ends) - 1)
}

func (w *words) row(state uint32) []uint32 {
	return w.next[int(state)*w.classes : (int(state)+1)*w.classes]
}

func (w *words) insert(word string, number uint32) {
	state := uint32(0)
	for _, c := range []byte(word) {
		class := w.class[c]
		to := w.row(state)[class]
		if to == 0 {
			to = w.addState()
			w.row(state)[class] = to
		}
		state = to
	}
	w.ends[state] = append(w.ends[state], number)
}

// link completes the transitions: where a word does not go on, the longest
// beginning of a word that the text ends in does.
func (w *words) link() {
	fail := make([]uint32, len(w.ends))
	var queue []uint32
	for _, to := range w.row(0) {
		if to != 0 {
			queue = append(queue, to)
		}
	}
	for at := 0; at < len(queue); at++ {
		state := queue[at]
		w.ends[state] = slices.Concat(w.ends[state], w.ends[fail[state]])
		row, other := w.row(state), w.row(fail[state])
		for class, to := range row {
			if to == 0 {
				row[class] = other[class]
				continue
			}
			fail[to] = other[class]
			queue = append(queue, to)
		}
	}
}

// each hands out the numbers of the words that end before an offset; false ends
// it.
func (w *words) each(text []byte, found func(numbers []uint32, end int) bool) {
	next, classes := w.next, w.classes
	state := uint32(0)
	for i, c := range text {
		state = next[int(state)*classes+int(w.class[c])]
		if ends := w.ends[state]; len(ends) > 0 && !found(ends, i+1) {
			return
		}
	}
}

// any reports whether the text holds one of the words.
func (w *words) any(text []byte) bool {
	hit := false
	text, _ = folded(text)
	w.each(text, func([]uint32, int) bool { hit = true; return false })
	return hit
}

// oddCase are the letters beyond ASCII that stand for ASCII letters when case
// does not count: a dotted capital I, a long s, and the sign of the kelvin.
var oddCase = map[string]byte{"\u0130": 'i', "\u017f": 's', "\u212a": 'k'}

// folding says where the text is longer than the folded one, and by how much.
type folding []struct{ at, shift int }

// offset is that of a place of the folded text in the text.
func (f folding) offset(at int) int {
	if f == nil {
		return at
	}
	n := sort.Search(len(f), func(i int) bool { return f[i].at > at })
	if n == 0 {
		return at
	}
	return at + f[n-1].shift
}

// folded replaces the odd letters; nil means that there are none.
func folded(text []byte) ([]byte, folding) {
	odd := false
	for letter := range oddCase {
		odd = odd || bytes.Contains(text, []byte(letter))
	}
	if !odd {
		return text, nil
	}
	var f folding
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		size := 1
		if text[i] >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(text[i:])
			if letter, ok := oddCase[string(text[i:i+size])]; ok {
				out = append(out, letter)
				i += size
				f = append(f, struct{ at, shift int }{len(out), i - len(out)})
				continue
			}
		}
		out = append(out, text[i:i+size]...)
		i += size
	}
	return out, f
}
