package gitsource

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/ledger"
	"github.com/qleaks/qleaks/scanner/source"
)

// maxGrown bounds the objects that have come since the whole repository was
// read: with more, reading it all takes no longer.
const maxGrown = 20_000

// errGrown says that a report cannot be made of the last one and what is new.
var errGrown = errors.New("the repository has to be read as a whole")

// growth is a search of a repository that has all objects of the last search,
// and more. Only those are read; what the others tell is in the ledger. Its
// table has the commits and tags, the objects with keys and what is new.
type growth struct {
	*search
	last ledger.Answer
	// fresh are the objects that are new, commits and trees those of them.
	fresh   []uint32
	commits []newCommit
	trees   []uint32
	// held are the trees that new trees and commits name.
	held map[string]bool
	// tags are the new ones.
	tags []ledger.Tag
	// base is the ledger's graph.
	base ledger.Graph
	diff diffByID
}

// newCommit is a commit that was not there.
type newCommit struct {
	object  uint32
	tree    string
	parents []string
}

// grow tells what there is to tell if the repository has only grown since the
// last search. It returns false, with nothing told yet, if that is not so.
func (s *search) grow(ctx context.Context, last ledger.Answer) (findings []finding.Finding, ok bool, err error) {
	if !last.Basis.Known || len(s.repo.shallow()) > 0 {
		return nil, false, nil
	}
	own := newSearch(s.repo, s.inspector, 1, nil)
	m := s.memory
	own.memory = &memory{ledger: m.ledger, scope: m.scope, search: own, state: m.state, basis: basis{last: last, inventory: m.basis.inventory}}
	g := &growth{search: own, last: last, held: map[string]bool{}}
	findings, err = g.run(ctx)
	if ctx.Err() != nil {
		return nil, true, context.Cause(ctx)
	}
	if err != nil {
		return nil, false, nil //nolint:nilerr // then everything is read, and tells what is wrong
	}
	s.counted(countOf(own.tally))
	s.notes.list = own.notes.sorted()
	return findings, true, nil
}

