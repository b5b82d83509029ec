package decode

import (
	"bytes"
	"path"
	"strings"

	"github.com/qleaks/qleaks/scanner/source"
)

// isNotebook reports whether text looks like a Jupyter notebook, of nbformat 3
// or 4, even if it is cut off.
func isNotebook(text []byte) bool {
	start := bytes.TrimLeft(text[:min(len(text), sniffBytes)], "\xef\xbb\xbf \t\r\n")
	if len(start) == 0 || start[0] != '{' {
		return false
	}
	cells := bytes.Contains(text, []byte(`"cells"`)) || bytes.Contains(text, []byte(`"worksheets"`))
	return cells && (bytes.Contains(text, []byte(`"nbformat"`)) || bytes.Contains(text, []byte(`"cell_type"`)))
}

// notebookHint notes a file that is called a notebook and is none.
func (w *walk) notebookHint(n *node) bool {
	if !strings.EqualFold(path.Ext(w.path), ".ipynb") || len(bytes.TrimSpace(n.text)) == 0 {
		return true
	}
	return w.brokenNotebook(n, errJSON)
}

func (w *walk) brokenNotebook(n *node, err error) bool {
	return w.note(n.member, source.Excluded, "the notebook was read as text: "+err.Error(), err)
}

// notebook yields the parts of a notebook, and reports whether it was read as
// a whole. Of one that is broken it yields what comes before.
func (w *walk) notebook(n *node) (whole, more bool) {
	if !w.inTime() {
		return false, false
	}
	r := &notebookReader{w: w, n: n, scan: jsonScan{src: n.text}}
	r.text.b, r.rest.b = w.builder(), w.builder()
	defer w.giveBack(r.text.b)
	defer w.giveBack(r.rest.b)
	if !w.o.Fragment && n.isProgram() && hasPiece(n.text, 0, min(len(n.text), maxProgram)) {
		r.programs = &programs{}
	}
	whole = r.whole()
	if w.stopped {
		return whole, false
	}
	if !whole {
		_ = r.scan.fail(errJSON)
		if !r.text.flush(r, false) || !r.rest.flush(r, false) {
			return false, false
		}
		return false, w.brokenNotebook(n, r.scan.err)
	}
	return true, r.programs == nil || w.namedCells(n, r.programs)
}

// notebookReader walks over a notebook's JSON and hands out its parts.
type notebookReader struct {
	w    *walk
	n    *node
	scan jsonScan
	cell int
	// text is the part being read; rest gathers the small fields of an
	// output, which make one part.
	text, rest partText
	// skim passes over the parts; cells and sources are then where the cells
	// stand, and their sources.
	skim           bool
	cells, sources [][2]int
	// programs gathers the sources, unless it is nil.
	programs *programs
}

// Cells tells where the cells of a notebook stand, where their sources do, and
// how many pictures are in it, without reading either. It returns false for one
// that is not well-formed.
func Cells(content []byte) (cells, sources [][2]int, images int, ok bool) {
	w := &walk{o: Options{Images: &images}}
	r := &notebookReader{w: w, scan: jsonScan{src: content}, skim: true}
	r.text.b, r.rest.b = &builder{}, &builder{}
	ok = r.whole()
	return r.cells, r.sources, images, ok
}

// whole reads the notebook and reports whether it is well-formed to its end.
func (r *notebookReader) whole() bool {
	if bytes.HasPrefix(r.scan.src, []byte("\xef\xbb\xbf")) {
		r.scan.pos = 3
	}
	return r.notebook() && r.scan.peek() == 0 && r.scan.pos >= len(r.scan.src)
}

func (r *notebookReader) key(from, to int) string { return string(r.scan.src[from:min(to, from+64)]) }

func (r *notebookReader) notebook() bool {
	return r.scan.object(func(from, to int) bool {
		switch r.key(from, to) {
		case "cells":
			return r.readCells()
		case "worksheets":
			return r.each(r.worksheet)
		default:
			return r.lines(Part{Name: "metadata"}, from, to)
		}
	})
}

func (r *notebookReader) worksheet() bool {
	return r.fields(func(from, to int) bool {
		if r.key(from, to) == "cells" {
			return r.readCells()
		}
		return r.lines(Part{Name: "metadata"}, from, to)
	})
}

// each calls element for the elements of an array and passes over another
// value.
func (r *notebookReader) each(element func() bool) bool {
	if r.scan.peek() != '[' {
		return r.scan.skip()
	}
	return r.scan.array(element)
}

