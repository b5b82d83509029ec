// Package pdf reads the text of PDF files: that of pages as it is shown, of
// forms, notes and other strings, and streams that hold other files. It finds
// the objects by themselves and not by the tables of a file, so that damaged
// files and earlier versions of a page are read too. Nothing is drawn or run.
// The format is ISO 32000.
package pdf

import (
	"bytes"
	"io"
	"slices"
	"strconv"
)

// Magic is what a file begins with.
const Magic = "%PDF-"

const (
	// maxObjects bounds the objects of a file.
	maxObjects = 1 << 18
	// leastEffort and effortPerByte bound how many bytes are parsed of a file:
	// each object is looked at a few times.
	leastEffort   = 8 << 20
	effortPerByte = 8
	// maxResolved is how many references may lead to each other.
	maxResolved = 16
)

// File is a file in memory.
type File struct {
	src     []byte
	read    func(io.Reader) ([]byte, error)
	objects map[ref]object
	// numbers are the objects in the order of the file.
	numbers []ref
	// older are objects that were replaced by later ones of their number.
	older     []object
	trailer   dict
	encrypted bool
	err       error
	fonts     map[ref]*font
	// known are the fonts of all pages by their names there.
	known dict
	// shown are the streams whose text was told.
	shown map[ref]bool
	// effort is how many bytes may still be parsed: objects may overlap.
	effort int
}

// object is where an object stands.
type object struct {
	src []byte
	at  int
}

// stream is a dictionary with bytes.
type stream struct {
	dict dict
	data []byte
}

// Open finds the objects of a file. The streams are read by read, which holds
// the caller's budgets: of a stream that is too long it returns the beginning
// and an error.
func Open(src []byte, read func(io.Reader) ([]byte, error)) *File {
	f := &File{src: src, read: read, objects: map[ref]object{}, trailer: dict{}, known: dict{}, fonts: map[ref]*font{}, shown: map[ref]bool{}}
	f.effort = leastEffort + effortPerByte*len(src)
	f.find()
	if f.trailer["Encrypt"] != nil {
		f.encrypted = true
		return f
	}
	for _, n := range slices.Clip(f.numbers) {
		if s, ok := f.resolve(n).(*stream); ok && s.dict["Type"] == name("ObjStm") {
			f.shown[n] = true
			f.packed(s)
		}
	}
	return f
}

// Encrypted reports whether the file is; then nothing else is told of it.
func (f *File) Encrypted() bool { return f.encrypted }

// Err is why something was not read so far, or not to its end; nil for nothing.
func (f *File) Err() error { return f.err }

// fail keeps the first error.
func (f *File) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// find lists the objects and trailers that stand in the file by themselves.
func (f *File) find() {
	for i := 0; ; {
		k := bytes.Index(f.src[i:], []byte("obj"))
		if k < 0 {
			break
		}
		at := i + k
		i = at + 3
		if n, ok := numberBefore(f.src[:at]); ok {
			f.add(n, object{f.src, i})
		}
	}
	for i := 0; ; {
		k := bytes.Index(f.src[i:], []byte("trailer"))
		if k < 0 {
			break
		}
		i += k + len("trailer")
		l := lexer{src: f.src, pos: i}
		if v, ok := l.next(); ok {
			f.trail(v)
		}
	}
}

// trail takes over what a trailer says.
func (f *File) trail(v any) {
	d, _ := v.(dict)
	for _, key := range []name{"Root", "Info", "Encrypt"} {
		if d[key] != nil {
			f.trailer[key] = d[key]
		}
	}
}

func (f *File) add(n ref, o object) {
	if len(f.numbers)+len(f.older) >= maxObjects {
		f.fail(errEffort)
		return
	}
	if before, ok := f.objects[n]; ok {
		f.older = append(f.older, before)
	} else {
		f.numbers = append(f.numbers, n)
	}
	f.objects[n] = o
	// A file whose trailer is a stream says so in the stream's dictionary.
	if head := o.src[o.at:min(len(o.src), o.at+512)]; bytes.Contains(head, []byte("/XRef")) {
		l := lexer{src: o.src, pos: o.at}
		v, _ := l.next()
		f.trail(v)
	}
}

