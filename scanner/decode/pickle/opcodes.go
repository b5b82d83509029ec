package pickle

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// Operations that are no printable characters.
const (
	opProto        = 0x80
	opNewObject    = 0x81
	opExt1         = 0x82
	opExt2         = 0x83
	opExt4         = 0x84
	opTuple1       = 0x85
	opTuple2       = 0x86
	opTuple3       = 0x87
	opTrue         = 0x88
	opFalse        = 0x89
	opLong1        = 0x8a
	opLong4        = 0x8b
	opShortUnicode = 0x8c
	opUnicode8     = 0x8d
	opBytes8       = 0x8e
	opEmptySet     = 0x8f
	opAddItems     = 0x90
	opFrozenSet    = 0x91
	opNewObjectEx  = 0x92
	opStackGlobal  = 0x93
	opMemoize      = 0x94
	opFrame        = 0x95
	opByteArray    = 0x96
	opBuffer       = 0x97
	opReadOnly     = 0x98
)

// The forms of operands: so many bytes, or one of these.
const (
	unknown = -1
	line    = -2
	lines   = -3
	// counted says that the length stands before, in so many bytes less.
	counted = 100
)

// operandOf returns the form of the operand of an operation.
func operandOf(op byte) int {
	switch op {
	case '(', '.', '0', '1', '2', 'N', 'Q', 'R', 'a', 'b', 'd', ')', 'e', 'l', ']', 'o', 's', 't', 'u', '}',
		opNewObject, opTuple1, opTuple2, opTuple3, opTrue, opFalse, opEmptySet, opAddItems, opFrozenSet,
		opNewObjectEx, opStackGlobal, opMemoize, opBuffer, opReadOnly:
		return 0
	case 'K', 'h', 'q', opProto, opExt1:
		return 1
	case 'M', opExt2:
		return 2
	case 'J', 'j', 'r', opExt4:
		return 4
	case 'G', opFrame:
		return 8
	case 'F', 'I', 'L', 'P', 'S', 'V', 'g', 'p':
		return line
	case 'c', 'i':
		return lines
	case 'U', 'C', opLong1, opShortUnicode:
		return counted + 1
	case 'T', 'X', 'B', opLong4:
		return counted + 4
	case opUnicode8, opBytes8, opByteArray:
		return counted + 8
	}
	return unknown
}

// operand returns where the operand of the operation at i stands and where the
// next operation begins, -1 if it is damaged. Of two lines it is the second.
func operand(src []byte, i int) (from, to, next int) {
	form := operandOf(src[i])
	from = i + 1
	switch {
	case form == unknown:
		return 0, 0, -1
	case form >= counted:
		return countedOperand(src, from, form-counted)
	case form >= 0:
		if to = from + form; to > len(src) {
			return 0, 0, -1
		}
		return from, to, to
	}
	for ; ; from = to + 1 {
		k := bytes.IndexByte(src[from:], '\n')
		if k < 0 {
			return 0, 0, -1
		}
		if to = from + k; form == line {
			break
		}
		form = line
	}
	next = to + 1
	if src[i] == 'S' && to-from >= 2 {
		from, to = from+1, to-1 // the quotes
	}
	return from, to, next
}

func countedOperand(src []byte, i, width int) (from, to, next int) {
	var size [8]byte
	if i+width > len(src) {
		return 0, 0, -1
	}
	copy(size[:], src[i:i+width])
	n := binary.LittleEndian.Uint64(size[:])
	from = i + width
	if n > uint64(len(src)-from) {
		return 0, 0, -1
	}
	to = from + int(n)
	return from, to, to
}

// index reads which value is to be stored or is asked for, -1 if that is no
// number.
func index(op byte, operand []byte) int {
	if op == 'p' || op == 'g' {
		n, err := strconv.Atoi(string(operand[:min(len(operand), 20)]))
		if err != nil {
			return -1
		}
		return n
	}
	n := 0
	for i, c := range operand {
		n |= int(c) << (8 * i)
	}
	return n
}
