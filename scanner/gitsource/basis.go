package gitsource

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/ledger"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// maxKeptMissing bounds the missing objects that are remembered.
	maxKeptMissing = 10_000
	// maxIntroductions bounds the introductions that are remembered.
	maxIntroductions = 100_000
)

// basis is what a search gathers for the next one, so that it reads only what
// is new.
type basis struct {
	// last is what the search before left.
	last      ledger.Answer
	inventory pack.Inventory
	// isUnfit says that the next report cannot be made from this one: something
	// was cut off, or depends on objects that nothing is remembered of.
	isUnfit bool
	notes   []source.ItemError
	missing []string
	// introductions are those of all blobs with keys.
	introductions []introduction
	// kept are those of the hits that come from the ledger.
	kept map[uint32]ledger.Hit
	// silent is where a hit stands and no rule tells it.
	silent map[silence]bool
}

// silence is a hit, by its object's number, at a path as it is told.
type silence struct {
	object uint32
	path   string
}

// introduction is told by the objects' numbers.
type introduction struct {
	blob, commit uint32
	path         string
}

// unfit takes note of something that the next search has to read again.
func (m *memory) unfit() {
	if m != nil {
		m.basis.isUnfit = true
	}
}

// noteOf remembers a note of an object.
func (m *memory) noteOf(note *source.ItemError) {
	if m != nil {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		m.basis.notes = append(m.basis.notes, source.ItemError{Path: note.Path, Outcome: note.Outcome, Reason: note.Reason})
	}
}

// misses remembers which objects are named by others and not there.
func (m *memory) misses(missing map[string]bool) {
	if m == nil {
		return
	}
	if len(missing) > maxKeptMissing {
		m.unfit()
		return
	}
	m.basis.missing = slices.Sorted(maps.Keys(missing))
}

// introduced remembers that a commit brought a blob with a key to a path.
func (m *memory) introduced(blob, commit uint32, path string) {
	if m == nil {
		return
	}
	if len(m.basis.introductions) >= maxIntroductions {
		m.unfit()
		return
	}
	m.basis.introductions = append(m.basis.introductions, introduction{blob: blob, commit: commit, path: path})
}

// silent remembers that an object's keys are not told at a path: that depends on
// nothing else.
func (m *memory) silent(object uint32, path string) {
	if m == nil {
		return
	}
	if m.basis.silent == nil {
		m.basis.silent = map[silence]bool{}
	}
	m.basis.silent[silence{object, path}] = true
}

func (m *memory) isSilent(object uint32, path string) bool {
	return m != nil && m.basis.silent[silence{object, path}]
}

// readKept reads the keys again of those that come from the ledger and are told.
func (p *standings) readKept(ctx context.Context, order []standing, others []uint32) error {
	if p.memory == nil || len(p.memory.basis.kept) == 0 {
		return nil
	}
	told := slices.Clone(others)
	for _, at := range order {
		told = append(told, at.blob)
	}
	return p.readAgain(ctx, told)
}

// readAgain reads the keys of objects that come from the ledger.
func (s *search) readAgain(ctx context.Context, list []uint32) error {
	for _, object := range list {
		kept, ok := s.memory.basis.kept[object]
		if !ok || s.found[object].records != nil {
			continue
		}
		records, err := s.readHit(ctx, s.objects, kept)
		if err != nil {
			return err
		}
		s.found[object].records = records
	}
	return nil
}

// tellsKey reports whether a text of an answer has a key in it. Texts that were in
// the last one, too, are looked at only for keys that are new.
func (m *memory) tellsKey(ctx context.Context, a *ledger.Answer) bool {
	s := m.search
	old := map[string]bool{}
	shortest := math.MaxInt
	if len(m.basis.kept) > 0 {
		for _, text := range m.basis.last.Texts() {
			old[text] = true
		}
		for _, h := range m.basis.kept {
			for _, r := range h.Records {
				shortest = min(shortest, r.Len)
			}
		}
	}
	seen := map[string]bool{}
	for _, text := range a.Texts() {
		if seen[text] {
			continue
		}
		seen[text] = true
		if old[text] {
			if s.holdsFound(text) {
				return true
			}
			continue
		}
		if len(text) >= shortest {
			if s.readAgain(ctx, slices.Sorted(maps.Keys(m.basis.kept))) != nil {
				return true // nobody knows
			}
			shortest = math.MaxInt
		}
		if s.holdsKey(text) {
			return true
		}
	}
	return false
}

// commonBasis fills in what is the same whether all was read or what is new.
// hits are the numbers of those that stand somewhere.
func (m *memory) commonBasis(a *ledger.Answer, hits map[uint32]int) {
	s := m.search
	b := &a.Basis
	b.Known = true
	b.Packs, b.Loose = m.basis.inventory.Packs, m.basis.inventory.Loose
	b.Missing, b.Notes = m.basis.missing, m.basis.notes
	for _, object := range slices.Sorted(maps.Keys(s.found)) {
		if _, stands := hits[object]; !stands {
			hits[object] = len(a.Hits) + len(b.Hits)
			b.Hits = append(b.Hits, s.hit(object))
		}
	}
	for at := range m.basis.silent {
		b.Silences = append(b.Silences, ledger.Silence{Hit: hits[at.object], Path: at.path})
	}
	slices.SortFunc(b.Silences, func(a, b ledger.Silence) int {
		return cmp.Or(cmp.Compare(a.Hit, b.Hit), strings.Compare(a.Path, b.Path))
	})
	for _, i := range m.basis.introductions {
		b.Introductions = append(b.Introductions, ledger.Introduction{
			Hit: hits[i.blob], Commit: string(s.objects.id(i.commit)), Path: i.path,
		})
	}
}

// wholeBasis is that of a search that read all objects. The graph is written.
func (m *memory) wholeBasis(a *ledger.Answer, hits map[uint32]int) {
	s := m.search
	if len(s.graph.order) < len(s.graph.commits) {
		return // ids that are believed and wrong
	}
	m.commonBasis(a, hits)
	b := &a.Basis
	b.Objects.Width = s.objects.width
	for tag, target := range s.walked.tags {
		t := ledger.Tag{ID: string(s.objects.id(tag))}
		if target != none {
			t.Target = string(s.objects.id(target))
		}
		b.Tags = append(b.Tags, t)
	}
	slices.SortFunc(b.Tags, func(a, b ledger.Tag) int { return strings.Compare(a.ID, b.ID) })
	b.Graph = rand.Text()
	g := ledger.Graph{Mark: b.Graph, Width: s.objects.width, Order: s.graph.order}
	for n, c := range s.graph.commits {
		g.Add(s.objects.id(c.object), c.time, c.first, s.graph.parentsOf(uint32(n)))
	}
	m.ledger.KeepGraph(m.scope, g)
}