func (g *growth) run(ctx context.Context) (findings []finding.Finding, err error) {
	store, notes, err := g.repo.openStore(true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, note := range slices.Concat(g.repo.refusals, notes) {
		g.notes.add(note)
	}
	if err := g.open(store); err != nil {
		return nil, err
	}
	g.recall()
	g.recallHits()
	if err := g.readNew(ctx); err != nil {
		return nil, err
	}
	g.readRefs()
	if err := g.oddRefs(ctx); err != nil {
		return nil, err
	}
	g.coverage()
	if findings, err = g.attribute(ctx); err != nil {
		return nil, err
	}
	if refused, more := store.Refusals(); len(refused) > 0 || more > 0 || g.walked.records.Load() > maxRecords {
		return nil, errGrown
	}
	g.memory.noted(&g.notes)
	g.absentSubmodules()
	g.ownFiles(ctx)
	if m := g.memory; !m.passing && ctx.Err() == nil {
		m.keepAnswer(ctx, g.basis)
	}
	findings = append(findings, g.plain...)
	sortByPlace(findings)
	return findings, nil
}

// open finds out what is new, and makes the table.
func (g *growth) open(store *pack.Store) error {
	if refused, _ := store.Refusals(); len(refused) > 0 {
		return errGrown
	}
	fresh, err := g.newIDs(store)
	if err != nil {
		return err
	}
	b := &g.last.Basis
	var ok bool
	if g.base, ok = g.memory.ledger.Graph(g.memory.scope); !ok || g.base.Mark != b.Graph || g.base.Width != g.repo.width {
		return errGrown
	}
	more := slices.Clone(fresh)
	for _, c := range b.Commits {
		more = append(more, c.ID)
	}
	for _, t := range b.Tags {
		more = append(more, t.ID)
	}
	for _, h := range slices.Concat(g.last.Hits, b.Hits) {
		more = append(more, h.ID)
	}
	slices.Sort(more)
	table := joinTable(g.base.IDs, slices.Compact(more), g.repo.width)
	g.objects = &objects{store: store, table: table, width: g.repo.width, reader: store.NewReader(), kinds: make([]pack.Type, table.Len())}
	for _, id := range fresh {
		g.fresh = append(g.fresh, g.objects.find([]byte(id)))
	}
	return nil
}

// newIDs lists the objects that were not there, in order.
func (g *growth) newIDs(store *pack.Store) ([]string, error) {
	b, have, width := &g.last.Basis, &g.memory.basis.inventory, g.repo.width
	for file, mark := range b.Packs {
		if have.Packs[file] != mark {
			return nil, errGrown
		}
	}
	newPacks := map[string]bool{}
	var candidates []string
	collect := func(ids []byte) {
		for id := range slices.Chunk(ids, width) {
			candidates = append(candidates, string(id))
		}
	}
	for file := range have.Packs {
		if _, there := b.Packs[file]; there {
			continue
		}
		newPacks[file] = true
		ids, err := store.IDsOf(file, maxGrown)
		if err != nil {
			return nil, err
		}
		collect(ids)
	}
	came, gone := differences(b.Loose, have.Loose, width)
	for _, id := range gone {
		if _, ok := store.Find([]byte(id)); !ok {
			return nil, errGrown
		}
	}
	candidates = append(candidates, came...)
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	fresh := slices.DeleteFunc(candidates, func(id string) bool {
		_, loose := rankOf(b.Loose, id)
		return loose || store.InPack([]byte(id), newPacks)
	})
	if len(fresh)+b.Objects.Len() > maxGrown {
		return nil, errGrown
	}
	for _, id := range fresh {
		if _, missed := slices.BinarySearch(b.Missing, id); missed {
			return nil, errGrown // what names it was read without it
		}
	}
	return fresh, nil
}

// differences compares two lists of ids in order.
func differences(before, after []byte, width int) (came, gone []string) {
	for len(before) > 0 || len(after) > 0 {
		var order int
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = bytes.Compare(before[:width], after[:width])
		}
		if order > 0 {
			came = append(came, string(after[:width]))
		}
		if order < 0 {
			gone = append(gone, string(before[:width]))
		}
		if order <= 0 {
			before = before[width:]
		}
		if order >= 0 {
			after = after[width:]
		}
	}
	return came, gone
}

// rankOf is how many ids of a list in order come before one, and whether the
// list has that one.
func rankOf(list []byte, id string) (rank int, there bool) {
	width := len(id)
	lo, hi := 0, len(list)/width
	for lo < hi {
		mid := (lo + hi) / 2
		if bytes.Compare(list[mid*width:(mid+1)*width], []byte(id)) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, bytes.HasPrefix(list[lo*width:], []byte(id))
}

// recall takes what is known from the ledger.
func (g *growth) recall() {
	m, b := g.memory, &g.last.Basis
	m.weights = make([]ledger.Weight, g.objects.len())
	m.told = map[string]ledger.Told{}
	m.basis.kept = map[uint32]ledger.Hit{}
	g.counted(g.last.Count)
	g.tally.Expected.Add(int64(len(g.fresh)))
	for _, note := range b.Notes {
		g.noteOf(&source.ItemError{Path: note.Path, Outcome: note.Outcome, Reason: note.Reason})
	}
	g.walked.tags, g.walked.missing = map[uint32]uint32{}, map[string]bool{}
	for _, id := range b.Missing {
		g.walked.missing[id] = true
	}
	for _, t := range b.Tags {
		g.walked.tags[g.objects.find([]byte(t.ID))] = g.objects.find([]byte(t.Target))
	}
}

// recallHits takes the objects with keys from the ledger. Their keys are read
// when they are told.
func (g *growth) recallHits() {
	b := &g.last.Basis
	hits := slices.Concat(g.last.Hits, b.Hits)
	for _, h := range hits {
		i := g.objects.find([]byte(h.ID))
		g.objects.kinds[i] = pack.Type(h.Kind)
		g.found[i] = &hit{object: i, kind: pack.Type(h.Kind)}
		g.memory.basis.kept[i] = h
		g.walked.records.Add(int64(len(h.Records)))
	}
	for _, at := range b.Silences {
		g.memory.silent(g.objects.find([]byte(hits[at.Hit].ID)), at.Path)
	}
}
