package decode

import (
	"fmt"
	"iter"
	"time"

	"github.com/qleaks/qleaks/scanner/source"
)

// maxNotes is how many notes one piece of content may cause: an archive of
// encrypted members is told, not listed without end.
const maxNotes = 1000

// Views yields the views of content, the raw bytes first, unless it is a
// database that was read as a whole. Errors are of type
// *source.ItemError, tell what was not read (Path is the member's path, "" for
// the content itself), and do not end the sequence. The path is a hint and may
// be empty: it changes no view, only whether a file that should be a notebook
// and is none is noted. The sequence may be used once.
func Views(content []byte, path string, o Options) iter.Seq2[View, error] {
	return func(yield func(View, error) bool) {
		w := newWalk(content, path, o, yield)
		defer w.end()
		w.content(&node{layer: layer{text: content}, base: content, raw: true})
	}
}

// node is text that is being looked at, with all that a view of it says.
type node struct {
	layer
	base   []byte
	member string
	way    []string
	part   Part
	// raw is true for text that is its own base.
	raw bool
	// nesting counts the archives around the text, depth the encodings
	// between the base and the text.
	nesting, depth int
	// last is the rewriting that made the text.
	last rewriting
	// runs are those near which an encoding matters.
	runs runList
	// focus is that of the view.
	focus stretch
}

// inner begins a node that is made from n's text by one more decoding.
func (n *node) inner(text []byte, spans []span, way string) *node {
	child := &node{
		layer: layer{text: text, spans: spans, outer: &n.layer},
		base:  n.base, member: n.member, part: n.part,
		nesting: n.nesting, depth: n.depth + 1,
	}
	child.way = append(append(make([]string, 0, len(n.way)+1), n.way...), way)
	return child
}

// all is the span that maps a text of any length to all of n's text.
func (n *node) all() []span { return []span{{size: len(n.text)}} }

// walk yields the views of one piece of content.
type walk struct {
	o        Options
	path     string
	yield    func(View, error) bool
	stopped  bool
	deadline time.Time
	notes    int
	// left is how many bytes may still be unfolded, byRatio whether the ratio
	// says so, and full that the end of them was noted.
	left     int64
	byRatio  bool
	full     bool
	rewrites []rewrite
	idle     []*builder
	joined   joinCount
}

func newWalk(content []byte, path string, o Options, yield func(View, error) bool) *walk {
	o = o.withDefaults()
	w := &walk{o: o, path: path, yield: yield, rewrites: rewrites()}
	w.deadline = time.Now().Add(o.Time)
	w.left = o.TotalBytes
	if ratio := max(freeBytes, o.Ratio*int64(len(content))); ratio < w.left {
		w.left, w.byRatio = ratio, true
	}
	return w
}

func bytesText(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// content yields the view of bytes of unknown kind and what they unfold to.
// Like all methods that return a bool it returns false when the walk is over.
func (w *walk) content(n *node) bool {
	if w.kindOf(n) == kindSQLite {
		if whole, more := w.database(n); whole || !more {
			return more
		}
	}
	return w.show(n) && w.unfold(n)
}

// kindOf is sniff for those kinds that are to be unfolded.
func (w *walk) kindOf(n *node) kind {
	k := sniff(n.text)
	if w.o.ArchivesOnly && k >= kindSQLite {
		return kindNone
	}
	return k
}

// unfold yields what text of unknown kind unfolds to.
func (w *walk) unfold(n *node) bool {
	switch kind := w.kindOf(n); {
	case kind == kindNone || kind == kindSQLite && n.raw:
	case kind == kindSQLite:
		if whole, more := w.database(n); whole || !more {
			return more
		}
	case kind == kindPickle:
		if !w.pickle(n) {
			return false
		}
	case kind == kindArray:
		if !w.array(n) {
			return false
		}
	case kind == kindRecording:
		if !w.recording(n) {
			return false
		}
	case kind == kindBytecode:
		if !w.bytecode(n) {
			return false
		}
	default:
		if handled, more := w.container(n, kind); handled || !more {
			return more
		}
	}
	if wide := sniffWide(n.text); wide.unit > 0 {
		return w.wideText(n, wide)
	}
	if isNotebook(n.text) {
		if whole, more := w.notebook(n); whole || !more {
			return more
		}
	} else if n.raw && n.member == "" && !w.notebookHint(n) {
		return false
	}
	return w.programs(n) && w.text(n)
}

// text yields the views of encodings inside text.
func (w *walk) text(n *node) bool {
	if len(n.text) < minRun {
		return true
	}
	if n.depth >= w.o.Depth {
		return w.tooDeep(n)
	}
	rows := listRows(n.text)
	runs := listRuns(n.text)
	n.runs = runs.with(rows)
	if !w.literals(n, rows) || !w.reversed(n, runs) || !w.counted(n, runs) {
		return false
	}
	for i := range w.rewrites {
		if r := &w.rewrites[i]; r.follows(n.last) && !w.rewrite(n, r) {
			return false
		}
	}
	return w.base64(n) && w.wideRuns(n)
}

// show yields the view of a node. The time that the caller takes is not ours.
func (w *walk) show(n *node) bool {
	if !w.inTime() {
		return false
	}
	v := View{Text: n.text, Base: n.base, Member: n.member, Way: n.way, Part: n.part, Focus: Focus{n.focus.from, n.focus.to}}
	if !n.raw {
		v.layer = &n.layer
	}
	return w.hand(v, nil)
}

func (w *walk) hand(v View, err error) bool {
	given := time.Now()
	w.stopped = !w.yield(v, err)
	w.deadline = w.deadline.Add(time.Since(given))
	return !w.stopped
}

// inTime reports whether the walk may go on, and notes once if it may not.
func (w *walk) inTime() bool {
	if w.stopped {
		return false
	}
	if time.Now().After(w.deadline) {
		w.note("", source.Unread, fmt.Sprintf("decoding took longer than %s and was cut short", w.o.Time), nil)
		w.stopped = true
		return false
	}
	return true
}

// note yields what was not read.
func (w *walk) note(member string, outcome source.Outcome, reason string, err error) bool {
	if w.stopped {
		return false
	}
	w.notes++
	if w.notes > maxNotes {
		return true
	}
	if w.notes == maxNotes {
		member, outcome, reason, err = "", source.Unread, "more parts than can be listed were not read", nil
	}
	return w.hand(View{}, &source.ItemError{Path: member, Outcome: outcome, Reason: reason, Err: err})
}

// showText yields the view of a member that is text, and what it unfolds to.
func (w *walk) showText(child *node) bool {
	return w.quiet(child.text) || w.show(child) && w.text(child)
}

// quiet reports whether text needs no views.
func (w *walk) quiet(text []byte) bool {
	return w.o.Quiet != nil && w.inTime() && w.o.Quiet(text)
}

// builder lends an empty builder, to be given back when the text it makes is
// not needed any more.
func (w *walk) builder() *builder {
	if n := len(w.idle); n > 0 {
		b := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return b
	}
	return w.o.Spare.take()
}

func (w *walk) giveBack(b *builder) {
	b.reset()
	w.idle = append(w.idle, b)
}

// end leaves the walk's builders to others.
func (w *walk) end() {
	for _, b := range w.idle {
		w.o.Spare.put(b)
	}
}
