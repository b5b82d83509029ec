package incident

import (
	"fmt"
	"slices"

	"github.com/qleaks/qleaks/internal/provider"
)

const (
	// enough is how many jobs a habit must rest on.
	enough = 5
	// enoughForHours is how many it must rest on to say something about the time
	// of day.
	enoughForHours = 20
	// far is how many times as many shots as ever before are unusual.
	far = 3
	// nearHours is how far from a usual hour is still usual.
	nearHours = 2
)

// Habit is what the jobs before a leak were like.
type Habit struct {
	Jobs     int      `json:"jobs"`
	Backends []string `json:"backends"`
	Owners   []string `json:"owners"`
	// Shots is the most shots that a job had.
	Shots int64 `json:"shots"`
	// Hours are the hours of the day, in UTC, at which jobs were submitted.
	Hours []int `json:"hours"`
}

func learn(before []provider.Job) Habit {
	h := Habit{Jobs: len(before), Backends: []string{}, Owners: []string{}, Hours: []int{}}
	for _, j := range before {
		h.Backends, h.Owners = with(h.Backends, j.Backend), with(h.Owners, j.Owner)
		h.Shots = max(h.Shots, j.Shots)
		h.Hours = append(h.Hours, j.Times.Submitted.UTC().Hour())
	}
	slices.Sort(h.Backends)
	slices.Sort(h.Owners)
	slices.Sort(h.Hours)
	h.Hours = slices.Compact(h.Hours)
	return h
}

func with(all []string, word string) []string {
	if word == "" || slices.Contains(all, word) {
		return all
	}
	return append(all, word)
}

// unlike says what sets a job apart. A habit that rests on too little says
// nothing.
func (h Habit) unlike(j provider.Job) []string {
	if h.Jobs < enough {
		return nil
	}
	var notes []string
	if j.Backend != "" && !slices.Contains(h.Backends, j.Backend) {
		notes = append(notes, "never ran on "+j.Backend+" before")
	}
	if j.Owner != "" && len(h.Owners) > 0 && !slices.Contains(h.Owners, j.Owner) {
		notes = append(notes, "submitted by "+j.Owner+", who submitted nothing before")
	}
	if h.Shots > 0 && j.Shots > far*h.Shots {
		notes = append(notes, fmt.Sprintf("%d shots, at most %d before", j.Shots, h.Shots))
	}
	if at := j.Times.Submitted; h.Jobs >= enoughForHours && !at.IsZero() && !h.usual(at.UTC().Hour()) {
		notes = append(notes, fmt.Sprintf("at %02d UTC, when nothing was submitted before", at.UTC().Hour()))
	}
	return notes
}

func (h Habit) usual(hour int) bool {
	return slices.ContainsFunc(h.Hours, func(known int) bool {
		apart := (hour - known + 24) % 24
		return min(apart, 24-apart) <= nearHours
	})
}

// Known reports whether the habit rests on enough to say something.
func (h Habit) Known() bool { return h.Jobs >= enough }
