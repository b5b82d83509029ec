package records

import (
	"context"
	"slices"
	"time"
)

// IdleKeys returns keys that are not gone and were last used before some time, or
// made before it and never used; those that idle longest come first. A key of which
// nobody knows when it was used is not among them.
func (s *Store) IdleKeys(ctx context.Context, since time.Time, most int) ([]Key, error) {
	idle, err := list(ctx, s.engine, "SELECT "+keyColumns+" FROM keys WHERE gone = 0 AND used > 0 AND used < $1 ORDER BY used, seq LIMIT $2", scanKey, micros(since), limited(most))
	if err != nil {
		return nil, doing("list idle keys", err)
	}
	// What the last list said counts; an unknown use is no use of zero.
	never, err := list(ctx, s.engine, "SELECT "+keyColumns+` FROM keys WHERE gone = 0 AND used = 0 AND EXISTS (SELECT 1 FROM key_uses u
		WHERE u.key = keys.seq AND u.known AND u.seq = (SELECT MAX(l.seq) FROM key_uses l WHERE l.key = keys.seq)) ORDER BY seq LIMIT $1`, scanKey, MaxPage)
	if err != nil {
		return nil, doing("list idle keys", err)
	}
	for _, k := range never {
		if from := k.IdleSince(); !from.IsZero() && from.Before(since) {
			idle = append(idle, k)
		}
	}
	slices.SortStableFunc(idle, func(a, b Key) int { return a.IdleSince().Compare(b.IdleSince()) })
	return idle[:min(len(idle), limited(most))], nil
}

// IdleSince is since when a key has not been used: since its last use; since it was
// made, or first seen, if it was never used. It is zero where that is not known,
// also where all that is known is that it was used after some time.
func (k Key) IdleSince() time.Time {
	switch use := k.Record.Use; {
	case !use.Last.IsZero():
		return use.Last
	case !use.Known, !use.After.IsZero():
		return time.Time{}
	case !k.Record.Dates.Created.IsZero():
		return k.Record.Dates.Created
	}
	return k.First
}
