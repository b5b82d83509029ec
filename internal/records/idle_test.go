package records_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
)

// idleKeys are those of which it is known that they were not used for long, and no
// others.
func idleKeys(t *testing.T, s *records.Store) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	for name, k := range map[string]key.Key{
		"used long ago":           {Use: key.Use{Known: true, Last: ago(120)}},
		"used lately":             {Use: key.Use{Known: true, Last: ago(5)}},
		"never used, old":         {Use: key.Use{Known: true}, Dates: key.Dates{Created: ago(300)}},
		"never used, new":         {Use: key.Use{Known: true}, Dates: key.Dates{Created: ago(10)}},
		"nobody knows":            {Dates: key.Dates{Created: ago(900)}},
		"used after some day":     {Use: key.Use{Known: true, After: ago(500)}, Dates: key.Dates{Created: ago(900)}},
		"known once, not now":     {Dates: key.Dates{Created: ago(400)}},
		"used long ago, and gone": {Use: key.Use{Known: true, Last: ago(200)}},
	} {
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			k.Provider, k.ID, k.Account = "ibm", name, key.Party{ID: "acc"}
			if name == "known once, not now" {
				before := k
				before.Use.Known = true
				if err := tx.Listed(ctx, before, "", ago(2)); err != nil {
					return err
				}
			}
			return tx.Listed(ctx, k, "", ago(1))
		})
	}
	keys, err := s.Keys(t.Context(), records.KeyFilter{}, records.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.ID == "used long ago, and gone" {
			update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.Unlisted(ctx, k.Seq, now) })
		}
	}
	for most, want := range map[int][]string{0: {"never used, old", "used long ago"}, 1: {"never used, old"}} {
		idle, err := s.IdleKeys(t.Context(), ago(90), most)
		var got []string
		for _, k := range idle {
			got = append(got, k.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("at most %d are idle: %v, want %v, %v", most, got, want, err)
		}
	}
}