// numberBefore reads the "12 0 " that text ends with.
func numberBefore(text []byte) (ref, bool) {
	generation, text := digitsBefore(text)
	number, _ := digitsBefore(text)
	n, err := strconv.Atoi(string(number))
	return ref(n), len(generation) > 0 && err == nil && n > 0
}

func digitsBefore(text []byte) (digits, rest []byte) {
	text = bytes.TrimRight(text, " \r\n\t\f\x00")
	i := len(text)
	for i > 0 && len(text)-i < 10 && text[i-1] >= '0' && text[i-1] <= '9' {
		i--
	}
	return text[i:], text[:i]
}

// resolve follows references and reads what they lead to; nil for nothing.
func (f *File) resolve(v any) any {
	for range maxResolved {
		n, is := v.(ref)
		if !is {
			return v
		}
		o, ok := f.objects[n]
		if !ok {
			return nil
		}
		v = f.parse(o)
	}
	return nil
}

// parse reads the value of an object.
func (f *File) parse(o object) any {
	l := lexer{src: o.src, pos: o.at}
	if !f.worth(0) {
		return nil
	}
	v, ok := l.next()
	f.worth(l.pos - o.at)
	if !ok {
		return nil
	}
	d, is := v.(dict)
	if !is {
		if n, is := v.(float64); is { // "12 0 R" alone
			if l.next(); l.pos < len(l.src) {
				if op, _ := l.next(); op == operator("R") {
					return ref(n)
				}
			}
		}
		return v
	}
	l.space()
	rest := l.src[l.pos:]
	if !bytes.HasPrefix(rest, []byte("stream")) {
		return d
	}
	rest = rest[len("stream"):]
	if data, found := bytes.CutPrefix(rest, []byte("\r\n")); found {
		rest = data
	} else if len(rest) > 0 && (rest[0] == '\n' || rest[0] == '\r') {
		rest = rest[1:]
	}
	return &stream{dict: d, data: f.streamBytes(d, rest)}
}

// streamBytes returns the bytes of a stream: as many as it says, if its end
// follows then, else all up to the end.
func (f *File) streamBytes(d dict, rest []byte) []byte {
	length := d["Length"]
	if n, is := length.(ref); is {
		if o, ok := f.objects[n]; ok {
			l := lexer{src: o.src, pos: o.at}
			length, _ = l.next()
		}
	}
	if n, is := length.(float64); is && n >= 0 && n <= float64(len(rest)) {
		behind := rest[int(n):]
		if bytes.HasPrefix(bytes.TrimLeft(behind[:min(len(behind), 16)], "\r\n "), []byte("endstream")) {
			return rest[:int(n)]
		}
	}
	if k := bytes.Index(rest, []byte("endstream")); k >= 0 {
		rest = rest[:k]
	}
	f.worth(len(rest))
	return rest
}

// worth takes bytes off the effort, and reports whether there is some left.
func (f *File) worth(n int) bool {
	f.effort -= n
	if f.effort < 0 {
		f.fail(errEffort)
	}
	return f.effort >= 0
}

// packed adds the objects of a stream of objects.
func (f *File) packed(s *stream) {
	data, err := f.decoded(s)
	f.fail(err)
	count, _ := f.resolve(s.dict["N"]).(float64)
	first, _ := f.resolve(s.dict["First"]).(float64)
	l := lexer{src: data}
	for range int(min(max(count, 0), maxObjects)) {
		n, okN := l.next()
		at, okAt := l.next()
		number, isN := n.(float64)
		offset, isAt := at.(float64)
		if !okN || !okAt || !isN || !isAt || number <= 0 {
			return
		}
		if from := first + offset; from >= 0 && from < float64(len(data)) {
			f.add(ref(number), object{data, int(from)})
		}
	}
}

// list returns a value that may stand alone or in an array, by either name.
func (f *File) list(d dict, names ...name) []any {
	for _, n := range names {
		switch v := f.resolve(d[n]).(type) {
		case nil:
		case []any:
			return v
		default:
			return []any{d[n]}
		}
	}
	return nil
}

// dict returns the dictionary that a value is or leads to.
func (f *File) dict(v any) dict {
	switch v := f.resolve(v).(type) {
	case dict:
		return v
	case *stream:
		return v.dict
	}
	return nil
}
