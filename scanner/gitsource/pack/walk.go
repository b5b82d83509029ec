package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"github.com/sourcegraph/conc/pool"
)

// Plan says what a walk visits.
type Plan struct {
	// Types are the wanted ones; the zero value means all.
	Types Types
	// Want are the wanted objects, in any order, nil for all. One that is
	// stored twice must be told as Find tells it.
	Want []uint32
	// Jobs is the number of goroutines, 0 means GOMAXPROCS.
	Jobs int
	// Ops asks for the ops of blobs and trees.
	Ops bool
}

const (
	// portion is how many tasks a worker takes at once.
	portion = 16
	// fewObjects is up to how many wanted objects are read one by one, if the
	// forests are not there already.
	fewObjects = 2000
)

// task is a family, by its layer and the position of its root, or a single
// object, by its layer and rank.
type task struct{ layer, at uint32 }

// walk is one call of Walk.
type walk struct {
	store    *Store
	plan     Plan
	want     []uint64
	needed   [][]uint64 // by layer, the positions that something wanted is made from
	families []task
	singles  []task
	next     atomic.Int64
	spending spending
	losses   []loss // what was lost before a worker began
}

// loss is an object that could not be read.
type loss struct {
	index uint32
	why   error
}

// Walk visits every wanted object once. Each of up to plan.Jobs goroutines asks
// for its own visitor, with its number, before it begins. What cannot be read
// is not visited, and is among the refusals. Two walks must not run at the same
// time; while one runs, only its visitors may ask for the type of an object, and
// of those only that they get.
func (s *Store) Walk(ctx context.Context, plan Plan, visitor func(worker int) Visitor) error {
	if s.options.Few {
		return errors.New("walk objects: the store was opened for a few of them")
	}
	plan.Types = cmp.Or(plan.Types, AllTypes)
	if plan.Jobs <= 0 {
		plan.Jobs = runtime.GOMAXPROCS(0)
	}
	w := &walk{store: s, plan: plan}
	w.spending.limit = s.options.MaxTotal
	if err := w.prepare(ctx); err != nil {
		return fmt.Errorf("walk objects: %w", err)
	}
	jobs := max(1, min(plan.Jobs, (w.tasks()+portion-1)/portion))
	shared := newBudget(s.options.Memory, s.options.BigObject, jobs)
	walkers := make([]*walker, jobs)
	for n := range walkers {
		walkers[n] = newWalker(ctx, w, shared, visitor(n))
	}
	workers := pool.New().WithContext(ctx).WithCancelOnError().WithFirstError()
	for _, k := range walkers {
		workers.Go(func(ctx context.Context) error {
			k.ctx = ctx
			return k.work()
		})
	}
	err := workers.Wait()
	if err == nil {
		err = w.secondChance(ctx, walkers)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("walk objects: %w", err)
	}
	return nil
}

// prepare makes the tasks.
func (w *walk) prepare(ctx context.Context) error {
	s := w.store
	s.twiceOnce.Do(s.findTwice)
	if w.plan.Want != nil {
		w.want = make([]uint64, s.total/64+1)
		for _, i := range w.plan.Want {
			if i < s.total {
				w.want[i/64] |= 1 << (i % 64)
			}
		}
	}
	if w.plan.Want != nil && len(w.plan.Want) <= fewObjects && !s.planted() {
		w.oneByOne()
		return nil
	}
	if err := s.plant(ctx); err != nil {
		return err
	}
	w.needed = make([][]uint64, len(s.layers))
	for n, l := range s.layers {
		if l.region == nil {
			w.looseTasks(n, l)
			continue
		}
		if w.want != nil {
			w.needed[n] = l.forest.need(func(rank uint32) bool { return w.visible(l.start + rank) })
		}
		for _, root := range l.forest.roots {
			t := s.types[l.start+l.forest.ranks[root]]
			if needs(w.needed[n], root) && (t == Unknown || w.plan.Types.Has(t)) {
				w.families = append(w.families, task{uint32(n), root})
			}
		}
		for at, why := range l.forest.reasons {
			w.lose(l, at, why, &w.losses)
		}
	}
	return nil
}

