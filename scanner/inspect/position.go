package inspect

import (
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/finding"
)

// ruler walks over a base once and tells lines and columns of ascending
// offsets.
type ruler struct {
	base   []byte
	offset int
	// line, column and column16 count from 0.
	line, column, column16 int
}

func newRuler(base []byte, at Position) *ruler {
	return &ruler{base: base, line: at.Line, column: at.Column, column16: at.Column16}
}

// to moves to an offset that is not before the last one.
func (r *ruler) to(offset int) {
	offset = min(offset, len(r.base))
	for r.offset < offset {
		c := r.base[r.offset]
		if c < utf8.RuneSelf {
			r.offset++
			r.column++
			r.column16++
			if c == '\n' {
				r.line, r.column, r.column16 = r.line+1, 0, 0
			}
			continue
		}
		char, size := utf8.DecodeRune(r.base[r.offset:])
		r.offset += size
		r.column++
		r.column16++
		if char > 0xFFFF {
			r.column16++
		}
	}
}

// span fills the lines and columns of [start, end) into a location.
func (r *ruler) span(start, end int, l *finding.Location) {
	r.to(start)
	l.Line, l.Column, l.Column16 = r.line+1, r.column+1, r.column16+1
	// The end is told by a copy: the next span may begin before this end.
	after := *r
	after.to(end)
	l.EndLine, l.EndColumn, l.EndColumn16 = after.line+1, after.column+1, after.column16+1
}

// After returns the position that follows content, for the next piece of the
// same file.
func (p Position) After(content []byte) Position {
	r := newRuler(content, p)
	r.to(len(content))
	return Position{Line: r.line, Column: r.column, Column16: r.column16}
}