// fields calls member for the members of an object and passes over another
// value.
func (r *notebookReader) fields(member func(from, to int) bool) bool {
	if r.scan.peek() != '{' {
		return r.scan.skip()
	}
	return r.scan.object(member)
}

func (r *notebookReader) readCells() bool {
	return r.each(func() bool {
		r.cell++
		r.scan.peek()
		from := r.scan.pos
		ok := r.fields(r.cellField)
		if r.skim {
			r.cells = append(r.cells, [2]int{from, r.scan.pos})
		}
		return ok
	})
}

func (r *notebookReader) cellField(from, to int) bool {
	switch r.key(from, to) {
	case "source", "input":
		r.scan.peek()
		begin := r.scan.pos
		ok := r.strings(Part{r.cell, "source"}, from, to, "")
		if r.skim {
			r.sources = append(r.sources, [2]int{begin, r.scan.pos})
		}
		return ok
	case "outputs":
		return r.each(r.output)
	case "attachments":
		return r.fields(func(int, int) bool { return r.bundle("attachment") })
	case "id", "cell_type", "execution_count", "prompt_number", "language", "collapsed", "level":
		return r.scan.skip()
	default:
		return r.lines(Part{r.cell, "metadata"}, from, to)
	}
}

func (r *notebookReader) output() bool {
	part := Part{r.cell, "output"}
	r.rest.begin(part)
	ok := r.fields(func(from, to int) bool {
		switch r.key(from, to) {
		case "data":
			return r.bundle("output")
		case "text", "html", "latex", "javascript", "json":
			return r.strings(part, from, to, "")
		case "png", "jpeg", "svg":
			return r.image()
		case "traceback":
			return r.strings(Part{r.cell, "traceback"}, from, to, "\n")
		case "output_type", "execution_count", "prompt_number", "name", "stream":
			return r.scan.skip()
		default:
			return r.value(&r.rest, from, to)
		}
	})
	return ok && r.rest.flush(r, false)
}

// bundle reads the MIME types of one output or attachment.
func (r *notebookReader) bundle(name string) bool {
	return r.fields(func(from, to int) bool {
		if isImageType(r.scan.src[from:to]) {
			return r.image()
		}
		return r.strings(Part{r.cell, name}, from, to, "")
	})
}

func isImageType(key []byte) bool {
	return bytes.HasPrefix(key, []byte("image/")) || bytes.HasPrefix(key, []byte(`image\/`))
}

// image counts a picture and passes over it.
func (r *notebookReader) image() bool {
	*r.w.o.Images++
	return r.scan.skip()
}

// strings reads a string, or a list of strings that are joined, as one part;
// other values are read as lines.
func (r *notebookReader) strings(part Part, from, to int, separator string) bool {
	r.text.begin(part)
	switch r.scan.peek() {
	case '"':
		if !r.str() {
			return false
		}
	case '[':
		first := true
		ok := r.scan.array(func() bool {
			if r.scan.peek() != '"' {
				return r.value(&r.text, from, to)
			}
			if !first {
				r.text.b.str(separator, r.scan.pos, r.scan.pos)
			}
			first = false
			return r.str()
		})
		if !ok {
			return false
		}
	default:
		if !r.value(&r.text, from, to) {
			return false
		}
	}
	return r.text.flush(r, false)
}

// str appends a string to the text and counts the pictures inside of it.
func (r *notebookReader) str() bool {
	from, to, ok := r.scan.str()
	*r.w.o.Images += bytes.Count(r.scan.src[from:to], []byte("data:image/"))
	return r.text.unescape(r, from, to) && ok
}

// lines reads a value as a part with one line `key: "value"` for each string.
func (r *notebookReader) lines(part Part, from, to int) bool {
	r.text.begin(part)
	return r.value(&r.text, from, to) && r.text.flush(r, false)
}

// value appends the lines of a value whose key is src[from:to].
func (r *notebookReader) value(t *partText, from, to int) bool {
	switch r.scan.peek() {
	case '"':
		return r.line(t, from, to)
	case '{':
		return r.scan.object(func(from, to int) bool {
			if isImageType(r.scan.src[from:to]) {
				return r.image()
			}
			return r.value(t, from, to)
		})
	case '[':
		return r.scan.array(func() bool { return r.value(t, from, to) })
	}
	return r.scan.skip()
}

func (r *notebookReader) line(t *partText, from, to int) bool {
	start, end, ok := r.scan.str()
	if !t.unescape(r, from, to) {
		return false
	}
	t.b.str(`: "`, to, start)
	if !t.unescape(r, start, end) || !ok {
		return false
	}
	t.b.str("\"\n", end, r.scan.pos)
	return true
}
