package pack

import "fmt"

// Type is the type of an object, by its number in packs.
type Type uint8

// The types of objects.
const (
	Unknown Type = 0
	Commit  Type = 1
	Tree    Type = 2
	Blob    Type = 3
	Tag     Type = 4
)

// String returns Git's name of the type.
func (t Type) String() string {
	switch t {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	default:
		return "unknown"
	}
}

func typeByName(name string) Type {
	for t := Commit; t <= Tag; t++ {
		if t.String() == name {
			return t
		}
	}
	return Unknown
}

// Types is a set of types.
type Types uint8

// AllTypes holds every type.
const AllTypes = Types(1<<Commit | 1<<Tree | 1<<Blob | 1<<Tag)

// Only returns the set of the given types.
func Only(list ...Type) Types {
	var s Types
	for _, t := range list {
		s |= 1 << t
	}
	return s
}

// Has reports whether t is in the set.
func (s Types) Has(t Type) bool { return s>>t&1 != 0 }

// None is the index of no object.
const None = ^uint32(0)

// Object is an object as a visitor gets it. Nothing of it may be kept or
// changed when Visit has returned.
type Object struct {
	// Index is the object's number in its store.
	Index uint32
	Type  Type
	// ID is the object's id in raw bytes.
	ID []byte
	// Data is the whole content.
	Data []byte
	// Base is the object that this one was made from, None for one that is
	// stored whole. Ops say how; they are there for blobs and trees, when the plan asks.
	Base uint32
	Ops  []Op
	// BaseVisited says that this visitor got Base before, with the content that
	// Ops copy from: it was then the last object that it got at Depth-1. Else
	// nothing is known of that content: another copy of Base, visited
	// elsewhere, may differ if nobody verifies ids.
	BaseVisited bool
	// Depth is how many deltas were applied to a root.
	Depth int
}

// Op is a part of an object that was made from a base. The ops of an object
// follow each other without gap; neighbours that continue each other, in the
// object and in the base, are one.
type Op struct {
	// From is the place in the base that the part is copied from, in bytes, or
	// Insert.
	From uint32
	// Len is the part's length, in bytes.
	Len uint32
}

// Insert stands for a place in the base where a part is not copied from it.
const Insert = ^uint32(0)

// Visitor gets the objects of a walk that one goroutine reads.
type Visitor interface {
	// Visit gets one object. An error ends the walk and is returned by it.
	Visit(o *Object) error
}

// Refusal says what was not read, and why.
type Refusal struct {
	// File is the file in question, below its object directory.
	File string
	// Index and ID (hex) tell the object; None and "" where it is not known.
	Index uint32
	ID    string
	// Reason is a short phrase, the same for the same cause.
	Reason string
}

// String tells the refusal in one line.
func (r Refusal) String() string {
	if r.ID == "" {
		return fmt.Sprintf("%s: %s", r.File, r.Reason)
	}
	return fmt.Sprintf("%s: object %s: %s", r.File, r.ID, r.Reason)
}
