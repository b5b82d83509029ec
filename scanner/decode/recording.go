package decode

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	// castHead is what a recording of asciinema begins with, of any version.
	castHead = expression.Lazy(`\A\s{0,8}\{[^{}\n]{0,80}"version"\s{0,4}:\s{0,4}[123]\s{0,4}[,}]`)
	// castFields are in such a recording, and in little else.
	castFields = expression.Lazy(`"(?:width|height|stdout|term|cols)"`)
)

// scriptHead is what script(1) begins its record with.
const scriptHead = "Script started on "

// isCast reports whether text is a recording of asciinema.
func isCast(text []byte) bool {
	head := text[:min(len(text), 512)]
	return head[0] == '{' && castHead().Match(head) && castFields().Match(head)
}

// recording yields what a terminal showed, and what was typed, as one text
// each, without controls and without what was wiped out.
func (w *walk) recording(n *node) bool {
	if n.depth >= w.o.Depth {
		return w.tooDeep(n)
	}
	if bytes.HasPrefix(n.text, []byte(scriptHead)) {
		return w.screen(n)
	}
	for _, stream := range []byte("oi") {
		b := w.builder()
		castEvents(n.text, func(is byte, from, to int) {
			if is == stream {
				t := partText{b: b}
				for i := from; i < to; {
					end := to
					if k := bytes.IndexByte(n.text[i:to], '\\'); k >= 0 {
						end = i + k
					}
					b.copy(n.text, i, end)
					if i = end; i < to {
						i += t.escape(n.text[:to], i)
					}
				}
			}
		})
		more := true
		if len(b.text) >= minRun && w.take(n.member, len(b.text)) {
			more = w.screen(n.inner(b.text, b.spans, kindRecording.String()))
		}
		w.giveBack(b)
		if !more {
			return false
		}
	}
	return !w.stopped
}

// castEvents calls event for each [time, "o", "text"], or [time, "text"] of the
// first version, with the place of its text.
func castEvents(text []byte, event func(is byte, from, to int)) {
	for i := 0; i < len(text); {
		k := bytes.IndexByte(text[i:], '[')
		if k < 0 {
			return
		}
		i += k + 1
		at := i
		for at < len(text) && (text[at] >= '0' && text[at] <= '9' || strings.IndexByte(" \t\r\n.eE+-", text[at]) >= 0) {
			at++
		}
		from, to := nextString(text, at)
		if at == i || from < 0 {
			continue
		}
		is := byte('o')
		if second, end := nextString(text, to+1); to-from == 1 && second >= 0 {
			is, from, to = text[from], second, end
		}
		event(is, from, to)
		i = to
	}
}

// nextString returns the text of the string behind a comma at i, or from is -1.
func nextString(text []byte, i int) (from, to int) {
	comma := false
	for i < len(text) && (isBlank(text[i]) || text[i] == ',') {
		comma = comma || text[i] == ','
		i++
	}
	if !comma || i == len(text) || text[i] != '"' {
		return -1, -1
	}
	for from, to = i+1, i+1; to < len(text) && text[to] != '"'; to++ {
		if text[to] == '\\' {
			to++
		}
	}
	return from, min(to, len(text))
}

// screen yields text as a terminal shows it in the end: controls are gone, and
// so is what a backspace takes back, and the line that a shell ends at the
// terminal's right edge goes on.
func (w *walk) screen(n *node) bool {
	if !n.raw && (!w.show(n) || !w.text(n)) {
		return false
	}
	if n.depth >= w.o.Depth {
		return w.tooDeep(n)
	}
	kept := make([]stretch, 0, 64)
	for i := 0; i < len(n.text); {
		switch c := n.text[i]; {
		case c == escapeByte && control(n.text[i:]) > 0:
			i += control(n.text[i:])
		case c == '\b' || c == 0x7f:
			kept = takeBack(kept, n.text)
			i++
		case c == ' ' && i+2 < len(n.text) && n.text[i+1] == '\r' && i > 0 && isKeyByte(n.text[i-1]) && isKeyByte(n.text[i+2]):
			i += 2
		default:
			if k := len(kept); k > 0 && kept[k-1].to == i {
				kept[k-1].to++
			} else {
				kept = append(kept, stretch{i, i + 1})
			}
			i++
		}
	}
	b := w.builder()
	defer w.giveBack(b)
	for _, s := range kept {
		b.copy(n.text, s.from, s.to)
	}
	if b.plain() {
		return true
	}
	child := n.inner(b.text, b.spans, "screen")
	return w.show(child) && w.text(child)
}

// takeBack drops the last character of a line.
func takeBack(kept []stretch, text []byte) []stretch {
	k := len(kept)
	if k == 0 || text[kept[k-1].to-1] == '\n' {
		return kept
	}
	if kept[k-1].to--; kept[k-1].to == kept[k-1].from {
		return kept[:k-1]
	}
	return kept
}
