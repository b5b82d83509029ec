package pdf

import (
	"bytes"
	"math"
)

const (
	// maxOperands bounds the operands of an operation.
	maxOperands = 4096
	// apart is the gap between two pieces of text, in parts of the font's
	// size, from which a space is seen in it.
	apart = 0.18
	// lineApart is how far down or up another line begins, in the same parts.
	lineApart = 0.3
)

// matrix is that of a coordinate system: x' = a·x + c·y + e, y' = b·x + d·y + f.
type matrix struct{ a, b, c, d, e, f float64 }

func (m matrix) moved(x, y float64) matrix {
	m.e, m.f = m.a*x+m.c*y+m.e, m.b*x+m.d*y+m.f
	return m
}

// writer makes the text of a page: pieces of text are joined if one begins where
// the one before ends.
type writer struct {
	f     *File
	fonts dict
	out   []byte
	state
	line, at matrix
	// ended is where the last piece ended, if one has begun.
	ended place
	begun bool
}

// state is what the operations set.
type state struct {
	font                   *font
	size, leading, stretch float64
	// spacing is what stands between characters, words what a space has more.
	spacing, words float64
}

// place is a point and how large the text there is.
type place struct{ x, y, size float64 }

// page returns the text of a content with the resources that it uses.
func (f *File) page(content []byte, resources dict) []byte {
	w := writer{f: f, fonts: f.dict(resources["Font"]), state: state{stretch: 1, font: &font{missingWidth: 500}}, line: matrix{a: 1, d: 1}, at: matrix{a: 1, d: 1}}
	l := lexer{src: content}
	var operands []any
	for {
		v, ok := l.next()
		if !ok {
			break
		}
		op, is := v.(operator)
		if !is {
			if len(operands) < maxOperands {
				operands = append(operands, v)
			}
			continue
		}
		if op == "BI" {
			skipImage(&l)
		}
		w.do(op, operands)
		operands = operands[:0]
	}
	if len(w.out) > 0 {
		w.out = append(w.out, '\n')
	}
	return w.out
}

// skipImage passes over an image that stands in the content.
func skipImage(l *lexer) {
	rest := l.src[l.pos:]
	for i := 0; ; {
		k := bytes.Index(rest[i:], []byte("EI"))
		if k < 0 {
			l.pos = len(l.src)
			return
		}
		i += k + 2
		if k > 0 && isSpace(rest[i-3]) && (i == len(rest) || isSpace(rest[i])) {
			l.pos += i
			return
		}
	}
}

func numberAt(operands []any, i int) float64 {
	if i < 0 || i >= len(operands) {
		return 0
	}
	n, _ := operands[i].(float64)
	return n
}

func (w *writer) do(op operator, v []any) {
	switch op {
	case "BT":
		w.line, w.at = matrix{a: 1, d: 1}, matrix{a: 1, d: 1}
	case "Tf":
		if len(v) >= 2 {
			n, _ := v[len(v)-2].(name)
			w.font, w.size = w.f.font(w.fonts[n]), numberAt(v, len(v)-1)
		}
	case "Tc":
		w.spacing = numberAt(v, 0)
	case "Tw":
		w.words = numberAt(v, 0)
	case "Tz":
		w.stretch = numberAt(v, 0) / 100
	case "TL":
		w.leading = numberAt(v, 0)
	case "Td":
		w.move(numberAt(v, 0), numberAt(v, 1))
	case "TD":
		w.leading = -numberAt(v, 1)
		w.move(numberAt(v, 0), numberAt(v, 1))
	case "Tm":
		w.line = matrix{numberAt(v, 0), numberAt(v, 1), numberAt(v, 2), numberAt(v, 3), numberAt(v, 4), numberAt(v, 5)}
		w.at = w.line
	case "T*":
		w.move(0, -w.leading)
	case "Tj":
		w.show(v)
	case "'":
		w.move(0, -w.leading)
		w.show(v)
	case `"`:
		w.words, w.spacing = numberAt(v, 0), numberAt(v, 1)
		w.move(0, -w.leading)
		w.show(v)
	case "TJ":
		if list, is := last(v).([]any); is {
			w.show(list)
		}
	}
}

func (w *writer) move(x, y float64) {
	w.line = w.line.moved(x, y)
	w.at = w.line
}

// show writes strings, between which numbers move the place.
func (w *writer) show(list []any) {
	for _, v := range list {
		switch v := v.(type) {
		case float64:
			w.at = w.at.moved(-v/1000*w.size*w.stretch, 0)
		case text:
			w.begin()
			w.font.decode(v, func(said string, width float64, space bool) {
				w.out = append(w.out, said...)
				step := width/1000*w.size + w.spacing
				if space {
					step += w.words
				}
				w.at = w.at.moved(step*w.stretch, 0)
			})
			w.ended.x, w.ended.y = w.at.e, w.at.f
		}
	}
}

// begin writes what stands between the last piece of text and the next one.
func (w *writer) begin() {
	size := math.Abs(w.size) * math.Hypot(w.at.a, w.at.b)
	if size == 0 {
		size = 1
	}
	along, across := w.at.e-w.ended.x, w.at.f-w.ended.y
	if w.at.b != 0 || w.at.c != 0 { // turned: measured along its own line
		cos, sin := w.at.a, w.at.b
		if r := math.Hypot(cos, sin); r > 0 {
			cos, sin = cos/r, sin/r
		}
		along, across = along*cos+across*sin, across*cos-along*sin
	}
	switch {
	case !w.begun:
	case math.Abs(across) > lineApart*max(size, w.ended.size) || along < -size:
		w.out = append(w.out, '\n')
	case along > apart*size:
		w.out = append(w.out, ' ')
	}
	w.begun, w.ended.size = true, size
}
