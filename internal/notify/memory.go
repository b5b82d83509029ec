package notify

import (
	"encoding/json"
	"slices"
	"time"
)

// memory is what a channel was told. It is kept with the last action that told it
// something.
type memory struct {
	// Runs are the runs it was told of, the last ones; Since is when it began to
	// hear, Told when it was told last.
	Runs  []int64   `json:"runs,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Told  time.Time `json:"told,omitzero"`
	// Active are the fingerprints of keys that work, Unused the numbers of keys that
	// nobody uses, Incomplete those of repositories that were not read.
	Active     []string `json:"active,omitempty"`
	Unused     []int64  `json:"unused,omitempty"`
	Incomplete []int64  `json:"incomplete,omitempty"`
	// Until is up to when findings that are open for long were told.
	Until time.Time `json:"until,omitzero"`
}

const (
	// remembered is how much of each sort a channel remembers. Beyond it, it is told
	// again.
	remembered = 20_000
	// rememberedRuns is how many runs it remembers.
	rememberedRuns = 500
)

// after is the memory when a run was told; 0 is none.
func (m memory) after(run int64, now time.Time) memory {
	if run > 0 && !slices.Contains(m.Runs, run) {
		m.Runs = append(slices.Clone(m.Runs), run)
	}
	m.Runs = m.Runs[max(0, len(m.Runs)-rememberedRuns):]
	if m.Since.IsZero() {
		m.Since = now
	}
	m.Told = now
	return m
}

// note is the detail of an action of this package.
type note struct {
	ID string `json:"id,omitempty"`
	// Why says what went wrong, in words of ours.
	Why    string  `json:"error,omitempty"`
	Memory *memory `json:"memory,omitempty"`
}

func (n note) detail() (json.RawMessage, error) { return json.Marshal(n) }

func firstOf[T any](list []T) []T { return list[:min(len(list), remembered)] }

func set[T comparable](list []T) map[T]bool {
	all := make(map[T]bool, len(list))
	for _, one := range list {
		all[one] = true
	}
	return all
}
