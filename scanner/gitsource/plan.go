package gitsource

import (
	"context"
	"fmt"
	"slices"
)

const (
	// leastBudget and budgetRatio bound what a database may unpack to: so many
	// bytes, or so many times what it takes on disk, whichever is more. Large
	// real ones stay below 150 times.
	leastBudget = 16 << 30
	budgetRatio = 1000
	// cached is how large an object may be for git to keep it while it unpacks
	// the objects that are made from it.
	cached = 32 << 20
)

// plan tells what to read, in order of storage: blobs, commits and tags, then
// trees. Sizes are known before anything is unpacked, so an object that is too
// large, or is made from one that is, costs nothing.
func (s *search) plan() (content, trees []uint32) {
	limit := s.repo.maxBlob()
	cost := s.objects.costs(limit)
	budget := max(leastBudget, budgetRatio*s.objects.bytes)
	beyond := 0
	for _, i := range s.objects.order {
		switch {
		case s.objects.sizes[i] > limit:
			s.notes.add(unread("objects/"+s.objects.name(i), fmt.Sprintf("%d bytes, larger than the limit of %d", s.objects.sizes[i], limit), nil))
			continue
		case cost[i] < 0:
			s.notes.add(unread("objects/"+s.objects.name(i), "is stored as a change of an object that is larger than the limit, or of itself", nil))
			continue
		case cost[i] > budget:
			beyond++
			continue
		}
		budget -= cost[i]
		if s.objects.kinds[i] == kindTree {
			trees = append(trees, i)
		} else {
			content = append(content, i)
		}
	}
	if beyond > 0 {
		s.notes.add(unread("objects", fmt.Sprintf("%d objects: the database unpacks to more than %d times its size", beyond, budgetRatio), nil))
	}
	return content, trees
}

// costs tells how many bytes must be unpacked for each object, given that small
// bases are kept from one object to the next and large ones are made anew. It
// is -1 for an object that needs one beyond the limit.
func (t *table) costs(limit int64) []int64 {
	const open = -2
	cost := make([]int64, t.len())
	var chain []uint32
	for i := range uint32(t.len()) {
		chain = chain[:0]
		at := i
		for at != none && cost[at] == 0 {
			cost[at] = open
			chain = append(chain, at)
			at = t.bases[at]
		}
		for _, at := range slices.Backward(chain) {
			own, base := t.sizes[at]+1, t.bases[at]
			switch {
			case own-1 > limit, base != none && cost[base] < 0:
				cost[at] = -1
			case base != none && t.sizes[base] > cached:
				cost[at] = own + cost[base]
			case base != none:
				cost[at] = own + t.sizes[base]
			default:
				cost[at] = own
			}
		}
	}
	return cost
}

// readAll reads the objects: first what may hold keys, then the trees, which
// tell what is missing and what leads to the keys.
func (s *search) readAll(ctx context.Context) error {
	content, trees := s.plan()
	shallow := s.repo.shallow()
	workers := make([]*examiner, s.jobs)
	for i := range workers {
		workers[i] = &examiner{search: s, shallow: shallow, missing: map[string]bool{}}
	}
	for _, step := range []struct {
		want  []uint32
		visit func(*examiner, object) error
	}{{content, (*examiner).content}, {trees, (*examiner).tree}} {
		broken, err := s.db.read(ctx, s.objects, step.want, s.jobs, func(worker int, o object) error {
			return step.visit(workers[worker], o)
		})
		if err != nil {
			return err
		}
		for _, i := range broken {
			s.notes.add(unread("objects/"+s.objects.name(i), "broken object", nil))
		}
		s.collect(workers)
	}
	s.gather(workers)
	return nil
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
	var commits []commit
	s.walked.tags = map[uint32]uint32{}
	s.walked.missing = map[string]bool{}
	s.walked.parents = map[uint32][]uint32{}
	for _, w := range workers {
		commits = append(commits, w.commits...)
		for _, t := range w.tags {
			s.walked.tags[t.child] = t.parent
		}
		for id := range w.missing {
			s.walked.missing[id] = true
		}
		for _, e := range w.edges {
			s.walked.parents[e.child] = append(s.walked.parents[e.child], e.parent)
		}
	}
	s.graph = newGraph(commits)
}
