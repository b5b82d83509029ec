package records_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/records"
)

func thePlacesOfKeys(t *testing.T, s *records.Store) {
	h := newHouse(t, s)
	one, two, kept, other := seen("one"), seen("two"), seen("kept"), seen("other")
	for _, f := range []*records.Sighting{&one, &two, &kept} {
		f.Fingerprint = "shared"
	}
	kept.Stored = true
	h.run(read(one, two, kept, other))
	h.run(read(one, kept, other))
	update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
		h.repository, err = tx.PutRepository(ctx, records.Repository{Name: "acme/archive", Origin: "/srv", Location: "/srv/archive"})
		return err
	})
	h.run(read(two))
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return tx.Answered(ctx, records.Answer{Fingerprint: "shared", Standing: records.Active})
	})
	got, err := s.KeyPlaces(t.Context(), []string{"shared", "", "print-other", "shared", "nobody's"})
	if err != nil {
		t.Fatal(err)
	}
	want := []records.KeyPlace{
		{Fingerprint: "print-other", Repository: 1, Name: "acme/circuits", Open: 1},
		{Fingerprint: "shared", Repository: 2, Name: "acme/archive", Open: 1, Works: true},
		{Fingerprint: "shared", Repository: 1, Name: "acme/circuits", Open: 1, Closed: 1, Kept: 1, Works: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if got, err := s.KeyPlaces(t.Context(), []string{""}); err != nil || got != nil {
		t.Errorf("of no key: %v, %v", got, err)
	}
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]records.Count{{records.Fixed, records.Active, 1}, {records.Known, records.Active, 2}, {records.Known, records.Unknown, 1}, {records.New, records.Active, 1}}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
