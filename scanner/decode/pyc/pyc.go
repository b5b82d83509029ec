// Package pyc reads the strings of compiled Python modules (.pyc) and the
// names that they are given to. It reads what CPython 3.6 to 3.14 write, by
// https://github.com/python/cpython/blob/main/Python/marshal.c; nothing is
// loaded or run. Damaged files are read as far as they can be.
package pyc

import "encoding/binary"

// Span is a stretch of the file.
type Span struct{ From, To int }

// Constant is a string of a module.
type Constant struct {
	Span
	// Name is that which the module gives it to; empty if it does something
	// else with it.
	Name Span
}

const (
	// maxDepth bounds how deep objects stand in each other, maxObjects how many
	// there are.
	maxDepth, maxObjects = 200, 1 << 20
	// keepsRef says that later objects may refer to this one.
	keepsRef = 0x80
)

// Is reports whether a file is a compiled module.
func Is(file []byte) bool {
	if len(file) < 24 || file[2] != '\r' || file[3] != '\n' || file[1] < 0x0d || file[1] > 0x0f {
		return false
	}
	return body(file) > 0
}

// body returns where the module's code begins, 0 if nowhere.
func body(file []byte) int {
	for _, at := range []int{16, 12} {
		if at < len(file) && file[at]&^keepsRef == 'c' {
			return at
		}
	}
	return 0
}

// Read calls found for the strings of a compiled module, in order. It returns
// false when it wants no more.
func Read(file []byte, found func(Constant) bool) {
	r := &reader{file: file, at: body(file), version: int(binary.LittleEndian.Uint16(file)), found: found, left: maxObjects}
	r.object(0)
}

// reader reads objects one after the other.
type reader struct {
	file    []byte
	at      int
	version int
	found   func(Constant) bool
	refs    []object
	left    int
	failed  bool
}

// object is what the reader keeps of one.
type object struct {
	// text is that of a string.
	text Span
	// is says that it is one, raw that it is one of bytes.
	is, raw bool
	items   []object
}

func (r *reader) fail() object {
	r.failed = true
	return object{}
}

// take passes over n bytes.
func (r *reader) take(n int) Span {
	if n < 0 || n > len(r.file)-r.at || r.failed {
		r.failed = true
		return Span{}
	}
	r.at += n
	return Span{r.at - n, r.at}
}

func (r *reader) byte() int {
	s := r.take(1)
	if r.failed {
		return 0
	}
	return int(r.file[s.From])
}

func (r *reader) long() int {
	s := r.take(4)
	if r.failed {
		return 0
	}
	return int(int32(binary.LittleEndian.Uint32(r.file[s.From:])))
}

// object reads the next object.
func (r *reader) object(depth int) object {
	if r.left--; r.left < 0 || depth > maxDepth || r.failed {
		return r.fail()
	}
	kind := r.byte()
	slot := -1
	if kind&keepsRef != 0 {
		slot = len(r.refs)
		r.refs = append(r.refs, object{})
	}
	o := r.content(byte(kind&^keepsRef), depth)
	if slot >= 0 {
		r.refs[slot] = o
	}
	return o
}

// content reads an object of a kind.
func (r *reader) content(kind byte, depth int) object {
	switch kind {
	case '0', 'N', 'F', 'T', 'S', '.':
		return object{}
	case 'i':
		r.take(4)
	case 'I', 'g':
		r.take(8)
	case 'y':
		r.take(16)
	case 'f':
		r.take(r.byte())
	case 'x':
		r.take(r.byte())
		r.take(r.byte())
	case 'l':
		n := r.long()
		r.take(2 * max(n, -n))
	case 's', 't', 'u', 'a', 'A':
		return object{text: r.take(r.long()), is: true, raw: kind == 's'}
	case 'z', 'Z':
		return object{text: r.take(r.byte()), is: true}
	case ')':
		return r.list(r.byte(), depth)
	case '(', '[', '<', '>':
		return r.list(r.long(), depth)
	case ':':
		return r.list(3, depth)
	case '{':
		return r.dict(depth)
	case 'r':
		if n := r.long(); n >= 0 && n < len(r.refs) {
			return r.refs[n]
		}
		return r.fail()
	case 'c':
		return r.code(depth)
	default:
		return r.fail()
	}
	return object{}
}

func (r *reader) list(n, depth int) object {
	var o object
	for ; n > 0 && !r.failed; n-- {
		o.items = append(o.items, r.object(depth+1))
	}
	return o
}

func (r *reader) dict(depth int) object {
	var o object
	for !r.failed && r.at < len(r.file) && r.file[r.at] != '0' {
		o.items = append(o.items, r.object(depth+1), r.object(depth+1))
	}
	r.byte()
	return o
}

// The first versions, by their magic numbers, with another layout.
const (
	python38  = 3400
	python311 = 3450
)

// code reads a code object and tells its strings.
func (r *reader) code(depth int) object {
	numbers := 5
	if r.version >= python38 && r.version < python311 {
		numbers = 6
	}
	for range numbers {
		r.long()
	}
	code, constants, names := r.object(depth+1), r.object(depth+1), r.object(depth+1)
	locals := r.object(depth + 1)
	if !r.failed {
		r.tell(code, constants, names, locals)
	}
	rest := 4 // free and cell variables, file and name
	if r.version >= python311 {
		rest = 4 // kinds of locals, file, name and qualified name
	}
	for range rest {
		r.object(depth + 1)
	}
	r.long()
	r.object(depth + 1)
	if r.version >= python311 {
		r.object(depth + 1)
	}
	return object{}
}

// isLoad reports whether an instruction loads a constant: its number has
// changed twice.
func isLoad(op byte) bool { return op == 100 || op == 83 || op == 82 }

// storesLocal is the instruction that gives a value to a local name, until
// Python 3.12.
const storesLocal = 125

// tell calls found for the strings among the constants. What follows the
// instruction that loads one gives it a name.
func (r *reader) tell(code, constants, names, locals object) {
	named := map[int]Span{}
	if code.raw {
		text := r.file[code.text.From:code.text.To]
		for i := 0; i+3 < len(text); i += 2 {
			if !isLoad(text[i]) {
				continue
			}
			list, k := names.items, int(text[i+3])
			if text[i+2] == storesLocal {
				list = locals.items
			}
			if k < len(list) && list[k].is {
				if _, again := named[int(text[i+1])]; !again {
					named[int(text[i+1])] = list[k].text
				}
			}
		}
	}
	for i, c := range constants.items {
		r.tellAll(c, named[i], 0)
	}
}

// tellAll tells a constant, or all of a tuple.
func (r *reader) tellAll(c object, name Span, depth int) {
	if c.is && !r.failed && !r.found(Constant{c.text, name}) {
		r.failed = true
	}
	if r.left--; depth > 8 || r.left < 0 {
		return
	}
	for _, item := range c.items {
		r.tellAll(item, Span{}, depth+1)
	}
}
