package decode

import "bytes"

// partBytes is where the text of a notebook part is handed out in pieces, so
// that its spans stay small; the next piece begins overlap bytes before.
const partBytes = 1 << 20

// partText gathers the text of one notebook part.
type partText struct {
	b    *builder
	part Part
	// lines counts those before the text, fresh says that some of the text
	// was not handed out.
	lines int
	fresh bool
}

func (t *partText) begin(part Part) {
	t.b.reset()
	t.part, t.lines, t.fresh = part, 0, false
}

// unescape appends the JSON string that stands in src[from:to].
func (t *partText) unescape(r *notebookReader, from, to int) bool {
	if r.skim && (r.programs == nil || t.part.Name != "source") {
		return true
	}
	src := r.scan.src[:to]
	for i := from; i < to; {
		end := min(to, i+partBytes/4)
		if k := bytes.IndexByte(src[i:end], '\\'); k >= 0 {
			end = i + k
		}
		t.b.copy(src, i, end)
		if i = end; i < to && src[i] == '\\' {
			i += t.escape(src, i)
		}
		t.fresh = true
		if len(t.b.text) >= partBytes && !t.flush(r, true) {
			return false
		}
	}
	return true
}

// escape appends what the escape at i stands for and returns its length.
// Escapes that JSON does not know stand for their bytes.
func (t *partText) escape(src []byte, i int) int {
	if i+1 >= len(src) {
		t.b.copy(src, i, i+1)
		return 1
	}
	switch c := src[i+1]; c {
	case '"', '\\', '/':
		t.b.copy(src, i+1, i+2)
		return 2
	case 'n', 't', 'r', 'b', 'f':
		ch, n := escape(src[i:])
		t.b.char(ch, i, i+n)
		return n
	case 'u':
		if ch, n := unicodeEscape(src[i:]); n > 0 && src[i+2] != '{' {
			t.b.char(ch, i, i+n)
			return n
		}
	}
	t.b.copy(src, i, i+1)
	return 1
}

// flush hands out the text gathered so far. If the part goes on, the end of
// the text is kept.
func (t *partText) flush(r *notebookReader, goesOn bool) bool {
	if !t.fresh || len(t.b.text) == 0 {
		return true
	}
	t.fresh = false
	if r.programs != nil && t.part.Name == "source" {
		r.programs.add(t)
	}
	if !r.skim && !r.w.partView(r.n, t) {
		return false
	}
	if goesOn {
		cut := max(len(t.b.text)-overlap, 0)
		t.lines += bytes.Count(t.b.text[:cut], []byte{'\n'})
		t.b.keep(overlap)
		return true
	}
	t.begin(t.part)
	return true
}

// partView yields the view of a part, without terminal controls, and what it
// unfolds to.
func (w *walk) partView(n *node, t *partText) bool {
	child := &node{
		layer: layer{text: t.b.text, spans: t.b.spans, outer: &n.layer, part: true, lines: t.lines},
		base:  n.base, member: n.member, way: n.way, part: t.part, nesting: n.nesting, depth: n.depth,
	}
	if at, _, _ := nextControl(child.text, 0); at < 0 {
		return w.show(child) && w.text(child)
	}
	b := w.builder()
	defer w.giveBack(b)
	writeControls(b, child.text, 0, len(child.text))
	clean := child.inner(b.text, b.spans, "ansi")
	return w.show(clean) && w.text(clean)
}
