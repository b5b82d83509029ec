package rewrite

// WithoutOutputs takes the outputs out of a notebook that show a key, and changes
// nothing else: keys in the source of cells stay. Of the cells in Outputs, where
// no single output shows it, all outputs go. What is no notebook comes back as
// it is.
func (f File) WithoutOutputs(keys []Key) Result {
	w := writing{text: f.Content, keys: keys}
	root, err := parseJSON(w.text)
	if err != nil {
		return Result{Content: f.Content}
	}
	hidden := map[int]bool{}
	for _, cell := range f.Outputs {
		hidden[cell] = true
	}
	for i, c := range cellsOf(root) {
		outputs := c.member("outputs")
		if outputs == nil || outputs.kind != '[' {
			continue
		}
		before := len(w.edits)
		w.outputs(outputs, i+1, false)
		if len(w.edits) == before && hidden[i+1] && len(outputs.children) > 0 {
			w.outputs(outputs, i+1, true)
			w.taken = append(w.taken, Place{Cell: i + 1, What: "the outputs that showed it are cleared"})
		}
	}
	return w.result(f)
}
