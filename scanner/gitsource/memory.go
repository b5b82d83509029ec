package gitsource

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/ledger"
	"github.com/qleaks/qleaks/scanner/source"
)

// memory is what one search takes from the ledger and gives to it. What is said
// of an object holds for ever, since its id is the hash of its content. What is
// anything but plain is not remembered, and read again every time: blobs with
// keys, pointers to other files, what could not be read in full.
type memory struct {
	ledger *ledger.Ledger
	scope  ledger.Scope
	search *search
	// state is that of the repository when the search began, "" if it has none
	// that can be told.
	state string
	// weights are those of all objects, by their numbers; known is how many
	// came from the ledger, of held.
	weights     []ledger.Weight
	known, held int
	mutex       sync.Mutex
	told        map[string]ledger.Told
	// passing is true when something was met that the state does not tell.
	passing bool
	report  reported
	basis   basis
}

// reported is what the report of a state is made of.
type reported struct {
	// before is what was counted before the objects were read, count what they
	// count for.
	before, count ledger.Count
	notes         []source.ItemError
	places        []placement
}

// placement is where an object with keys stands.
type placement struct {
	object uint32
	place  source.Place
	git    finding.Git
	path   string
}

// newMemory returns the memory of a search, nil if it has none: with imported
// rules, of which a ledger tells nothing, it has none.
func (s *search) newMemory() *memory {
	o := s.repo.options
	if s.inspector.Imported != nil {
		return nil
	}
	if o.Ledger == nil || o.Untrusted || o.VerifyEngine || o.ObjectDirectory != "" || len(o.AlternateObjectDirectories) > 0 || s.repo.Holds(o.Ledger.Dir) {
		return nil
	}
	rules, err := s.inspector.Rules.Hash()
	if err != nil {
		return nil
	}
	decoding := s.inspector.Decode
	decoding.Images, decoding.Quiet, decoding.Spare = nil, nil, nil
	m := &memory{ledger: o.Ledger, search: s, told: map[string]ledger.Told{}}
	m.scope = ledger.Scope{
		Repository: s.repo.places.commonDir,
		Conditions: fmt.Sprintf("build %q rules %s decoding %+v object %d width %d", o.Ledger.Build, rules, decoding, o.MaxBlob, s.repo.width),
	}
	if m.state, m.basis.inventory, err = s.repo.state(); err != nil {
		m.state = ""
	}
	return m
}

// last returns what the last report was made of, false where nothing can be
// made of it.
func (m *memory) last() (ledger.Answer, bool) {
	if m.state == "" {
		return ledger.Answer{}, false
	}
	a, ok := m.ledger.Answer(m.scope)
	m.basis.last = a
	return a, ok
}

// Holds reports whether a directory, which need not be there yet, is or would
// be inside of the repository: what is scanned must not hold a ledger, since
// who writes it could hide keys by it.
func (r *Repository) Holds(dir string) bool {
	real := filepath.Clean(dir)
	for {
		found, err := filepath.EvalSymlinks(real)
		if err == nil {
			real = found
			break
		}
		if above := filepath.Dir(real); above != real && os.IsNotExist(err) {
			real = above
			continue
		}
		return true // nobody can tell
	}
	for _, place := range append(r.Worktrees(), r.places.gitDir, r.places.commonDir) {
		if within(place, real) {
			return true
		}
	}
	return false
}

// recall takes what is known of the objects from the ledger.
func (s *search) recall() {
	m := s.memory
	if m == nil {
		return
	}
	m.report.before = countOf(s.tally)
	m.weights = make([]ledger.Weight, s.objects.len())
	known := m.ledger.Objects(m.scope)
	if known.Width != s.objects.width {
		return
	}
	m.held = known.Len()
	defer m.recallMore()
	at := 0
	for i := range m.weights {
		id, order := s.objects.id(uint32(i)), -1
		for ; at < known.Len() && order < 0; at++ {
			order = bytes.Compare(known.ID(at), id)
		}
		if order < 0 {
			break
		}
		at--
		if order == 0 && known.Weights[at] != ledger.Unread {
			m.known++
			m.weights[i] = known.Weights[at]
			m.countIn(uint32(i), known)
		}
	}
}

