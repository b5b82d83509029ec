package access

import (
	"fmt"
	"sync"
	"time"
)

// ThrottledError says that somebody tried too often.
type ThrottledError struct{ After time.Duration }

// Error implements error.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many attempts failed: try again in %v", e.After.Round(time.Second))
}

// throttle makes those wait who fail to sign in again and again: by name and
// address together, then by address, and last, and only a little, by name, so that
// nobody locks another out.
type throttle struct {
	now func() time.Time

	lock  sync.Mutex
	known map[string]failures
}

type failures struct {
	count int
	last  time.Time
}

// allowance is how many failures are free, and how long is waited at most.
type allowance struct {
	key  string
	free int
	most time.Duration
}

// forgetFailures is after how long failures are forgotten; maxFailures how many
// names and addresses are remembered.
const (
	forgetFailures = time.Hour
	maxFailures    = 10_000
)

func allowances(name, address string) []allowance {
	return []allowance{
		{"both " + address + " " + name, 5, 15 * time.Minute},
		{"address " + address, 20, 15 * time.Minute},
		{"name " + name, 100, 10 * time.Second},
	}
}

// check returns a ThrottledError for who has to wait.
func (t *throttle) check(name, address string) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	now := t.now()
	for _, a := range allowances(name, address) {
		f := t.known[a.key]
		if f.count < a.free {
			continue
		}
		pause := min(time.Second<<min(f.count-a.free, 20), a.most)
		if left := f.last.Add(pause).Sub(now); left > 0 {
			return &ThrottledError{After: left}
		}
	}
	return nil
}

// failed counts a failure.
func (t *throttle) failed(name, address string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	now := t.now()
	if t.known == nil || len(t.known) >= maxFailures {
		kept := map[string]failures{}
		for key, f := range t.known {
			if now.Sub(f.last) < forgetFailures && len(kept) < maxFailures/2 {
				kept[key] = f
			}
		}
		t.known = kept
	}
	for _, a := range allowances(name, address) {
		f := t.known[a.key]
		if now.Sub(f.last) >= forgetFailures {
			f.count = 0
		}
		t.known[a.key] = failures{count: f.count + 1, last: now}
	}
}

// succeeded forgets the failures of a name from an address.
func (t *throttle) succeeded(name, address string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	delete(t.known, allowances(name, address)[0].key)
}
