package webhook

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/sweep"
)

// quietTime is how long nothing else begins for a repository after a sweep was
// begun for it: what is pushed meanwhile is swept together, once.
const quietTime = 10 * time.Second

// pending is what waits for its quiet time to end.
type pending struct {
	lock sync.Mutex
	due  map[string]turn
}

// turn is when a repository may be swept again, and why, if it is to be.
type turn struct {
	at    time.Time
	cause string
}

// mostPending is how many repositories are remembered.
const mostPending = 10_000

// ask begins a sweep of a repository, now or when its quiet time ends.
func (h *Receiver) ask(ctx context.Context, target, cause string) error {
	now := time.Now()
	h.pending.lock.Lock()
	t, waits := h.pending.due[target]
	if waits && now.Before(t.at) {
		h.pending.due[target] = turn{t.at, cause}
		h.pending.lock.Unlock()
		return nil
	}
	if len(h.pending.due) < mostPending {
		h.pending.due[target] = turn{at: now.Add(quietTime)}
	}
	h.pending.lock.Unlock()
	return h.start(ctx, target, cause)
}

// start begins a sweep, with the steps that the schedule of its owner has.
func (h *Receiver) start(ctx context.Context, target, cause string) error {
	steps, err := h.steps(ctx, target)
	if err != nil {
		return err
	}
	_, err = h.Sweeps.Start(ctx, sweep.Request{Target: target, Steps: steps}, cause)
	return err
}

func (h *Receiver) steps(ctx context.Context, target string) ([]string, error) {
	schedules, err := h.Store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	owner, _, _ := strings.Cut(target, "/")
	for _, s := range schedules {
		var r sweep.Request
		if json.Unmarshal(s.Request, &r) == nil && strings.EqualFold(r.Target, owner) {
			return r.Steps, nil
		}
	}
	return nil, nil
}

// pendingPause is how often is looked at what waits.
const pendingPause = time.Second

// Run begins what waited, until the context ends; then what still waits, at once,
// since nobody else knows of it.
func (h *Receiver) Run(ctx context.Context) {
	for ctx.Err() == nil {
		h.flush(ctx, time.Now())
		select {
		case <-ctx.Done():
		case <-time.After(pendingPause):
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), pendingPause)
	defer cancel()
	h.flush(last, time.Now().Add(quietTime))
}

// flush begins what is due at a time, and forgets what is over.
func (h *Receiver) flush(ctx context.Context, now time.Time) {
	h.pending.lock.Lock()
	causes := map[string]string{}
	for target, t := range h.pending.due {
		if now.Before(t.at) {
			continue
		}
		delete(h.pending.due, target)
		if t.cause != "" {
			causes[target] = t.cause
			h.pending.due[target] = turn{at: now.Add(quietTime)}
		}
	}
	h.pending.lock.Unlock()
	for target, cause := range causes {
		if err := h.start(ctx, target, cause); err != nil {
			h.Log.Error("a sweep that a webhook asked for could not be begun", "error", err)
		}
	}
}
