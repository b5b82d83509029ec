package decode

import "bytes"

// highlighted maps what Pygments writes for a character in LaTeX, after \PYZ,
// to the character.
func highlighted(name string) string {
	switch name {
	case "us":
		return "_"
	case "hy":
		return "-"
	case "dq":
		return `"`
	case "sq":
		return "'"
	case "bs":
		return `\`
	case "ob":
		return "{"
	case "cb":
		return "}"
	case "lb":
		return "["
	case "rb":
		return "]"
	case "ca":
		return "^"
	case "am":
		return "&"
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "sh":
		return "#"
	case "pc":
		return "%"
	case "dl":
		return "$"
	case "ti":
		return "~"
	case "at":
		return "@"
	}
	return ""
}

// nextLatex finds a character or the beginning of a coloured token as Pygments
// writes them: \PYZus{}, \PY{l+s+s2}{.
func nextLatex(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.Index(text[i:], []byte(`\PY`))
		if k < 0 {
			break
		}
		at = i + k
		if s, n := pygment(text[at:]); n > 0 {
			return at, at + n, s == "_" || s == "-"
		}
		i = at + 1
	}
	return -1, -1, false
}

// pygment reads what text begins with: a character and its length, or "" and
// the length of what begins a coloured token, or 0.
func pygment(text []byte) (string, int) {
	if len(text) >= 8 && text[3] == 'Z' && text[6] == '{' && text[7] == '}' {
		if s := highlighted(string(text[4:6])); s != "" {
			return s, 8
		}
		return "", 0
	}
	if len(text) < 6 || text[3] != '{' {
		return "", 0
	}
	head := text[:min(len(text), 64)]
	if i := bytes.Index(head, []byte("}{")); i > 0 && bytes.IndexByte(head[4:i], '{') < 0 {
		return "", i + 2
	}
	return "", 0
}

// writeLatex drops the colours: a token ends with the next brace, since braces
// inside of it are written as characters.
func writeLatex(b *builder, text []byte, from, to int) {
	text = text[:to]
	inside := false
	for i := from; i < to; {
		at, end, _ := nextLatex(text, i)
		if at < 0 {
			at, end = to, to
		}
		if inside {
			if k := bytes.IndexByte(text[i:at], '}'); k >= 0 {
				b.copy(text, i, i+k)
				i, inside = i+k+1, false
			}
		}
		b.copy(text, i, at)
		if at < end {
			s, _ := pygment(text[at:end])
			inside = inside || s == ""
			b.str(s, at, end)
		}
		i = end
	}
}
