package decode

import (
	"bytes"
	"html"
	"strings"
	"unicode/utf8"
)

const (
	// maxEntity is the length of the longest reference to a character.
	maxEntity = 34
	// maxTag bounds the length of one tag.
	maxTag = 4096
)

// nextEntity finds a reference to a character: &quot; &#45; &#x2d;.
func nextEntity(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], '&')
		if k < 0 {
			break
		}
		at = i + k
		if n := entityLen(text[at:]); n > 0 {
			s := entity(text[at : at+n])
			if s != "" {
				return at, at + n, len(s) == 1 && isKeyByte(s[0])
			}
		}
		i = at + 1
	}
	return -1, -1, false
}

// entityLen returns the length of what looks like a reference, or 0.
func entityLen(text []byte) int {
	for i := 1; i < len(text) && i < maxEntity; i++ {
		switch c := text[i]; {
		case c == ';' && i > 2:
			return i + 1
		case c == '#' && i == 1, c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		default:
			return 0
		}
	}
	return 0
}

// entity returns the text of a reference, "" if there is no such one.
func entity(ref []byte) string {
	switch string(ref) { // the common ones, without the table of all
	case "&quot;", "&#34;":
		return `"`
	case "&#39;", "&#x27;", "&apos;":
		return "'"
	case "&amp;":
		return "&"
	case "&lt;":
		return "<"
	case "&gt;":
		return ">"
	case "&nbsp;":
		return " "
	}
	s := html.UnescapeString(string(ref))
	if strings.HasSuffix(s, ";") && s != ";" {
		return ""
	}
	if s == "\u00a0" {
		return " "
	}
	return s
}

func writeEntities(b *builder, text []byte, from, to int) {
	b.each(text, from, to, nextEntity, func(at, end int) { b.str(entity(text[at:end]), at, end) })
}

// nextTag finds a tag, comment or CDATA mark of HTML or XML.
func nextTag(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], '<')
		if k < 0 {
			break
		}
		at = i + k
		if n := tagLen(text[at:]); n > 0 {
			return at, at + n, false
		}
		i = at + 1
	}
	return -1, -1, false
}

func tagLen(text []byte) int {
	if len(text) < 3 {
		return 0
	}
	if text[1] == '!' {
		for _, mark := range []string{"<!--", "<![CDATA["} {
			if bytes.HasPrefix(text, []byte(mark)) {
				return len(mark)
			}
		}
	}
	if c := text[1]; c != '/' && c != '!' && c != '?' && !isLetter(c) {
		return 0
	}
	rest := text[2:min(len(text), maxTag)]
	end := bytes.IndexByte(rest, '>')
	if end < 0 || bytes.IndexByte(rest[:end], '<') >= 0 {
		return 0
	}
	return 2 + end + 1
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' && c < utf8.RuneSelf }

// writeTags drops tags and undoes entities. Text without a closing tag is no
// markup but a language with angle brackets.
func writeTags(b *builder, text []byte, from, to int) {
	if !bytes.Contains(text[from:to], []byte("</")) {
		return
	}
	b.each(text, from, to, nextTagOrEntity, func(at, end int) {
		if text[at] == '&' {
			b.str(entity(text[at:end]), at, end)
			return
		}
		b.str(apart(text[at:end]), at, end)
	})
}

func nextTagOrEntity(text []byte, i int) (at, end int, strong bool) {
	for at = i; at < len(text); at++ {
		n := 0
		switch text[at] {
		case '<':
			n = tagLen(text[at:])
		case '&':
			if n = entityLen(text[at:]); n > 0 && entity(text[at:at+n]) == "" {
				n = 0
			}
		}
		if n > 0 {
			return at, at + n, false
		}
	}
	return -1, -1, false
}

// apart returns what stands for a tag: nothing for those inside words and
// lines, a line's end for those that begin a line, else a space, so that the
// cells of a table do not run into each other.
func apart(tag []byte) string {
	var lower [12]byte
	name := lower[:0]
	for _, c := range bytes.TrimLeft(tag, "</") {
		if strings.IndexByte(" \t\r\n/>", c) >= 0 || len(name) == len(lower) {
			break
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		name = append(name, c)
	}
	switch string(name) {
	case "span", "b", "i", "u", "s", "a", "em", "strong", "code", "font", "tt", "mark", "small", "sub", "sup",
		"wbr", "kbd", "samp", "var", "!--", "![cdata[":
		return ""
	case "br", "p", "div", "li", "tr", "pre", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "dt":
		return "\n"
	}
	return " "
}
