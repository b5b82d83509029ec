package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/qleaks/qleaks/internal/records"
)

// Overdue escalates, between sweeps, what stayed open and undecided for too long, and
// returns how many channels were told. A channel that was never told of a sweep has
// nobody who could have decided. What another worker is sending is left to it.
func (n *Notifier) Overdue(ctx context.Context) (told int, err error) {
	var wrong []error
	for _, c := range n.Channels {
		if c.After == 0 {
			continue
		}
		digests, err := n.Store.Actions(ctx, records.ActionFilter{Kind: Action, Subject: c.Name}, records.Page{Most: 1})
		if err != nil {
			return told, err
		}
		if len(digests) == 0 {
			continue
		}
		state, err := n.escalate(ctx, c, records.Run{})
		if _, later := errors.AsType[*LaterError](err); later {
			continue
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s, to %s: %w", c.Name, c.To, err))
		} else if state == Sent {
			told++
		}
	}
	return told, errors.Join(wrong...)
}
