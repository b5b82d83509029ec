package gitsource

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// maxRecords bounds what a hostile repository can make us remember.
	maxRecords = 200_000
	// maxMissing bounds the list of missing objects.
	maxMissing = 100_000
)

type counter struct{ atomic.Int64 }

// hit is an object with keys in it.
type hit struct {
	object  uint32
	kind    pack.Type
	records []record
	// memos are those of the records, nil if nothing is remembered of them.
	memos []inspect.Memo
}

// record is a key and the part of the object it is in.
type record struct {
	inspect.Record
	header bool
}

// edge leads from a tag to its target.
type edge struct{ tag, target uint32 }

// examiner is a worker's own state; joined when all are done.
type examiner struct {
	*search
	shallow map[string]bool
	// hits are those found so far, hit is of the object at hand.
	hits    []*hit
	hit     hit
	lineage lineage
	tags    []edge
	missing map[string]bool
	changes changes
	headers headers
	trees   treeReader
	// log remembers the trees, nil if no blob has a key.
	log     *treeLog
	lookups lookups
}

// content examines a blob, a commit or a tag.
func (e *examiner) content(o object) error {
	h := &e.hit
	*h = hit{object: o.index, kind: o.kind}
	if o.kind == pack.Blob {
		result, err := e.blob(o, h)
		if err != nil {
			return err
		}
		oid, pointer := lfsPointer(o.data)
		if pointer {
			e.lfs(oid, h)
		} else {
			h.memos = e.memory.memosOf(h.records, o.data)
		}
		e.memory.blob(o, result, pointer)
		e.tally.Blobs.Add(1)
	} else {
		e.linked(o, h)
	}
	e.tally.Objects.Add(1)
	if len(h.records) > 0 {
		found := *h
		e.hits = append(e.hits, &found)
	}
	return nil
}

// blob inspects what is new in a blob against the one that it is stored as a
// change of.
func (e *examiner) blob(o object, h *hit) (inspect.Result, error) {
	if len(o.data) == 0 {
		return inspect.Result{}, nil
	}
	result := e.changes.inspect(e.inspector, o)
	if e.repo.options.VerifyEngine && !result.Equal(e.inspector.InspectAll(o.data, "", inspect.Position{})) {
		return result, &EngineError{Object: e.objects.name(o.index)}
	}
	e.keep(result, h, false)
	e.tally.Bytes.Add(int64(len(o.data)))
	return result, nil
}

// inspect inspects a part of a commit or a tag; plain says that there is nothing
// to tell of it.
func (e *examiner) inspect(data []byte, h *hit, header bool) (plain bool) {
	if len(data) == 0 {
		return true
	}
	result := e.inspector.Inspect(data, "", inspect.Position{})
	e.keep(result, h, header)
	e.tally.Bytes.Add(int64(len(data)))
	return len(result.Records) == 0 && len(result.Notes) == 0 && result.Images == 0
}

func (e *examiner) keep(result inspect.Result, h *hit, header bool) {
	for _, r := range result.Records {
		if e.walked.records.Add(1) > maxRecords {
			e.notes.add(unread("objects", fmt.Sprintf("more than %d possible keys; the rest is not listed", maxRecords), nil))
			break
		}
		h.records = append(h.records, record{Record: r, header: header})
	}
	for _, n := range result.Notes {
		e.noteIn(h.object, *n)
	}
	e.tally.Images.Add(int64(result.Images))
}

// noteIn notes what of an object was not read; the path is one within it.
func (s *search) noteIn(object uint32, note source.ItemError) {
	name := "objects/" + s.objects.name(object)
	if note.Path != "" {
		name += "!" + note.Path
	}
	note.Path = name
	s.noteOf(&note)
}

// noteOf adds a note that belongs to an object, whatever else there is.
func (s *search) noteOf(note *source.ItemError) {
	s.notes.add(note)
	s.memory.noteOf(note)
}

// linked examines a commit or a tag: message and headers apart, so that the
// lines of a message are its own.
func (e *examiner) linked(o object, h *hit) {
	parsed := &e.headers
	parsed.parse(o.data)
	if e.memory.knows(o) {
		e.tally.Bytes.Add(int64(len(parsed.message) + len(parsed.text)))
	} else {
		message, text := e.inspect(parsed.message, h, false), e.inspect(parsed.text, h, true)
		e.memory.other(o, message && text)
	}
	e.link(o, parsed, true)
}

// link takes note of what a commit or a tag leads to. If it must be here, what
// is not is missing.
func (e *examiner) link(o object, parsed *headers, must bool) {
	if o.kind == pack.Tag {
		e.tags = append(e.tags, edge{tag: o.index, target: none})
		e.ask(parsed.target, question{list: ofTags, at: uint32(len(e.tags) - 1), must: must})
		return
	}
	boundary := len(e.shallow) > 0 && e.shallow[string(e.objects.id(o.index))]
	c := commit{object: o.index, tree: none, time: math.MaxInt64, first: boundary || len(parsed.parents) == 0}
	if !parsed.committed.IsZero() {
		c.time = parsed.committed.Unix()
	}
	l := &e.lineage
	for range parsed.parents {
		l.parents = append(l.parents, none)
	}
	c.parents = uint32(len(l.parents))
	l.commits = append(l.commits, c)
	e.ask(parsed.tree, question{list: ofCommit, at: uint32(len(l.commits) - 1), must: must})
	for i, id := range parsed.parents {
		e.ask(id, question{list: ofParents, at: uint32(len(l.parents) - len(parsed.parents) + i), must: must && !boundary})
	}
}

// misses takes note of an id that is named and not there.
func (e *examiner) misses(id []byte) {
	if len(e.missing) < maxMissing && !e.missing[string(id)] && !isEmptyObject(id) {
		e.missing[string(id)] = true
	}
}

// tree looks at what is new in a tree: whether it is there, and which of it may
// lead to keys.
func (e *examiner) tree(o object) error {
	e.trees.width = e.objects.width
	whole, based := e.trees.read(o, e)
	if !whole {
		e.noteOf(unread("objects/"+e.objects.name(o.index), "broken tree", nil))
	}
	if e.log != nil {
		e.log.end(o.index, o.stored.Depth, based)
	}
	e.memory.other(o, true)
	e.tally.Objects.Add(1)
	return nil
}

// fresh implements treeVisitor.
func (e *examiner) fresh(at uint32, entry treeEntry) {
	switch {
	case entry.mode == modeGitlink:
	case e.log != nil && (entry.mode == modeTree || e.log.mayBeSeed(entry.id)):
		q := question{list: ofTree, must: true}
		var kept bool
		if q.at, kept = e.log.fresh(at, entry.name); !kept {
			q.list = nowhere
		}
		e.ask(entry.id, q)
	default:
		e.expect(entry.id)
	}
}

// copied implements treeVisitor.
func (e *examiner) copied(at, from, count uint32) {
	if e.log != nil {
		e.log.copied(at, from, count)
	}
}

var _ treeVisitor = (*examiner)(nil)

// isEmptyObject tells the ids of the empty tree and the empty blob, which Git
// knows without having them.
func isEmptyObject(id []byte) bool {
	for _, empty := range []string{"tree 0\x00", "blob 0\x00"} {
		short, long := sha1.Sum([]byte(empty)), sha256.Sum256([]byte(empty))
		if bytes.Equal(id, short[:]) || bytes.Equal(id, long[:]) {
			return true
		}
	}
	return false
}
