package ledger

import (
	"bytes"
	"runtime"
)

// Locks says whether there are locks on this system.
const Locks = runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "windows"

var Lock = lock

func EncodedObjects(o Objects) []byte { return bytes.Join(o.encode(), nil) }
func EncodedAnswer(a Answer) []byte   { return bytes.Join(a.encode(), nil) }

func DecodedObjects(data []byte) (Objects, bool) {
	var o Objects
	d := &decoder{rest: data}
	o.decode(d)
	return o, !d.broken && len(d.rest) == 0
}

func EncodedGraph(g Graph) []byte { return bytes.Join(g.encode(), nil) }

func DecodedGraph(data []byte) (Graph, bool) {
	var g Graph
	d := &decoder{rest: data}
	g.decode(d)
	return g, !d.broken && len(d.rest) == 0
}

func DecodedAnswer(data []byte) (Answer, bool) {
	var a Answer
	d := &decoder{rest: data}
	a.decode(d)
	return a, !d.broken && len(d.rest) == 0
}
