package pack

import (
	"cmp"
	"encoding/hex"
	"slices"
	"sync"
)

// maxRefusals bounds how many refusals are told one by one.
const maxRefusals = 10_000

// refusalList gathers refusals from all goroutines.
type refusalList struct {
	mu   sync.Mutex
	list []Refusal
	// full says that the list was full even when compact.
	full bool
	more int
}

func (s *Store) refuse(r Refusal) {
	s.refusals.mu.Lock()
	defer s.refusals.mu.Unlock()
	if len(s.refusals.list) >= maxRefusals && !s.refusals.full {
		s.refusals.compact()
		s.refusals.full = len(s.refusals.list) > maxRefusals/2
	}
	if len(s.refusals.list) >= maxRefusals {
		s.refusals.more++
		return
	}
	s.refusals.list = append(s.refusals.list, r)
}

// refuseObject refuses an object.
func (s *Store) refuseObject(i uint32, reason error) {
	l, rank := s.layerOf(i)
	s.refuse(Refusal{File: l.labelOf(rank), Index: i, ID: hex.EncodeToString(l.id(rank)), Reason: reason.Error()})
}

// compact sorts the list and drops what was said twice, by two walks.
func (r *refusalList) compact() {
	slices.SortFunc(r.list, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Reason, b.Reason))
	})
	r.list = slices.Compact(r.list)
}

// Refusals tells, in order and each once, what was not read since the store was
// opened. Of many thousands only some are told; more is how many are not, at
// least.
func (s *Store) Refusals() (list []Refusal, more int) {
	s.refusals.mu.Lock()
	defer s.refusals.mu.Unlock()
	s.refusals.compact()
	return slices.Clone(s.refusals.list), s.refusals.more
}
