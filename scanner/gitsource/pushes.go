package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	remotes     = "refs/remotes/"
	pushMessage = "update by push"
)

// Publication is when a branch of a remote was seen to hold some commit.
type Publication struct {
	// Ref is the remote-tracking ref: refs/remotes/origin/main; "" if none holds
	// it.
	Ref string
	// At is zero where no log tells since when the ref holds it.
	At time.Time
	// Pushed says that it was pushed from here at that time. Else it was there
	// then, and somebody brought it before: a fetch or a clone showed it, or the
	// log begins with it.
	Pushed bool
}

// Descent is which commits of a repository hold one of some commits: those
// themselves, and what was made on top of them.
type Descent struct {
	repo  *Repository
	marks map[string]bool // ids of commits, in bytes
	// Remotes says that the repository has remote-tracking refs at all.
	Remotes bool
	first   Publication
}

// Descent finds what holds some commits, told by their ids in hexadecimal, and
// when a remote was first seen to. Ids that are not here are passed over.
//
// Reflogs are kept for 90 days by default, and only in this repository: what
// none of them tells may have been pushed all the same.
func (r *Repository) Descent(ctx context.Context, commits []string) (d *Descent, err error) {
	s := newSearch(r, nil, 0, nil)
	if err := s.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.objects.close()) }()
	if err := s.readGraph(ctx); err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	holds := make([]bool, len(s.graph.commits))
	for _, text := range commits {
		if id, ok := r.parseID([]byte(text)); ok {
			if n, ok := s.graph.number(s.objects.find([]byte(id))); ok {
				holds[n] = true
			}
		}
	}
	d = &Descent{repo: r, marks: map[string]bool{}}
	for _, n := range s.graph.order {
		holds[n] = holds[n] || slices.ContainsFunc(s.graph.parentsOf(n), func(p uint32) bool { return holds[p] })
		d.marks[string(s.objects.id(s.graph.commits[n].object))] = holds[n]
	}
	d.find()
	return d, nil
}

// Holds reports whether a commit holds one of them; known is false of one that
// is not here.
func (d *Descent) Holds(commit string) (holds, known bool) {
	id, ok := d.repo.parseID([]byte(commit))
	if !ok {
		return false, false
	}
	holds, known = d.marks[id]
	return holds, known
}

// Published is when a remote was first seen to hold one of them.
func (d *Descent) Published() Publication { return d.first }

// find goes through the logs of remote-tracking refs, then through the refs
// themselves: a log may have been cut.
func (d *Descent) find() {
	for _, log := range d.repo.reflogs(func(string, error) {}) {
		_, name, ok := strings.Cut(log.path, "logs/"+remotes)
		if !ok {
			continue
		}
		d.Remotes = true
		if p, ok := d.inLog(log); ok && (d.first.Ref == "" || p.At.Before(d.first.At) || p.At.Equal(d.first.At) && p.Pushed) {
			p.Ref = remotes + name
			d.first = p
		}
	}
	for _, ref := range d.repo.refs(func(string, error) {}) {
		if !strings.HasPrefix(ref.name, remotes) {
			continue
		}
		d.Remotes = true
		if d.first.Ref == "" && d.marks[ref.id] {
			d.first = Publication{Ref: ref.name}
		}
	}
}

// inLog finds the first entry of a log after which its ref holds one of them.
func (d *Descent) inLog(log reflog) (Publication, bool) {
	n := 0
	for line := range bytes.Lines(log.text) {
		if n == len(log.moves) {
			break
		}
		old, now := log.moves[n][0], log.moves[n][1]
		at, message, ok := loggedAt(string(line))
		switch {
		case !ok:
		case n == 0 && d.marks[old]:
			return Publication{At: at}, true
		case d.marks[now]:
			return Publication{At: at, Pushed: strings.HasPrefix(message, pushMessage)}, true
		}
		n++
	}
	return Publication{}, false
}

// loggedAt reads "… <mail> SECONDS ZONE\tmessage".
func loggedAt(line string) (at time.Time, message string, ok bool) {
	who, message, ok := strings.Cut(line, "\t")
	if !ok {
		return time.Time{}, "", false
	}
	fields := strings.Fields(who[strings.LastIndexByte(who, '>')+1:])
	if len(fields) != 2 {
		return time.Time{}, "", false
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, "", false
	}
	return time.Unix(seconds, 0).UTC(), message, true
}
