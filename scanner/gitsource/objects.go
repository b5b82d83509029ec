package gitsource

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// none is no object.
const none = ^uint32(0)

// objects is every object of the repository, in order of the ids, by which an
// object is told from then on by its index: the order is the same however the
// objects are stored.
type objects struct {
	store *pack.Store
	width int
	ids   []byte
	// fan tells where the ids begin whose first two bytes are the index; nil
	// where there are few.
	fan []uint32
	// places leads from an index to the store's own, indexes back.
	places, indexes []uint32
}

// object is one object as a visitor gets it. The content is gone when the
// visitor returns.
type object struct {
	index uint32
	kind  pack.Type
	data  []byte
	// stored is the object as the store's walk gives it, nil if it was read by
	// itself.
	stored *pack.Object
}

// visitor gets the objects that one worker reads.
type visitor func(worker int, o object) error

// openObjects opens what the repository stores. The notes say what of it was
// left alone.
func (r *Repository) openObjects() (*objects, []*source.ItemError, error) {
	store, notes, err := r.openStore(false)
	if err != nil {
		return nil, nil, err
	}
	o := &objects{store: store, width: r.width}
	o.sort()
	return o, notes, nil
}

// openStore opens the object directories, for all objects or for few.
func (r *Repository) openStore(few bool) (*pack.Store, []*source.ItemError, error) {
	directories, notes, err := r.objectDirectories()
	if err != nil {
		return nil, nil, fmt.Errorf("open objects: %w", err)
	}
	store, err := pack.Open(pack.Options{Directories: directories, Width: r.width, MaxObject: r.options.MaxBlob, Memory: r.options.Memory, Few: few})
	if err != nil {
		return nil, nil, fmt.Errorf("open objects: %w", err)
	}
	return store, notes, nil
}

// sort gives every id its index; one that is stored twice has one.
func (o *objects) sort() {
	order := make([]uint32, o.store.Len())
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return bytes.Compare(o.store.ID(a), o.store.ID(b)) })
	o.indexes = make([]uint32, len(order))
	for _, place := range order {
		id := o.store.ID(place)
		if n := o.len(); n == 0 || !bytes.Equal(o.id(uint32(n-1)), id) {
			o.ids = append(o.ids, id...)
			o.places = append(o.places, place)
		}
		o.indexes[place] = uint32(o.len() - 1)
	}
	o.spread()
}

// spread makes the fan of sorted ids.
func (o *objects) spread() {
	o.fan = make([]uint32, 1<<16+1)
	for i := range uint32(o.len()) {
		o.fan[int(binary.BigEndian.Uint16(o.id(i)))+1]++
	}
	for i := 1; i < len(o.fan); i++ {
		o.fan[i] += o.fan[i-1]
	}
}

func (o *objects) close() error { return o.store.Close() }

func (o *objects) len() int { return len(o.places) }

func (o *objects) id(i uint32) []byte {
	return o.ids[int(i)*o.width : (int(i)+1)*o.width]
}

// name is the id in hex.
func (o *objects) name(i uint32) string { return hex.EncodeToString(o.id(i)) }

// kind is an object's type, pack.Unknown before it was read. It must not be
// asked while a walk runs.
func (o *objects) kind(i uint32) pack.Type { return o.store.Type(o.places[i]) }

// find returns the index of an id in raw bytes, or none.
func (o *objects) find(id []byte) uint32 {
	if len(id) != o.width {
		return none
	}
	lo, hi := uint32(0), uint32(o.len())
	if o.fan != nil {
		at := int(binary.BigEndian.Uint16(id))
		lo, hi = o.fan[at], o.fan[at+1]
	}
	for lo < hi {
		mid := lo + (hi-lo)/2
		switch bytes.Compare(o.id(mid), id) {
		case 0:
			return mid
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return none
}

// walk visits the objects of some types, or of those the wanted ones, in up to
// jobs goroutines, each object once. What cannot be read is among the refusals
// of the store.
func (o *objects) walk(ctx context.Context, types pack.Types, want []uint32, jobs int, visit visitor) error {
	plan := pack.Plan{Types: types, Jobs: jobs, Ops: types.Has(pack.Blob)}
	if want != nil {
		plan.Want = make([]uint32, len(want))
		for i, index := range want {
			plan.Want[i] = o.places[index]
		}
	}
	return o.store.Walk(ctx, plan, func(worker int) pack.Visitor {
		return &visiting{objects: o, worker: worker, visit: visit}
	})
}

// visiting hands the store's objects to a visitor under their own indexes.
type visiting struct {
	*objects
	worker int
	visit  visitor
}

// Visit implements pack.Visitor.
func (v *visiting) Visit(o *pack.Object) error {
	return v.visit(v.worker, object{index: v.indexes[o.Index], kind: o.Type, data: o.Data, stored: o})
}

var _ pack.Visitor = (*visiting)(nil)

// refused tells what could not be read, as coverage.
func (o *objects) refused() (notes []*source.ItemError, broken map[string]bool) {
	list, more := o.store.Refusals()
	broken = map[string]bool{}
	for _, refusal := range list {
		name := "objects/" + refusal.ID
		if refusal.ID == "" {
			name = ".git/" + refusal.File
		} else if id, err := hex.DecodeString(refusal.ID); err == nil {
			broken[string(id)] = true
		}
		notes = append(notes, unread(name, refusal.Reason, nil))
	}
	if more > 0 {
		notes = append(notes, unread("objects", fmt.Sprintf("at least %d more things could not be read", more), nil))
	}
	return notes, broken
}
