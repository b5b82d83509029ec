package gitsource

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// readAll reads the objects: first what may hold keys, then the trees, which
// tell what is missing and what leads to the keys.
func (s *search) readAll(ctx context.Context) error {
	workers := s.examiners()
	if err := s.readContents(ctx, workers); err != nil {
		return err
	}
	s.collect(workers)
	s.logTrees(workers)
	if err := s.read(ctx, workers, pack.Only(pack.Tree), (*examiner).tree); err != nil {
		return err
	}
	s.gather(workers)
	return nil
}

// readContents reads what may hold keys; of blobs, those that memory does not
// have.
func (s *search) readContents(ctx context.Context, workers []*examiner) error {
	if s.memory == nil || s.memory.known == 0 {
		return s.read(ctx, workers, pack.Only(pack.Blob, pack.Commit, pack.Tag), (*examiner).content)
	}
	if err := s.read(ctx, workers, pack.Only(pack.Commit, pack.Tag), (*examiner).content); err != nil {
		return err
	}
	return s.objects.walk(ctx, pack.Only(pack.Blob), s.memory.unread(), s.jobs, func(worker int, o object) error {
		return workers[worker].content(o)
	})
}

// logTrees has the trees remembered, if they may lead to keys.
func (s *search) logTrees(workers []*examiner) {
	blobs := s.foundBlobs()
	if len(blobs) == 0 {
		return
	}
	seeds := newBitset(1 << 16)
	for _, object := range blobs {
		seeds.add(uint32(binary.BigEndian.Uint16(s.objects.id(object))))
	}
	for _, w := range workers {
		w.log = newTreeLog(seeds, cmp.Or(s.repo.options.Memory, usualLog))
		s.walked.trees = append(s.walked.trees, w.log)
	}
}

// read hands all objects of some types to the workers.
func (s *search) read(ctx context.Context, workers []*examiner, types pack.Types, visit func(*examiner, object) error) error {
	return s.objects.walk(ctx, types, nil, s.jobs, func(worker int, o object) error {
		return visit(workers[worker], o)
	})
}

// examiners makes one for each worker.
func (s *search) examiners() []*examiner {
	shallow := s.repo.shallow()
	workers := make([]*examiner, s.jobs)
	for i := range workers {
		workers[i] = &examiner{search: s, shallow: shallow, missing: map[string]bool{}}
	}
	return workers
}

// collect joins the hits of the workers.
func (s *search) collect(workers []*examiner) {
	for _, w := range workers {
		for _, h := range w.hits {
			s.found[h.object] = h
		}
		w.hits = nil
	}
}

// gather joins what else the workers learned.
func (s *search) gather(workers []*examiner) {
	s.walked.tags = map[uint32]uint32{}
	s.walked.missing = map[string]bool{}
	s.walked.parents = map[uint32][]uint32{}
	for _, w := range workers {
		w.answer()
		s.walked.lineages = append(s.walked.lineages, w.lineage)
		for _, t := range w.tags {
			s.walked.tags[t.tag] = t.target
		}
		maps.Copy(s.walked.missing, w.missing)
	}
}

// makeGraph makes the history of what was gathered.
func (s *search) makeGraph() {
	s.graph = newGraph(s.objects.len(), s.walked.lineages)
	s.walked.lineages = nil
}
