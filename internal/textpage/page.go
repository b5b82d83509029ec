// Package textpage lays out text for people: whatever comes in, what goes out
// has no control character but the page's own, and no line that a CI runner
// obeys.
package textpage

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/report"
)

// Style is an ANSI rendition; the empty Style is plain.
type Style string

// The styles.
const (
	Plain Style = ""
	Bold  Style = "1"
	Dim   Style = "2"
	Red   Style = "1;31"
)

const (
	defaultWidth = 80
	leastWidth   = 60
	// widest is how wide text is set, however wide the terminal: longer lines are
	// hard to read.
	widest = 110
)

// Page is text in the making. New makes one.
type Page struct {
	out   bytes.Buffer
	color bool
	width int
}

// New returns an empty Page so many columns wide; 0 means 80.
func New(width int, color bool) *Page {
	if width == 0 {
		width = defaultWidth
	}
	return &Page{color: color, width: max(leastWidth, min(width, widest))}
}

// Bytes returns the text.
func (p *Page) Bytes() []byte { return p.out.Bytes() }

// Line writes one line in a style.
func (p *Page) Line(style Style, text string) {
	text = report.Clean(text)
	if strings.HasPrefix(strings.TrimLeft(text, " "), "::") {
		text = strings.Replace(text, "::", `\x3a:`, 1)
	}
	if p.color && style != Plain && text != "" {
		text = "\x1b[" + string(style) + "m" + text + "\x1b[0m"
	}
	p.out.WriteString(text + "\n")
}

// Wrapped writes a paragraph: first before its first line, as many spaces before
// the others. A word that is longer than a line is not broken.
func (p *Page) Wrapped(style Style, first, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	line, lead := "", first
	for word := range strings.FieldsSeq(report.Clean(strings.Join(strings.Fields(text), " "))) {
		if line != "" && utf8.RuneCountInString(lead+line+word)+1 > p.width {
			p.Line(style, lead+line)
			line, lead = "", indent
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	p.Line(style, lead+line)
}

// Gap writes an empty line, unless the page is still empty.
func (p *Page) Gap() {
	if p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
}

// Heading begins a section.
func (p *Page) Heading(text string) {
	p.Gap()
	p.Line(Bold, text)
}
