package gitsource

import (
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
)

// rank orders the ways to reach an object, the best first.
type rank uint8

const (
	byRef rank = iota
	byStash
	byIndex
	byReflog
	byNothing
	// byUnknown is for a repository whose refs could not all be read.
	byUnknown
)

func (r rank) reach() finding.Reach {
	switch r {
	case byRef:
		return finding.ReachRef
	case byStash:
		return finding.ReachStash
	case byIndex:
		return finding.ReachIndex
	case byReflog:
		return finding.ReachReflog
	case byNothing:
		return finding.ReachDangling
	case byUnknown: // nothing can be told
	}
	return ""
}

// reachability is what leads to commits and other objects.
type reachability struct {
	// ranks are those of the commits, by number; notes tells the commits
	// that only refs/notes reaches.
	ranks []rank
	notes []bool
	// tips are the refs that lead to commits; direct are the refs that name
	// an object itself or by tags.
	tips   []tip
	direct map[uint32]*refNames
	// bottom is the rank of what nothing reaches.
	bottom rank
}

func (s *search) reachability() *reachability {
	x := &reachability{direct: map[uint32]*refNames{}, bottom: byNothing}
	if s.tablesUnread() {
		x.bottom = byUnknown
	}
	var heads, notes, stashes, logged []uint32
	for _, r := range s.walked.refs {
		n, ok := s.peel(r, x)
		if !ok {
			continue
		}
		x.tips = append(x.tips, tip{name: r.name, commit: n})
		switch {
		case r.name == stashRef:
			stashes = append(stashes, n)
		case strings.HasPrefix(r.name, "refs/notes/"):
			notes = append(notes, n)
		default:
			heads = append(heads, n)
		}
	}
	for _, log := range s.walked.logs {
		for _, id := range log.ids {
			if n, ok := s.graph.number(s.objects.find([]byte(id))); !ok {
				continue
			} else if log.stash {
				stashes = append(stashes, n)
			} else {
				logged = append(logged, n)
			}
		}
	}
	x.rankAll(s.graph, heads, notes, stashes, logged)
	return x
}

func (x *reachability) rankAll(g *graph, heads, notes, stashes, logged []uint32) {
	const byHead, byNote, byStashed, byLog = 1, 2, 4, 8
	marks := g.reachedFrom(heads, notes, stashes, logged)
	x.notes = make([]bool, len(g.commits))
	x.ranks = slices.Repeat([]rank{x.bottom}, len(g.commits))
	for i, by := range marks {
		switch {
		case by&(byHead|byNote) != 0:
			x.ranks[i] = byRef
		case by&byStashed != 0:
			x.ranks[i] = byStash
		case by&byLog != 0:
			x.ranks[i] = byReflog
		}
		x.notes[i] = by&(byHead|byNote) == byNote
	}
}

// maxTags is how many tags may lead from one to the next. Packs are believed
// when they say which id an object has, so that tags can go in circles.
const maxTags = 1000

// peel follows a ref through tags to a commit, noting every other object on the
// way.
func (s *search) peel(r ref, x *reachability) (uint32, bool) {
	at := s.objects.find([]byte(r.id))
	for range maxTags {
		if at == none {
			break
		}
		if n, ok := s.graph.number(at); ok {
			return n, true
		}
		names := x.direct[at]
		if names == nil {
			names = &refNames{}
			x.direct[at] = names
		}
		names.add(r.name)
		target, isTag := s.walked.tags[at]
		if !isTag {
			return 0, false
		}
		at = target
	}
	return 0, false
}
