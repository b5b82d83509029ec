package gitsource

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Push is one time when a branch of a remote moved because something was pushed
// from this repository.
type Push struct {
	// Ref is the remote-tracking ref: refs/remotes/origin/main.
	Ref string
	At  time.Time
}

// Pushes returns what reflogs remember of pushes, oldest first. Reflogs are
// kept for 90 days by default, and only where the push was made: none
// remembered does not say that nothing was pushed.
func (r *Repository) Pushes() []Push {
	var all []Push
	for _, log := range r.reflogs(func(string, error) {}) {
		_, ref, ok := strings.Cut(log.path, "logs/refs/remotes/")
		if !ok {
			continue
		}
		for line := range bytes.Lines(log.text) {
			if at, ok := pushedAt(string(line)); ok {
				all = append(all, Push{Ref: "refs/remotes/" + ref, At: at})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Push) int { return a.At.Compare(b.At) })
	return all
}

// pushedAt reads "… <mail> SECONDS ZONE\tupdate by push".
func pushedAt(line string) (time.Time, bool) {
	who, message, ok := strings.Cut(line, "\t")
	if !ok || !strings.HasPrefix(message, "update by push") {
		return time.Time{}, false
	}
	fields := strings.Fields(who[strings.LastIndexByte(who, '>')+1:])
	if len(fields) != 2 {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0).UTC(), true
}
