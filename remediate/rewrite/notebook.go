package rewrite

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

func isNotebook(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".ipynb") }

// notebook takes the keys out of cells and metadata, and drops the outputs that
// show one.
func (w *writing) notebook(outputs []int) {
	root, err := parseJSON(w.text)
	if err != nil {
		for _, o := range w.occurrences() {
			w.leave(o, "the notebook is no valid JSON: open and save it in Jupyter first")
		}
		return
	}
	code := kernelLanguage(root)
	cells := cellsOf(root)
	for i, c := range cells {
		w.inNotebookCell(c, i+1, code, slices.Contains(outputs, i+1))
	}
	w.strings(root, 0, cells)
}

// cellsOf returns the cells of a notebook, in worksheets where it is of format 3.
func cellsOf(root *node) []*node {
	var all []*node
	sheets := []*node{root}
	if list := root.member("worksheets"); list != nil {
		sheets = append(sheets, list.children...)
	}
	for _, sheet := range sheets {
		if cells := sheet.member("cells"); cells != nil && cells.kind == '[' {
			all = append(all, cells.children...)
		}
	}
	return all
}

// kernelLanguage is the language of the notebook's code; Python where nothing is
// said.
func kernelLanguage(root *node) *language {
	for _, path := range [][]string{{"metadata", "kernelspec", "language"}, {"metadata", "language_info", "name"}} {
		n := root
		for _, name := range path {
			n = n.member(name)
		}
		if n == nil || n.text == "" || strings.EqualFold(n.text, "python") {
			continue
		}
		if l := named(n.text); l != nil && l.name != "python" {
			return l
		}
		return &language{name: n.text, hint: "qleaks does not know how " + n.text + " looks up a variable: take the key out by hand"}
	}
	return ipython()
}

func (w *writing) inNotebookCell(c *node, number int, code *language, cleared bool) {
	source := c.member("source")
	if source == nil {
		source = c.member("input") // notebooks of format 3
	}
	var done []*node
	if source != nil {
		kind := ""
		if n := c.member("cell_type"); n != nil {
			kind = n.text
		}
		w.source(source, number, kind, code)
		done = append(done, source)
	}
	if outputs := c.member("outputs"); outputs != nil && outputs.kind == '[' {
		w.outputs(outputs, number, cleared)
		done = append(done, outputs)
	}
	w.strings(c, number, done)
}

// source rewrites the text of a cell. Lines that stay keep their bytes.
func (w *writing) source(n *node, number int, kind string, code *language) {
	part := writing{text: []byte(n.whole()), keys: w.keys, cell: number}
	if len(part.occurrences()) == 0 {
		return
	}
	switch kind {
	case "code":
		part.inCell(code)
	case "markdown", "heading":
		part.language(markdown())
	default:
		part.language(prose())
	}
	applied, ok := part.apply()
	if !ok {
		part.left = append(part.left, part.taken...)
	}
	w.left = append(w.left, part.left...)
	if !ok || len(part.edits) == 0 {
		return
	}
	w.taken = append(w.taken, part.taken...)
	for _, v := range part.variables {
		w.use(v.Name, v.Key)
	}
	text := string(applied)
	if n.kind == '"' {
		w.edits = append(w.edits, edit{n.start, n.end, quoted(text)})
		return
	}
	kept := map[string]string{}
	for _, line := range n.children {
		kept[line.text] = string(w.text[line.start:line.end])
	}
	var lines []string
	for line := range strings.Lines(text) {
		raw, ok := kept[line]
		if !ok {
			raw = quoted(line)
		}
		lines = append(lines, raw)
	}
	w.edits = append(w.edits, w.array(n, lines))
}

// outputs drops the outputs of a cell that show a key.
func (w *writing) outputs(n *node, number int, all bool) {
	var kept []string
	dropped := false
	for _, output := range n.children {
		text := w.text[output.start:output.end]
		shows := false
		for i, k := range w.keys {
			if bytes.Contains(text, []byte(k.Value.Reveal())) || strings.Contains(output.whole(), k.Value.Reveal()) {
				w.taken = append(w.taken, Place{Cell: number, Key: i, What: "the output that showed it is cleared"})
				shows = true
			}
		}
		if shows || all {
			dropped = true
			continue
		}
		kept = append(kept, string(text))
	}
	if dropped {
		w.edits = append(w.edits, w.array(n, kept))
	}
}

// array writes the elements of an array as they were written.
func (w *writing) array(n *node, elements []string) edit {
	if len(elements) == 0 || len(n.children) == 0 {
		return edit{n.start, n.end, "[" + strings.Join(elements, ", ") + "]"}
	}
	first, last := n.children[0], n.children[len(n.children)-1]
	lead := string(w.text[n.start+1 : first.start])
	separator := "," + lead
	if lead == "" {
		separator = ", "
	}
	if len(n.children) > 1 {
		separator = string(w.text[first.end:n.children[1].start])
	}
	return edit{n.start, n.end, "[" + lead + strings.Join(elements, separator) + string(w.text[last.end:n.end])}
}

// strings replaces keys in all other strings, but not in what is done already.
func (w *writing) strings(n *node, number int, done []*node) {
	if slices.Contains(done, n) {
		return
	}
	if n.kind == '"' {
		part := writing{text: w.text[n.start:n.end], keys: w.keys, cell: number}
		part.language(prose())
		for i := range part.taken {
			part.taken[i].Line = w.line(n.start)
		}
		w.adopt(part, n.start)
		return
	}
	for _, c := range n.children {
		w.strings(c, number, done)
	}
}

// quoted writes a string as Jupyter does.
func quoted(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return `""` // a string can always be written
	}
	return strings.TrimSuffix(out.String(), "\n")
}
