package decode

import "bytes"

const (
	// windowBytes is where a window is cut, so that a view's spans stay small
	// whatever the text holds; the next one begins overlap bytes before.
	windowBytes = 256 << 10
	overlap     = 8 << 10
	// reach is how far an encoded place may stand from a run to matter: the
	// widest evidence before or after a key.
	reach = 256
	// lineReach is how far a window is widened to begin or end with a line.
	lineReach = 256
)

// rewriting names the ways to undo an encoding inside text.
type rewriting int

const (
	original rewriting = iota
	quotedPrintable
	entities
	tags
	escapes
	latex
	percent
	ansi
)

// rewrite is one way to undo an encoding inside text.
type rewrite struct {
	is rewriting
	// name is what Way says.
	name string
	// rank orders rewritings: inside a text made by one, only those of the
	// same or a higher rank are tried.
	rank int
	// repeats allows a rewriting inside itself.
	repeats bool
	// margin is how much text around an encoded place is decoded.
	margin int
	// next finds the first place at or after i that would be changed; strong
	// says that it matters even without a run nearby, since what it makes
	// belongs to a run. It returns at < 0 if there is none.
	next func(text []byte, i int) (at, end int, strong bool)
	// write appends the rewritten text[from:to].
	write func(b *builder, text []byte, from, to int)
}

func rewrites() []rewrite {
	return []rewrite{
		{is: quotedPrintable, name: "quoted-printable", rank: 1, margin: 4 << 10, next: nextQuoted, write: writeQuoted},
		{is: entities, name: "entities", rank: 2, repeats: true, margin: 2 << 10, next: nextEntity, write: writeEntities},
		{is: tags, name: "html", rank: 2, margin: 8 << 10, next: nextTag, write: writeTags},
		{is: escapes, name: "escapes", rank: 2, repeats: true, margin: 2 << 10, next: nextEscape, write: writeEscapes},
		{is: latex, name: "latex", rank: 2, margin: 4 << 10, next: nextLatex, write: writeLatex},
		{is: percent, name: "percent", rank: 3, margin: 2 << 10, next: nextPercent, write: writePercent},
		{is: ansi, name: "ansi", rank: 4, margin: 2 << 10, next: nextSequence, write: writeControls},
	}
}

// follows reports whether the rewriting is tried inside a text that was made
// by another one.
func (r *rewrite) follows(last rewriting) bool {
	if r.is == last {
		return r.repeats
	}
	return r.rank >= rankOf(last)
}

func rankOf(r rewriting) int {
	switch r {
	case original:
		return 0
	case quotedPrintable:
		return 1
	case percent:
		return 3
	case ansi:
		return 4
	default:
		return 2
	}
}

// rewrite yields a view of each window in which a rewriting matters.
func (w *walk) rewrite(n *node, r *rewrite) bool {
	from, to := 0, 0 // the window
	for i := 0; ; {
		at, end, strong := r.next(n.text, i)
		if at < 0 {
			break
		}
		i = end
		runEnd, touches := n.runs.near(at-reach, end+reach)
		if !strong && !touches {
			continue
		}
		if at-r.margin > to {
			if !w.window(n, r, from, to) {
				return false
			}
			from = at - r.margin
		}
		to = min(max(to, end+r.margin, runEnd+reach), len(n.text))
		for to-from > windowBytes {
			if !w.window(n, r, from, from+windowBytes) {
				return false
			}
			from += windowBytes - overlap
		}
	}
	return w.window(n, r, from, to)
}

// window yields the view of text[from:to], if the rewriting changes it.
func (w *walk) window(n *node, r *rewrite, from, to int) bool {
	if from >= to {
		return true
	}
	if !w.inTime() {
		return false
	}
	from, to = wholeLines(n.text, max(from, 0), min(to, len(n.text)))
	b := w.builder()
	defer w.giveBack(b)
	r.write(b, n.text, from, to)
	if b.plain() {
		return true
	}
	child := n.inner(b.text, b.spans, r.name)
	child.last = r.is
	return w.show(child) && w.text(child)
}

// wholeLines widens a stretch to whole lines where those are short.
func wholeLines(text []byte, from, to int) (int, int) {
	before := text[max(0, from-lineReach):from]
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		from -= len(before) - i - 1
	} else if from <= lineReach {
		from = 0
	}
	after := text[to:min(len(text), to+lineReach)]
	if i := bytes.IndexByte(after, '\n'); i >= 0 {
		to += i + 1
	} else if len(text)-to <= lineReach {
		to = len(text)
	}
	return from, to
}

// each calls change at every place in text[from:to] that next finds and copies
// what lies between. A place that reaches over to is left to the next window.
func (b *builder) each(text []byte, from, to int, next func([]byte, int) (int, int, bool), change func(at, end int)) {
	text = text[:to]
	for i := from; i < to; {
		at, end, _ := next(text, i)
		if at < 0 {
			at, end = to, to
		}
		b.copy(text, i, at)
		if at < end {
			change(at, end)
		}
		i = end
	}
}
