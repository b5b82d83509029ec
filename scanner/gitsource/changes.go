package gitsource

import (
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
)

// changes remembers what was learned of the blobs that a worker is making
// others from: of the last one at each depth of the delta chain.
type changes struct {
	at    []known
	parts []inspect.Part
}

// known is what was learned of one blob, by its number in the store.
type known struct {
	object uint32
	inspect.Known
}

// inspect inspects a blob. Of one that was read by itself nothing is known.
func (c *changes) inspect(x *inspect.Inspector, blob object) inspect.Result {
	o := blob.stored
	if o == nil {
		return x.Inspect(blob.data, "", inspect.Position{})
	}
	for len(c.at) <= o.Depth {
		c.at = append(c.at, known{object: pack.None})
	}
	var base *inspect.Known
	c.parts = c.parts[:0]
	if o.BaseVisited && o.Depth > 0 && c.at[o.Depth-1].object == o.Base {
		base = &c.at[o.Depth-1].Known
		for _, op := range o.Ops {
			c.parts = append(c.parts, inspect.Part{From: op.From, Len: op.Len})
		}
	}
	here := &c.at[o.Depth]
	here.object = o.Index
	return x.InspectChange(o.Data, c.parts, base, &here.Known)
}
