package gitsource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// errMissing says that an object is not here.
var errMissing = errors.New("missing object")

// none is no object.
const none = ^uint32(0)

// objects is every object of the repository, told from then on by its number
// in the table, which is the same however the objects are stored.
type objects struct {
	store *pack.Store
	table *pack.Table
	width int
	// reader reads the objects of a table that is not the store's; kinds are
	// their types, as far as they are known.
	reader *pack.Reader
	kinds  []pack.Type
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

// openings is how often objects are listed anew that change meanwhile.
const openings = 5

// openObjects opens what the repository stores. The notes say what of it was
// left alone. An object that Git moves to or from a pack while directories are
// listed one by one may be in none of the lists, so that they count only if
// nothing has changed when they are done.
func (r *Repository) openObjects() (*objects, []*source.ItemError, error) {
	before, known := r.stored()
	for n := 1; ; n++ {
		store, notes, err := r.openStore(false)
		if err != nil {
			return nil, nil, err
		}
		after, still := r.stored()
		if known && still && before != after && n < openings {
			if err := store.Close(); err != nil {
				return nil, nil, fmt.Errorf("open objects: %w", err)
			}
			before, known = after, still
			continue
		}
		if known && still && before != after {
			notes = append(notes, unread("objects", "objects are stored or moved all the time; some of them may not have been read", nil))
		}
		return &objects{store: store, table: store.Table(), width: r.width}, notes, nil
	}
}

// stored names what is stored now; false if it cannot be told.
func (r *Repository) stored() (string, bool) {
	directories, _, err := r.objectDirectories()
	if err != nil {
		return "", false
	}
	h := sha256.New()
	_, err = pack.Fingerprint(h, directories, r.width)
	return string(h.Sum(nil)), err == nil
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

func (o *objects) close() error { return o.store.Close() }

func (o *objects) len() int { return o.table.Len() }

func (o *objects) id(i uint32) []byte { return o.table.ID(i) }

// name is the id in hex.
func (o *objects) name(i uint32) string { return hex.EncodeToString(o.id(i)) }

// kind is an object's type, pack.Unknown before it was read. It must not be
// asked while a walk runs.
func (o *objects) kind(i uint32) pack.Type {
	if o.kinds != nil {
		return o.kinds[i]
	}
	return o.store.Type(o.table.Index(i))
}

// find returns the number of the object with an id in raw bytes, or none.
func (o *objects) find(id []byte) uint32 {
	if i, ok := o.table.Find(id); ok {
		return i
	}
	return none
}

// has reports whether the repository has an object, in the table or not.
func (o *objects) has(id []byte) bool {
	if o.find(id) != none {
		return true
	}
	if o.reader == nil {
		return false
	}
	_, ok := o.store.Find(id)
	return ok
}

// read reads one object by its id. What is read holds until the next call.
func (o *objects) read(ctx context.Context, id []byte) (pack.Object, error) {
	at, ok := o.store.Find(id)
	if !ok {
		return pack.Object{}, errMissing
	}
	return o.reader.Read(ctx, at)
}

// walk visits the objects of some types, or of those the wanted ones, in up to
// jobs goroutines, each object once. What cannot be read is among the refusals
// of the store.
func (o *objects) walk(ctx context.Context, types pack.Types, want []uint32, jobs int, visit visitor) error {
	if o.reader != nil {
		return o.readEach(ctx, types, want, visit)
	}
	plan := pack.Plan{Types: types, Jobs: jobs, Ops: types.Has(pack.Blob) || types.Has(pack.Tree)}
	if want != nil {
		plan.Want = make([]uint32, len(want))
		for i, index := range want {
			plan.Want[i] = o.table.Index(index)
		}
	}
	return o.store.Walk(ctx, plan, func(worker int) pack.Visitor {
		return &visiting{objects: o, worker: worker, visit: visit}
	})
}

// readEach is walk where objects are read one by one.
func (o *objects) readEach(ctx context.Context, types pack.Types, want []uint32, visit visitor) error {
	for _, i := range want {
		read, err := o.read(ctx, o.id(i))
		if err != nil {
			return err
		}
		if !types.Has(read.Type) {
			continue
		}
		if err := visit(0, object{index: i, kind: read.Type, data: read.Data}); err != nil {
			return err
		}
	}
	return nil
}

// visiting hands the store's objects to a visitor under their own indexes.
type visiting struct {
	*objects
	worker int
	visit  visitor
}

// Visit implements pack.Visitor.
func (v *visiting) Visit(o *pack.Object) error {
	return v.visit(v.worker, object{index: v.table.Number(o.Index), kind: o.Type, data: o.Data, stored: o})
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
