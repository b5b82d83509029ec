package file

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// dotenv is a variable in a file of NAME=VALUE lines, as python-dotenv, Docker
// and others read it.
type dotenv struct{ name string }

// read finds all assignments: programs differ in whether the first or the last
// one counts.
func (d dotenv) read(text []byte) ([]place, error) {
	var places []place
	at := len(text) - len(bytes.TrimPrefix(text, []byte("\ufeff")))
	for at < len(text) {
		name, value := assignment(text, at)
		if value < 0 {
			at = lineEnd(text, at) + 1
			continue
		}
		p, next := valueAt(text, value)
		if name == d.name {
			if p.start == p.end && p.end < len(text) && text[p.end] == '#' {
				return nil, ErrForm // to some programs this is a comment, to others a value
			}
			p.value = secret.New(unescaped(text[p.start:p.end]))
			places = append(places, p)
		}
		at = next
	}
	return places, nil
}

func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

func blanks(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	return at
}

func word(text []byte, at int) int {
	for at < len(text) && (text[at] == '_' || text[at] == '.' || text[at] == '-' || alphanumeric(text[at])) {
		at++
	}
	return at
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// assignment reads the name of an assignment and where its value begins; -1 if
// the line is something else.
func assignment(text []byte, at int) (name string, value int) {
	at = blanks(text, at)
	end := word(text, at)
	if string(text[at:end]) == "export" && blanks(text, end) > end {
		at = blanks(text, end)
		end = word(text, at)
	}
	equals := blanks(text, end)
	if end == at || equals == len(text) || text[equals] != '=' {
		return "", -1
	}
	return string(text[at:end]), blanks(text, equals+1)
}

// valueAt finds where a value ends, and where the next line begins. A value in
// quotes may go on over lines. Where only a comment stands, the value goes
// before the space that makes it one.
func valueAt(text []byte, at int) (p place, next int) {
	if at < len(text) && strings.IndexByte("\"'`", text[at]) >= 0 {
		for end := at + 1; end < len(text); end++ {
			switch text[end] {
			case '\\':
				end++
			case text[at]:
				return place{start: at + 1, end: end}, lineEnd(text, end) + 1
			}
		}
		// The quote never ends, so it is one of the value's characters.
	}
	end := lineEnd(text, at)
	next = end + 1
	for i := at; i < end; i++ {
		if text[i] == '#' && (i == at || text[i-1] == ' ' || text[i-1] == '\t') {
			end = i
		}
	}
	if end == at && end < len(text) && text[end] == '#' && text[end-1] != '=' {
		at = bytes.LastIndexByte(text[:end], '=') + 1
		return place{start: at, end: at}, next
	}
	for end > at && (text[end-1] == ' ' || text[end-1] == '\t' || text[end-1] == '\r') {
		end--
	}
	return place{start: at, end: end}, next
}

// unescaped takes out the backslashes of a value in quotes. No key has any, so
// that it does not matter which they may stand before.
func unescaped(value []byte) []byte {
	var out []byte
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		out = append(out, value[i])
	}
	return out
}

// add implements format.
func (d dotenv) add(text []byte, value string) ([]byte, error) {
	return appendLine(text, d.name+"="+value), nil
}

// appendLine adds a line, with the line ends that a text has.
func appendLine(text []byte, line string) []byte {
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, end...)
	}
	return append(text, line+end...)
}