func (w *walk) tasks() int { return len(w.families) + len(w.singles) }

func (s *Store) planted() bool {
	return !slices.ContainsFunc(s.layers, func(l *layer) bool { return l.region != nil && l.forest == nil })
}

// oneByOne makes a task of every wanted object, in order of storage.
func (w *walk) oneByOne() {
	for n, l := range w.store.layers {
		var list []task
		for _, i := range w.plan.Want {
			if i >= l.start && i-l.start < uint32(l.ids.len()) && w.visible(i) {
				list = append(list, task{uint32(n), i - l.start})
			}
		}
		slices.SortFunc(list, func(a, b task) int {
			return cmp.Or(cmp.Compare(l.placeOf(a.at).at, l.placeOf(b.at).at), cmp.Compare(a.at, b.at))
		})
		w.singles = append(w.singles, slices.Compact(list)...)
	}
}

func (w *walk) looseTasks(n int, l *layer) {
	for rank := range uint32(l.ids.len()) {
		t := w.store.types[l.start+rank]
		if w.visible(l.start+rank) && (t == Unknown || w.plan.Types.Has(t)) {
			w.singles = append(w.singles, task{uint32(n), rank})
		}
	}
}

// visible reports whether an object is to be visited, whatever its type.
func (w *walk) visible(i uint32) bool {
	return (w.want == nil || w.want[i/64]>>(i%64)&1 != 0) && w.store.twice[i/64]>>(i%64)&1 == 0
}

// needs reports whether a position is marked, all are if there is no list.
func needs(list []uint64, at uint32) bool {
	return list == nil || list[at/64]>>(at%64)&1 != 0
}

// need marks the positions that something wanted is made from, and the wanted
// themselves.
func (f *forest) need(wanted func(rank uint32) bool) []uint64 {
	marks := make([]uint64, len(f.bases)/64+1)
	for i, rank := range f.ranks {
		if !wanted(rank) {
			continue
		}
		for at := uint32(i); at < refused && marks[at/64]>>(at%64)&1 == 0; at = f.bases[at] {
			marks[at/64] |= 1 << (at % 64)
		}
	}
	return marks
}

// lose gives up an entry and all that is made from it.
func (w *walk) lose(l *layer, at uint32, why error, losses *[]loss) {
	f := l.forest
	stack := []uint32{at}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		i := l.start + f.ranks[at]
		t := w.store.types[i]
		if w.visible(i) && (t == Unknown || w.plan.Types.Has(t)) {
			*losses = append(*losses, loss{i, why})
		}
		for _, child := range f.childrenOf(at) {
			if f.bases[child] != refused {
				stack = append(stack, child)
			}
		}
		why = errBaseLost
	}
}

// secondChance tries the other copies of what was lost, and reports the rest.
func (w *walk) secondChance(ctx context.Context, walkers []*walker) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	lost := w.losses
	for _, k := range walkers {
		lost = append(lost, k.losses...)
	}
	slices.SortFunc(lost, func(a, b loss) int { return cmp.Compare(a.index, b.index) })
	k := walkers[0]
	k.ctx = ctx
	k.losses = nil
	for _, loss := range lost {
		l, rank := w.store.layerOf(loss.index)
		if len(w.store.layers) > 1 {
			_, r, err := k.copyIn(&chain{alternatives: maxAlternatives}, l, l.ids.id(rank), loss.why)
			if err == nil {
				err = k.single(loss.index, r)
				k.drop(r)
				if err != nil {
					return err
				}
				continue
			}
			if !k.recoverable(err) && !errors.Is(err, errTotal) {
				return err
			}
		}
		w.store.refuseObject(loss.index, loss.why)
	}
	return nil
}
