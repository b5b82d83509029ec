package gitsource

import (
	"bytes"
	"encoding/binary"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

const (
	// atOnce is how many objects are looked up at a time: most of what a search
	// takes is waiting for memory, and so they wait together.
	atOnce = 32
	// recentBits says how many ids are remembered: four in ten that trees name
	// were named a little earlier.
	recentBits = 10
)

// lookups are the objects that a worker has yet to look up.
type lookups struct {
	ids     []byte
	asked   []question
	numbers [atOnce]uint32
	// recent are ids that were asked for, by their first bits.
	recent [1 << recentBits][32]byte
}

// question says where the number of an object is wanted: at which place of
// which list.
type question struct {
	list list
	at   uint32
	// must says that the object is missing if it is not here.
	must bool
}

// list is where numbers of objects are written to.
type list uint8

const (
	nowhere list = iota
	ofTree
	ofCommit
	ofParents
	ofTags
)

// ask looks an object up, now or later.
func (e *examiner) ask(id []byte, q question) {
	if len(id) != e.objects.width { // a broken link
		if q.must {
			e.misses(id)
		}
		return
	}
	e.lookups.ids = append(e.lookups.ids, id...)
	e.lookups.asked = append(e.lookups.asked, q)
	if len(e.lookups.asked) == atOnce {
		e.answer()
	}
}

// answer looks up what was asked for so far.
func (e *examiner) answer() {
	l := &e.lookups
	numbers := l.numbers[:len(l.asked)]
	e.objects.table.FindAll(l.ids, numbers)
	for i, q := range l.asked {
		n := numbers[i]
		if n == pack.None {
			if q.must {
				e.misses(l.ids[i*e.objects.width : (i+1)*e.objects.width])
			}
			continue
		}
		switch q.list {
		case nowhere:
		case ofTree:
			e.log.answer(q.at, n)
		case ofCommit:
			e.lineage.commits[q.at].tree = n
		case ofParents:
			e.lineage.parents[q.at] = n
		case ofTags:
			e.tags[q.at].target = n
		}
	}
	l.ids, l.asked = l.ids[:0], l.asked[:0]
}

// expect asks whether an object is here, unless that was asked a moment ago.
func (e *examiner) expect(id []byte) {
	n := binary.BigEndian.Uint16(id) >> (16 - recentBits)
	slot := &e.lookups.recent[n]
	if n > 0 && bytes.Equal(slot[:len(id)], id) { // at first all are zeros
		return
	}
	copy(slot[:], id)
	e.ask(id, question{list: nowhere, must: true})
}
