package ledger

import (
	"slices"
	"time"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Answer is what the report of one state of a repository was made of.
type Answer struct {
	// State is the state, in whatever words: an answer holds for no other.
	State string
	// Name is the repository's identity.
	Name  string
	Count Count
	Notes []source.ItemError
	Hits  []Hit
	// Places are where the hits stand, in the order of the report.
	Places []Place
	// Submodules says that there are some: whether they are checked out is no
	// part of the state.
	Submodules bool
	// Basis is what the report of a state with more objects is made of.
	Basis Basis
}

// Count is what was read, in the words of source.Tally.
type Count struct {
	Expected, Objects, Blobs, Bytes, Images int64
}

// Minus is the difference of two counts.
func (c Count) Minus(other Count) Count {
	less := other.fields()
	for i, n := range c.fields() {
		*n -= *less[i]
	}
	return c
}

// Hit is an object with keys.
type Hit struct {
	ID string // raw bytes
	// Kind is its type, by Git's number.
	Kind    int
	Records []Record
}

// Record is a key in an object, or in what was unfolded of it, without the key.
type Record struct {
	Rule string
	// Start and Len are where it is, in bytes.
	Start, Len int
	// Literal says that the key stands there as it is, so that only it has to
	// be read again; then the rest is what else is known of it.
	Literal  bool
	Marked   bool
	Local    uint64
	Mentions []uint64
	Location finding.Location
}

// Place is where a hit stands.
type Place struct {
	Hit   int
	Place source.Place
	Path  string
	Git   finding.Git
}

// Texts are all texts of an answer that come from the repository.
func (a *Answer) Texts() []string {
	texts := []string{a.Name}
	for _, n := range slices.Concat(a.Notes, a.Basis.Notes) {
		texts = append(texts, n.Path, n.Reason)
	}
	for _, i := range a.Basis.Introductions {
		texts = append(texts, i.Path)
	}
	for _, s := range a.Basis.Silences {
		texts = append(texts, s.Path)
	}
	for _, p := range a.Places {
		texts = append(texts, p.Path, p.Git.Author, p.Git.Email)
		texts = append(texts, p.Git.Refs...)
	}
	return texts
}

func (a *Answer) encode() [][]byte {
	var e encoder
	e.text(a.State)
	e.text(a.Name)
	for _, n := range a.Count.fields() {
		e.int(*n)
	}
	e.notes(a.Notes)
	e.hits(a.Hits)
	e.uint(uint64(len(a.Places)))
	for _, p := range a.Places {
		e.uint(uint64(p.Hit))
		e.text(string(p.Place))
		e.text(p.Path)
		e.git(p.Git)
	}
	e.truth(a.Submodules)
	e.basis(&a.Basis)
	return [][]byte{e.out}
}

func (a *Answer) decode(d *decoder) {
	a.State = d.text()
	a.Name = d.text()
	for _, n := range a.Count.fields() {
		*n = d.int()
	}
	a.Notes = d.notes()
	a.Hits = d.hits()
	a.Places = list(d, func() Place {
		p := Place{Hit: d.small(), Place: source.Place(d.text()), Path: d.text(), Git: d.git()}
		if p.Hit >= len(a.Hits) {
			d.fail()
		}
		return p
	})
	a.Submodules = d.truth()
	a.Basis = d.basis(len(a.Hits))
}

func (e *encoder) hits(list []Hit) {
	e.uint(uint64(len(list)))
	for _, h := range list {
		e.text(h.ID)
		e.uint(uint64(h.Kind))
		e.uint(uint64(len(h.Records)))
		for _, r := range h.Records {
			e.record(r)
		}
	}
}

func (d *decoder) hits() []Hit {
	return list(d, func() Hit {
		return Hit{ID: d.text(), Kind: d.small(), Records: list(d, d.record)}
	})
}

func (c *Count) fields() []*int64 {
	return []*int64{&c.Expected, &c.Objects, &c.Blobs, &c.Bytes, &c.Images}
}

func (e *encoder) git(g finding.Git) {
	for _, text := range []string{g.Object, g.Commit, g.Author, g.Email, string(g.Reach)} {
		e.text(text)
	}
	e.truth(!g.Date.IsZero())
	if !g.Date.IsZero() {
		e.int(g.Date.Unix())
	}
	e.uint(uint64(len(g.Refs)))
	for _, name := range g.Refs {
		e.text(name)
	}
	e.uint(uint64(g.MoreRefs))
}

func (d *decoder) git() finding.Git {
	g := finding.Git{Object: d.text(), Commit: d.text(), Author: d.text(), Email: d.text(), Reach: finding.Reach(d.text())}
	if d.truth() {
		g.Date = time.Unix(d.int(), 0).UTC()
	}
	g.Refs = list(d, d.text)
	g.MoreRefs = d.small()
	return g
}
