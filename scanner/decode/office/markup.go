package office

import (
	"bytes"
	"html"
)

// markup walks over XML. It is tolerant: what is no tag is text, and nothing
// has to be closed.
type markup struct {
	src []byte
	pos int
}

// token is a tag or the text before the next one.
type token struct {
	// name is that of the element without its prefix, "" for text.
	prefix, name string
	// end says that the element ends here, alone that it is empty: then it has
	// no end of its own.
	end, alone bool
	// attributes stand behind the name; text is that of a token without a name,
	// as it is written.
	attributes []byte
	text       []byte
	// verbatim says that no character of the text is referred to.
	verbatim bool
}

// said is the text of a token.
func (t token) said() string {
	if t.verbatim {
		return string(t.text)
	}
	return unescaped(t.text)
}

// next returns the next token, false at the end.
func (m *markup) next() (token, bool) {
	for m.pos < len(m.src) {
		rest := m.src[m.pos:]
		if rest[0] != '<' {
			n := bytes.IndexByte(rest, '<')
			if n < 0 {
				n = len(rest)
			}
			m.pos += n
			return token{text: rest[:n]}, true
		}
		if data, found := bytes.CutPrefix(rest, []byte("<![CDATA[")); found {
			text, _, _ := bytes.Cut(data, []byte("]]>"))
			m.pos += len(rest) - len(data) + min(len(text)+3, len(data))
			return token{text: text, verbatim: true}, true
		}
		if n := passed(rest); n > 0 {
			m.pos += n
			continue
		}
		return m.tag(rest), true
	}
	return token{}, false
}

// passed returns the length of a comment, declaration or instruction.
func passed(rest []byte) int {
	for _, kind := range [][2]string{{"<!--", "-->"}, {"<?", "?>"}, {"<!", ">"}} {
		if !bytes.HasPrefix(rest, []byte(kind[0])) {
			continue
		}
		if k := bytes.Index(rest, []byte(kind[1])); k >= 0 {
			return k + len(kind[1])
		}
		return len(rest)
	}
	return 0
}

func (m *markup) tag(rest []byte) token {
	end := bytes.IndexByte(rest, '>')
	if end < 0 {
		end = len(rest) - 1
		m.pos = len(m.src)
	} else {
		m.pos += end + 1
	}
	inside := rest[1:max(end, 1)]
	var t token
	if inside, t.end = bytes.CutPrefix(inside, []byte("/")); !t.end {
		inside, t.alone = bytes.CutSuffix(inside, []byte("/"))
	}
	n := bytes.IndexAny(inside, " \t\r\n")
	if n < 0 {
		n = len(inside)
	}
	name := inside[:n]
	if k := bytes.LastIndexByte(name, ':'); k >= 0 {
		t.prefix, name = string(name[:k]), name[k+1:]
	}
	t.name, t.attributes = string(name), inside[n:]
	if t.name == "" {
		t.name = "?" // a lone bracket is no text
	}
	return t
}

// each calls found for the attributes of a tag, with the names as they are
// written.
func (t token) each(found func(name, value []byte)) {
	rest := t.attributes
	for {
		name, after, ok := bytes.Cut(rest, []byte("="))
		after = bytes.TrimLeft(after, " \t\r\n")
		if !ok || len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return
		}
		value, behind, _ := bytes.Cut(after[1:], after[:1])
		found(bytes.TrimSpace(name), value)
		rest = behind
	}
}

// attribute returns the value of an attribute, by its name without a prefix.
func (t token) attribute(name string) string {
	result := ""
	t.each(func(n, value []byte) {
		if k := bytes.LastIndexByte(n, ':'); string(n[k+1:]) == name {
			result = unescaped(value)
		}
	})
	return result
}

// unescaped undoes references to characters.
func unescaped(text []byte) string {
	if bytes.IndexByte(text, '&') < 0 {
		return string(text)
	}
	return html.UnescapeString(string(text))
}