// recallMore takes what the ledger learned since it wrote the file of objects.
func (m *memory) recallMore() {
	more := m.basis.last.Basis.Objects
	if more.Width != m.search.objects.width {
		return
	}
	for at, w := range more.Weights {
		if i := m.search.objects.find(more.ID(at)); i != none && m.weights[i] == ledger.Unread && w != ledger.Unread {
			m.known++
			m.weights[i] = w
			m.countIn(i, more)
		}
	}
	if more.Len() > 0 {
		m.held = -1 // there is something to write
	}
}

// countIn counts a blob as if it was read.
func (m *memory) countIn(i uint32, known ledger.Objects) {
	s := m.search
	size, ok := m.weights[i].Blob()
	if !ok {
		return
	}
	s.tally.Objects.Add(1)
	s.tally.Blobs.Add(1)
	s.tally.Bytes.Add(size)
	if !m.weights[i].HasTold() {
		return
	}
	id := string(s.objects.id(i))
	told := known.Told[id]
	m.told[id] = told
	s.tally.Images.Add(int64(told.Images))
	for _, note := range told.Notes {
		s.noteIn(i, note)
	}
}

// unread lists the objects that the ledger does not know, and those that are to
// be read again.
func (m *memory) unread() []uint32 {
	list := []uint32{}
	for i, w := range m.weights {
		if w == ledger.Unread {
			list = append(list, uint32(i))
		}
	}
	return list
}

// blob remembers a blob that was read.
func (m *memory) blob(o object, result inspect.Result, pointer bool) {
	if m == nil {
		return
	}
	told := ledger.Told{Images: result.Images}
	plain := !pointer && len(result.Records) == 0
	for _, n := range result.Notes {
		plain = plain && n.Outcome == source.Excluded && !m.search.holdsKey(n.Path)
		told.Notes = append(told.Notes, source.ItemError{Path: n.Path, Outcome: n.Outcome, Reason: n.Reason})
		m.passes(n.Outcome != source.Excluded)
	}
	m.passes(pointer)
	if !plain {
		return
	}
	tells := told.Images > 0 || len(told.Notes) > 0
	m.weights[o.index] = ledger.Weigh(len(o.data), tells)
	if tells && m.weights[o.index].HasTold() {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		m.told[string(m.search.objects.id(o.index))] = told
	}
}

// other remembers what is no blob, if there is nothing to tell of it.
func (m *memory) other(o object, plain bool) {
	if m != nil && plain {
		m.weights[o.index] = ledger.NotBlob
	}
}

// knows reports whether a commit or a tag needs no inspection: it was plain.
func (m *memory) knows(o object) bool { return m != nil && m.weights[o.index] == ledger.NotBlob }

// passes takes note of something that the state does not tell.
func (m *memory) passes(does bool) {
	if does {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		m.passing = true
	}
}

// place remembers where an object with keys stands.
func (m *memory) place(object uint32, place source.Place, git finding.Git, path string) {
	if m != nil {
		m.report.places = append(m.report.places, placement{object: object, place: place, git: git, path: path})
	}
}

// noted remembers the notes so far: those that the state tells.
func (m *memory) noted(list *noteList) {
	if m == nil {
		return
	}
	m.report.count = countOf(m.search.tally).Minus(m.report.before)
	for _, note := range list.sorted() {
		m.report.notes = append(m.report.notes, source.ItemError{Path: note.Path, Outcome: note.Outcome, Reason: note.Reason})
	}
}

func countOf(t *source.Tally) ledger.Count {
	return ledger.Count{Expected: t.Expected.Load(), Objects: t.Objects.Load(), Blobs: t.Blobs.Load(), Bytes: t.Bytes.Load(), Images: t.Images.Load()}
}

// holdsKey reports whether a text has a key in it, of those that were found or
// others: such a text is not written to a ledger.
func (s *search) holdsKey(texts ...string) bool {
	for _, text := range texts {
		if len(s.inspector.Inspect([]byte(text), "", inspect.Position{}).Records) > 0 || s.holdsFound(text) {
			return true
		}
	}
	return false
}

