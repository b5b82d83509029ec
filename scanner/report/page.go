package report

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// style is an ANSI rendition; the empty style is plain.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "1;31"
	green  style = "32"
	yellow style = "33"
)

// span is a piece of a line. Its text need not be clean.
type span struct {
	style style
	text  string
}

// page is the one way to write text: whatever comes in, what goes out has no
// control character but the page's own, and no line that a CI runner obeys.
type page struct {
	out   bytes.Buffer
	color bool
	width int
}

// line writes one line.
func (p *page) line(spans ...span) {
	for i, s := range defuse(spans) {
		if i == 0 && s.text == "" {
			continue
		}
		if p.color && s.style != plain {
			p.out.WriteString("\x1b[" + string(s.style) + "m" + s.text + "\x1b[0m")
			continue
		}
		p.out.WriteString(s.text)
	}
	p.out.WriteByte('\n')
}

// gap writes an empty line, unless the page is still empty.
func (p *page) gap() {
	if p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
}

// wrapped writes a paragraph: first before its first line, as many spaces
// before the others. A word that is longer than a line is not broken.
func (p *page) wrapped(first string, text span) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	line, lead := "", first
	for word := range strings.FieldsSeq(Clean(strings.Join(strings.Fields(text.text), " "))) {
		room := p.width - utf8.RuneCountInString(lead)
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			p.line(span{plain, lead}, span{text.style, line})
			line, lead = "", indent
		}
		line = oneLine(" ", line, word)
	}
	if line != "" {
		p.line(span{plain, lead}, span{text.style, line})
	}
}

// defuse cleans the texts and takes the power from commands to a CI runner:
// "::" after nothing but space, and "##[" anywhere, also where two spans meet.
func defuse(spans []span) []span {
	cleaned := make([]span, len(spans))
	var whole strings.Builder
	for i, s := range spans {
		cleaned[i] = span{s.style, Clean(s.text)}
		whole.WriteString(cleaned[i].text)
	}
	if strings.Contains(whole.String(), loggingCommand) {
		for i := range cleaned {
			cleaned[i].text = strings.ReplaceAll(cleaned[i].text, "#", `\x23`)
		}
	}
	if strings.HasPrefix(strings.TrimLeft(whole.String(), " "), lineCommand) {
		for i := range cleaned {
			if strings.Contains(cleaned[i].text, ":") {
				cleaned[i].text = strings.Replace(cleaned[i].text, ":", `\x3a`, 1)
				break
			}
		}
	}
	return cleaned
}
