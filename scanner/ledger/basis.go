package ledger

import (
	"bytes"
	"maps"
	"slices"

	"github.com/qleaks/qleaks/scanner/source"
)

// Basis is what is known of a repository besides its report: with what is new in
// it, it gives the next report.
type Basis struct {
	// Known is false if there is none. Then the rest is empty.
	Known bool
	// Packs and Loose are the objects that were there, as a pack.Inventory
	// tells them.
	Packs map[string]string
	Loose []byte
	// Missing are the ids that objects name and that are not there, in order.
	Missing []string
	// Graph is the mark of the graph that Commits come on top of.
	Graph   string
	Commits []Commit
	// Tags are all of them.
	Tags []Tag
	// Hits are objects with keys that stand nowhere, after those of the answer.
	Hits []Hit
	// Introductions are all those of blobs with keys.
	Introductions []Introduction
	// Silences are where hits stand and no rule tells them.
	Silences []Silence
	// Notes are those that belong to objects.
	Notes []source.ItemError
	// Objects are those that came after the file of objects was written.
	Objects Objects
}

// Commit is one in the history.
type Commit struct {
	ID string
	// Time is the committer's, in seconds.
	Time int64
	// First says that it has no parents.
	First bool
	// Parents are those that are there.
	Parents []string
}

// Tag is an annotated tag and what it names.
type Tag struct{ ID, Target string }

// Introduction says that a commit brought a blob with a key to a path.
type Introduction struct {
	// Hit is the blob's number among the answer's hits and the basis' after
	// them.
	Hit    int
	Commit string
	Path   string
}

// Silence is a hit, by its number as in an Introduction, at a path as a report
// would call it.
type Silence struct {
	Hit  int
	Path string
}

func (e *encoder) basis(b *Basis) {
	e.truth(b.Known)
	if !b.Known {
		return
	}
	e.uint(uint64(len(b.Packs)))
	for _, file := range slices.Sorted(maps.Keys(b.Packs)) {
		e.text(file)
		e.text(b.Packs[file])
	}
	e.text(string(b.Loose))
	e.texts(b.Missing)
	e.text(b.Graph)
	e.uint(uint64(len(b.Commits)))
	for _, c := range b.Commits {
		e.text(c.ID)
		e.int(c.Time)
		e.truth(c.First)
		e.texts(c.Parents)
	}
	e.uint(uint64(len(b.Tags)))
	for _, t := range b.Tags {
		e.text(t.ID)
		e.text(t.Target)
	}
	e.hits(b.Hits)
	e.uint(uint64(len(b.Introductions)))
	for _, i := range b.Introductions {
		e.uint(uint64(i.Hit))
		e.text(i.Commit)
		e.text(i.Path)
	}
	e.uint(uint64(len(b.Silences)))
	for _, s := range b.Silences {
		e.uint(uint64(s.Hit))
		e.text(s.Path)
	}
	e.notes(b.Notes)
	e.out = append(e.out, bytes.Join(b.Objects.encode(), nil)...)
}

// basis decodes one, of an answer with so many hits.
func (d *decoder) basis(hits int) Basis {
	b := Basis{Known: d.truth()}
	if !b.Known {
		return b
	}
	b.Packs = map[string]string{}
	for n := d.uint(); n > 0 && !d.broken; n-- {
		file := d.text()
		b.Packs[file] = d.text()
	}
	b.Loose = d.bytes(d.uint())
	b.Missing = list(d, d.text)
	b.Graph = d.text()
	b.Commits = list(d, func() Commit {
		return Commit{ID: d.text(), Time: d.int(), First: d.truth(), Parents: list(d, d.text)}
	})
	b.Tags = list(d, func() Tag { return Tag{ID: d.text(), Target: d.text()} })
	b.Hits = d.hits()
	b.Introductions = list(d, func() Introduction {
		return Introduction{Hit: d.below(hits + len(b.Hits)), Commit: d.text(), Path: d.text()}
	})
	b.Silences = list(d, func() Silence { return Silence{Hit: d.below(hits + len(b.Hits)), Path: d.text()} })
	b.Notes = d.notes()
	b.Objects.decode(d)
	return b
}

// below is a number below another one.
func (d *decoder) below(most int) int {
	n := d.small()
	if n >= most {
		d.fail()
	}
	return n
}

func (e *encoder) texts(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}
