// Package pickle tells what the strings of a Python pickle say, in the order in
// which they stand and as the literals of a program would: "token": "…". It
// follows what the pickle would put on its stack, as far as that says which
// string is the name of which, and makes no object of it. Protocols 0 to 5 are
// described in CPython's Lib/pickletools.py.
package pickle

import (
	"bytes"
	"math"
)

// Piece is a part of what a pickle says: content[From:To], with text before and
// after it that is not in the content.
type Piece struct {
	Before, After string
	From, To      int
	// Bytes says that the content is a value of bytes, which may be no text.
	Bytes bool
}

const (
	// maxMarks bounds the marks on the stack, and maxMemo the values that are
	// remembered; a pickle that needs more is read to that place.
	maxMarks = 1 << 14
	maxMemo  = 1 << 20
	// maxItems is how many values above a mark are kept: only the last say
	// what the next one is.
	maxItems = 64
	// longestRepeat is the longest string that is told again where the pickle
	// refers to it, in bytes.
	longestRepeat = 128
	// longestName bounds the name of a class.
	longestName = 256
)

// Is reports whether content begins like a pickle.
func Is(content []byte) bool {
	if len(content) < 4 {
		return false
	}
	switch content[0] {
	case 0x80:
		return content[1] >= 2 && content[1] <= 5 && operandOf(content[2]) != unknown
	case '(':
		return (content[1] == 'd' || content[1] == 'l') && content[2] == 'p' && content[3] >= '0' && content[3] <= '9'
	case 'c':
		return bytes.HasPrefix(content, []byte("ccopy_reg\n")) || bytes.HasPrefix(content, []byte("c__builtin__\n")) ||
			bytes.HasPrefix(content, []byte("ccopyreg\n"))
	case '}', ']':
		return content[1] == 'q' && content[2] == 0 && content[3] < 0x80
	}
	return false
}

// Read calls yield for the pieces of the pickles that content begins with,
// until it returns false. It returns how much of the content it read: what
// follows is no pickle, or one that is damaged.
func Read(content []byte, yield func(Piece) bool) (read int) {
	m := machine{src: content[:min(len(content), math.MaxInt32)], yield: yield}
	for {
		m.frames = append(m.frames[:0], frame{})
		m.memo = m.memo[:0]
		if !m.pickle() {
			return m.pos
		}
		if rest := m.src[m.pos:]; len(rest) == 0 || !Is(rest) {
			return m.pos
		}
	}
}

// role is what a value is within a mapping.
type role byte

const (
	single role = iota
	name
	named
)

// item is a value on the stack: a string stands at src[from:to].
type item struct {
	from, to int32
	role     role
	// mapping is true for one whose names and values are pushed, text for a
	// string, class for a class or function, whose arguments are pushed.
	mapping, text, class bool
}

// frame holds the values above a mark.
type frame struct {
	items []item
}

type machine struct {
	src    []byte
	pos    int
	yield  func(Piece) bool
	ended  bool
	frames []frame
	memo   []item
}

// pickle reads one pickle and reports whether it came to its end.
func (m *machine) pickle() bool {
	for !m.ended && m.pos < len(m.src) {
		op := m.src[m.pos]
		from, to, next := operand(m.src, m.pos)
		if next < 0 {
			return false
		}
		m.pos = next
		if op == '.' {
			m.say("\n")
			return !m.ended
		}
		if !m.do(op, from, to) {
			return false
		}
	}
	return false
}

// do does what an operation does to the stack.
func (m *machine) do(op byte, from, to int) bool {
	switch op {
	case 'S', 'V', 'X', opShortUnicode, opUnicode8:
		m.text(from, to, false)
	case 'U', 'T', 'C', 'B', opBytes8, opByteArray:
		m.text(from, to, true)
	case 'I', 'F', 'L', 'K', 'M', 'J', 'G', 'N', 'P', opLong1, opLong4, opTrue, opFalse, opExt1, opExt2, opExt4, opBuffer:
		m.value()
	case '(':
		return m.mark()
	case '}':
		m.push(item{mapping: true})
		m.say("{")
	case ']', ')', opEmptySet:
		m.push(item{})
	case 'd':
		m.close()
		m.push(item{mapping: true})
		m.say("{")
	case 't', 'l', opFrozenSet, 'o', 'i':
		m.close()
		m.push(item{})
	case 'u':
		m.close()
		m.settle()
	case 'e', opAddItems:
		m.close()
	case 's':
		m.pop(2)
		m.say("\n")
	case 'a', '0':
		m.pop(1)
	case '1':
		m.close()
	case 'b':
		m.pop(1)
		m.say("\n")
	case 'c':
		m.class(from, to)
	case opStackGlobal:
		top := m.top()
		m.pop(2)
		m.class(int(top.from), int(top.to))
	case 'R', opNewObject:
		m.pop(2)
		m.push(item{})
	case opNewObjectEx:
		m.pop(3)
		m.push(item{})
	case opTuple1, opTuple2, opTuple3:
		m.pop(int(op-opTuple1) + 1)
		m.push(item{})
	default:
		return m.remember(op, from, to)
	}
	return true
}

// remember does the operations that store values, and those that ask for them.
func (m *machine) remember(op byte, from, to int) bool {
	switch op {
	case opMemoize:
		return m.store(len(m.memo))
	case 'p', 'q', 'r':
		return m.store(index(op, m.src[from:to]))
	case 'g', 'h', 'j':
		i := index(op, m.src[from:to])
		if i < 0 || i >= len(m.memo) {
			m.push(item{})
			return true
		}
		if v := m.memo[i]; v.text && v.to-v.from <= longestRepeat {
			m.text(int(v.from), int(v.to), false)
		} else {
			m.push(item{mapping: v.mapping})
		}
	case '2':
		m.push(m.top())
	}
	return true
}

func (m *machine) store(i int) bool {
	if i < 0 || i >= maxMemo {
		return i < 0
	}
	for len(m.memo) <= i {
		m.memo = append(m.memo, item{})
	}
	m.memo[i] = m.top()
	return true
}

// text tells a string and pushes it.
func (m *machine) text(from, to int, isBytes bool) {
	v := item{from: int32(from), to: int32(to), text: true}
	v.role = m.push(v)
	p := Piece{Before: `"`, From: from, To: to, After: `", `, Bytes: isBytes}
	switch v.role {
	case name:
		p.After = `": `
	case named:
		p.After = "\",\n"
	case single:
	}
	m.emit(p)
}

// value pushes something that has no text.
func (m *machine) value() {
	if m.push(item{}) == named {
		m.say("0,\n")
	}
}

// class tells the name of a class or function, as if it were called, and pushes
// it.
func (m *machine) class(from, to int) {
	m.push(item{class: true})
	if from < to && to-from <= longestName {
		m.emit(Piece{Before: "\n", From: from, To: to, After: "("})
	}
}

func (m *machine) say(s string) { m.emit(Piece{Before: s, From: m.pos, To: m.pos}) }

func (m *machine) emit(p Piece) { m.ended = m.ended || !m.yield(p) }