// holdsFound reports whether a text has a key in it that was found.
func (s *search) holdsFound(text string) bool {
	for _, h := range s.found {
		if slices.ContainsFunc(h.records, func(r record) bool { return r.Secret.In(text) }) {
			return true
		}
	}
	return slices.ContainsFunc(s.plain, func(f finding.Finding) bool { return f.Secret.In(text) })
}

// keep gives the ledger what was learned.
func (s *search) keep(ctx context.Context) {
	m := s.memory
	if m == nil {
		return
	}
	if refused, more := s.objects.store.Refusals(); len(refused) > 0 || more > 0 || s.walked.records.Load() > maxRecords {
		m.passing = true
	}
	m.keepObjects()
	if !m.passing && m.state != "" {
		m.keepAnswer(ctx, (*memory).wholeBasis)
	}
}

// keepObjects writes what is known of the objects, if that has changed.
func (m *memory) keepObjects() {
	now := 0
	for _, w := range m.weights {
		if w != ledger.Unread {
			now++
		}
	}
	if now == m.known && m.held == len(m.weights) {
		return
	}
	o := ledger.Objects{Width: m.search.objects.width, Weights: m.weights, Told: m.told}
	o.IDs = make([]byte, 0, len(m.weights)*o.Width)
	for i := range m.weights {
		o.IDs = append(o.IDs, m.search.objects.id(uint32(i))...)
	}
	m.ledger.KeepObjects(m.scope, o)
}

// keepAnswer writes what this report was made of, if the repository is as it
// was when the search began.
func (m *memory) keepAnswer(ctx context.Context, basisOf func(*memory, *ledger.Answer, map[uint32]int)) {
	s := m.search
	a := ledger.Answer{State: m.state, Name: s.name, Count: m.report.count, Notes: m.report.notes, Submodules: s.hasSubmodules()}
	hits := map[uint32]int{}
	for _, p := range m.report.places {
		at, ok := hits[p.object]
		if !ok {
			at = len(a.Hits)
			hits[p.object] = at
			a.Hits = append(a.Hits, s.hit(p.object))
		}
		a.Places = append(a.Places, ledger.Place{Hit: at, Place: p.place, Path: p.path, Git: p.git})
	}
	if state, _, err := s.repo.state(); err != nil || state != m.state {
		return
	}
	if !m.basis.isUnfit && len(s.repo.shallow()) == 0 {
		basisOf(m, &a, hits)
	}
	if !m.tellsKey(ctx, &a) {
		m.ledger.KeepAnswer(m.scope, a)
	}
}

func (s *search) hit(object uint32) ledger.Hit {
	if h, ok := s.memory.basis.kept[object]; ok {
		return h
	}
	h := s.found[object]
	return ledger.Hit{ID: string(s.objects.id(object)), Kind: int(h.kind), Records: rememberedOf(h.records, h.memos)}
}

// rememberedOf is what is remembered of records: more of those with memos.
func rememberedOf(records []record, memos []inspect.Memo) []ledger.Record {
	var out []ledger.Record
	for i, r := range records {
		one := ledger.Record{Rule: r.Rule(), Start: r.Start, Len: r.Secret.Len()}
		if memos != nil {
			m := memos[i]
			one.Literal, one.Marked, one.Local, one.Mentions, one.Location = true, m.Marked, m.Local, m.Mentions, m.Location
		}
		out = append(out, one)
	}
	return out
}

// memosOf are the memos of all records of a blob, nil unless all have one.
func (m *memory) memosOf(records []record, content []byte) []inspect.Memo {
	if m == nil {
		return nil
	}
	var out []inspect.Memo
	for _, r := range records {
		memo, ok := r.Memo(content)
		if !ok {
			return nil
		}
		out = append(out, memo)
	}
	return out
}

// hasSubmodules reports whether an index names submodules.
func (s *search) hasSubmodules() bool {
	return slices.ContainsFunc(s.repo.trackedTrees(), func(x index) bool {
		return slices.ContainsFunc(x.entries, func(e indexEntry) bool { return e.mode == modeGitlink })
	})
}
