package ledger

import "github.com/qleaks/qleaks/scanner/finding"

func (e *encoder) record(r Record) {
	e.text(r.Rule)
	e.uint(uint64(r.Start))
	e.uint(uint64(r.Len))
	e.truth(r.Literal)
	if !r.Literal {
		return
	}
	e.truth(r.Marked)
	e.uint(r.Local)
	e.uint(uint64(len(r.Mentions)))
	for _, words := range r.Mentions {
		e.uint(words)
	}
	e.location(r.Location)
}

func (d *decoder) record() Record {
	r := Record{Rule: d.text(), Start: d.small(), Len: d.small(), Literal: d.truth()}
	if r.Literal {
		r.Marked = d.truth()
		r.Local = d.uint()
		r.Mentions = list(d, d.uint)
		r.Location = d.location()
	}
	return r
}

func (e *encoder) location(l finding.Location) {
	for _, n := range places(&l) {
		e.uint(uint64(*n))
	}
	e.uint(uint64(len(l.Way)))
	for _, step := range l.Way {
		e.text(step)
	}
	e.truth(l.Notebook != nil)
	if l.Notebook != nil {
		e.uint(uint64(l.Notebook.Cell))
		e.text(l.Notebook.Part)
		e.uint(uint64(l.Notebook.Line))
	}
}

func (d *decoder) location() finding.Location {
	var l finding.Location
	for _, n := range places(&l) {
		*n = d.small()
	}
	l.Way = list(d, d.text)
	if d.truth() {
		l.Notebook = &finding.Cell{Cell: d.small(), Part: d.text(), Line: d.small()}
	}
	return l
}

func places(l *finding.Location) []*int {
	return []*int{&l.Line, &l.Column, &l.EndLine, &l.EndColumn, &l.Column16, &l.EndColumn16}
}
