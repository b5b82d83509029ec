package ledger

import (
	"encoding/binary"

	"github.com/qleaks/qleaks/scanner/source"
)

// Weight says what is known of an object: Unread, NotBlob, or of a blob without
// keys its size.
type Weight uint32

// What is not the weight of a blob.
const (
	// Unread is for what has to be read again: it was not there, could not be
	// read, or holds a key.
	Unread Weight = 0
	// NotBlob is for a tree, and for a commit or a tag without keys.
	NotBlob Weight = 1<<32 - 1
)

const (
	told Weight = 1 << 31
	// maxWeighed is the largest blob that has a weight, in bytes.
	maxWeighed = 1<<30 - 1
)

// Weigh returns the weight of a blob that was read and holds no key; hasTold
// says that there is more to tell of it.
func Weigh(size int, hasTold bool) Weight {
	if size > maxWeighed {
		return Unread
	}
	w := Weight(size) + 1
	if hasTold {
		w |= told
	}
	return w
}

// Blob returns the size of a blob that was read.
func (w Weight) Blob() (size int64, ok bool) {
	if w == Unread || w == NotBlob {
		return 0, false
	}
	return int64(w&^told) - 1, true
}

// valid reports whether w is a weight that Weigh returns, Unread or NotBlob.
func (w Weight) valid() bool {
	return w == Unread || w == NotBlob || w&^told != 0 && w&^told <= maxWeighed+1
}

// HasTold reports whether there is more to tell of a blob.
func (w Weight) HasTold() bool { return w != NotBlob && w&told != 0 }

// Told is what a report says of a blob besides keys.
type Told struct {
	Images int
	// Notes say what of it was excluded; paths are those within the blob.
	Notes []source.ItemError
}

// Objects is what is known of the objects of a repository.
type Objects struct {
	// IDs are all of them, in order, Width bytes each: never a part of an id.
	Width   int
	IDs     []byte
	Weights []Weight
	// Told is for those whose weight says so, by their ids.
	Told map[string]Told
}

// Len is the number of objects.
func (o Objects) Len() int { return len(o.Weights) }

// ID returns an object's id.
func (o Objects) ID(i int) []byte { return o.IDs[i*o.Width : (i+1)*o.Width] }

func (o *Objects) encode() [][]byte {
	var e encoder
	e.uint(uint64(o.Width))
	e.uint(uint64(len(o.Weights)))
	weights := make([]byte, 0, 4*len(o.Weights))
	for _, w := range o.Weights {
		weights = binary.LittleEndian.AppendUint32(weights, uint32(w))
	}
	var more encoder
	more.uint(uint64(len(o.Told)))
	for i, w := range o.Weights {
		if w.HasTold() {
			t := o.Told[string(o.ID(i))]
			more.text(string(o.ID(i)))
			more.uint(uint64(t.Images))
			more.notes(t.Notes)
		}
	}
	return [][]byte{e.out, o.IDs, weights, more.out}
}

func (o *Objects) decode(d *decoder) {
	o.Width = d.small()
	if !isWidth(o.Width) {
		d.fail()
		return
	}
	count := d.small()
	o.IDs = d.bytes(uint64(count) * uint64(o.Width))
	weights := d.bytes(uint64(count) * 4)
	o.Weights = make([]Weight, len(weights)/4)
	for i := range o.Weights {
		o.Weights[i] = Weight(binary.LittleEndian.Uint32(weights[4*i:]))
		if !o.Weights[i].valid() {
			d.fail()
		}
	}
	o.Told = map[string]Told{}
	told := d.uint()
	for i, w := range o.Weights {
		if d.broken || !w.HasTold() {
			continue
		}
		id := d.text()
		if id != string(o.ID(i)) {
			d.fail()
		}
		o.Told[id] = Told{Images: d.small(), Notes: d.notes()}
	}
	// Every object once, and none that is not asked for: what else there is would be
	// lost when this is written again.
	if told != uint64(len(o.Told)) {
		d.fail()
	}
	if d.broken {
		*o = Objects{}
	}
}

func isWidth(n int) bool { return n == 20 || n == 32 }

func (e *encoder) notes(list []source.ItemError) {
	e.uint(uint64(len(list)))
	for _, n := range list {
		e.text(n.Path)
		e.text(string(n.Outcome))
		e.text(n.Reason)
	}
}

func (d *decoder) notes() []source.ItemError {
	return list(d, func() source.ItemError {
		return source.ItemError{Path: d.text(), Outcome: source.Outcome(d.text()), Reason: d.text()}
	})
}
