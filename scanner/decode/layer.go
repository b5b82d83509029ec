package decode

import "sort"

// layer is text with the way back to the outer text that it was made from.
type layer struct {
	text []byte
	// spans maps text to the outer text; nil means that text is the outer one.
	spans []span
	// outer is nil when the outer text is the base.
	outer *layer
	// part says that text is that of a notebook part, of which lines stand
	// before the text.
	part  bool
	lines int
}

// span says that text from at on was made from the outer text from from on:
// byte by byte with step 1, each from so many bytes with a larger one, and with
// step 0 every byte from all of [from, from+size).
type span struct {
	at, from, size, step int
}

// locate maps text[start:end] to the outer text.
func (l *layer) locate(start, end int) (int, int) {
	if len(l.spans) == 0 {
		return start, end
	}
	first := l.over(start)
	from := first.from + (start-first.at)*first.step
	if start == end {
		return from, from
	}
	last := l.over(end - 1)
	to := last.from + last.size
	if last.step > 0 {
		to = last.from + (end-last.at)*last.step
	}
	return from, max(from, to)
}

// over returns the span that text[i] lies in.
func (l *layer) over(i int) span {
	n := sort.Search(len(l.spans), func(k int) bool { return l.spans[k].at > i })
	return l.spans[max(n-1, 0)]
}

// builder makes the text and spans of a layer. It is reused: what it made is
// valid until the next reset.
type builder struct {
	text  []byte
	spans []span
}

func (b *builder) reset() {
	b.text, b.spans = b.text[:0], b.spans[:0]
}

// copy appends src[from:to] as it is.
func (b *builder) copy(src []byte, from, to int) {
	if from >= to {
		return
	}
	if n := len(b.spans); n == 0 || b.spans[n-1].step != 1 || b.spans[n-1].from+len(b.text)-b.spans[n-1].at != from {
		b.spans = append(b.spans, span{at: len(b.text), from: from, step: 1})
	}
	b.text = append(b.text, src[from:to]...)
}

// made opens a span for text that is made from the outer [from, to) and
// appended by the caller.
func (b *builder) made(from, to int) {
	b.spans = append(b.spans, span{at: len(b.text), from: from, size: to - from})
}

// char appends a character made from the outer [from, to).
func (b *builder) char(r rune, from, to int) {
	b.made(from, to)
	b.text = appendRune(b.text, r)
}

// str appends text made from the outer [from, to).
func (b *builder) str(s string, from, to int) {
	if s == "" {
		return
	}
	b.made(from, to)
	b.text = append(b.text, s...)
}

// plain reports whether the text is an unchanged stretch of the outer one.
func (b *builder) plain() bool {
	return len(b.spans) == 0 || len(b.spans) == 1 && b.spans[0].step == 1
}

// keep drops all but the last n bytes of text.
func (b *builder) keep(n int) {
	cut := max(len(b.text)-n, 0)
	first := sort.Search(len(b.spans), func(k int) bool { return b.spans[k].at > cut }) - 1
	first = max(first, 0)
	b.text = b.text[:copy(b.text, b.text[cut:])]
	if len(b.spans) == 0 {
		return
	}
	b.spans = b.spans[:copy(b.spans, b.spans[first:])]
	for i := range b.spans {
		s := &b.spans[i]
		if s.at < cut {
			s.from += (cut - s.at) * s.step
			s.at = cut
		}
		s.at -= cut
	}
}
