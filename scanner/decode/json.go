package decode

import (
	"bytes"
	"errors"
)

// maxJSONDepth bounds how deep values may stand inside each other.
const maxJSONDepth = 1000

var (
	errJSON     = errors.New("it is not well-formed JSON")
	errJSONDeep = errors.New("its JSON is nested too deep")
)

// jsonScan walks over JSON and keeps offsets. It is tolerant where programs
// that write notebooks are: byte order mark, NaN, duplicate keys, raw control
// characters and lone surrogates in strings. Its methods return false when the
// text is over or the caller had enough; err says which.
type jsonScan struct {
	src   []byte
	pos   int
	depth int
	err   error
}

func (s *jsonScan) fail(err error) bool {
	if s.err == nil {
		s.err = err
	}
	return false
}

// peek returns the next byte that is no white space, 0 at the end.
func (s *jsonScan) peek() byte {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take passes over one byte.
func (s *jsonScan) take(c byte) bool {
	if s.peek() != c {
		return s.fail(errJSON)
	}
	s.pos++
	return true
}

// str passes over a string and returns where its content stands.
func (s *jsonScan) str() (from, to int, ok bool) {
	if !s.take('"') {
		return 0, 0, false
	}
	from = s.pos
	for {
		k := bytes.IndexByte(s.src[s.pos:], '"')
		if k < 0 {
			s.pos = len(s.src)
			return from, s.pos, s.fail(errJSON)
		}
		quote := s.pos + k
		slashes := 0
		for i := quote - 1; i >= s.pos && s.src[i] == '\\'; i-- {
			slashes++
		}
		s.pos = quote + 1
		if slashes&1 == 0 {
			return from, quote, true
		}
	}
}

// skip passes over any value.
func (s *jsonScan) skip() bool {
	switch s.peek() {
	case '"':
		_, _, ok := s.str()
		return ok
	case '{':
		return s.object(func(int, int) bool { return s.skip() })
	case '[':
		return s.array(s.skip)
	}
	return s.word()
}

// word passes over a number or a name.
func (s *jsonScan) word() bool {
	from := s.pos
	for s.pos < len(s.src) && isWordByte(s.src[s.pos]) {
		s.pos++
	}
	word := s.src[from:s.pos]
	if len(word) == 0 {
		return s.fail(errJSON)
	}
	switch string(word) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return true
	}
	for _, c := range word {
		if isLetter(c) && c|0x20 != 'e' {
			return s.fail(errJSON)
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || isLetter(c) || c == '-' || c == '+' || c == '.'
}

// object calls member for each key (its content is src[from:to], not
// unescaped); member must pass over the value.
func (s *jsonScan) object(member func(from, to int) bool) bool {
	return s.list('{', '}', func() bool {
		from, to, ok := s.str()
		return ok && s.take(':') && member(from, to)
	})
}

// array calls element for each value, which must pass over it.
func (s *jsonScan) array(element func() bool) bool {
	return s.list('[', ']', element)
}

func (s *jsonScan) list(begin, end byte, element func() bool) bool {
	if !s.take(begin) {
		return false
	}
	if s.depth++; s.depth > maxJSONDepth {
		return s.fail(errJSONDeep)
	}
	if s.peek() == end {
		s.depth--
		s.pos++
		return true
	}
	for {
		if !element() {
			return false
		}
		if c := s.peek(); c == end {
			s.depth--
			s.pos++
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}
