package records

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// KeyPlace is a repository in which a key was found, with how many of its findings
// there are open, are over, and stand in a key store that Git ignores.
type KeyPlace struct {
	Fingerprint  string
	Repository   int64
	Name         string
	Open, Closed int64
	Kept         int64
	// Works: its provider took the key, and a finding is open.
	Works bool
}

// placesOfKey is how many findings of each key are looked at for its places.
const placesOfKey = 200

// KeyPlaces tells where keys were found, from the newest findings of each, by
// repository: those with most open findings first.
func (s *Store) KeyPlaces(ctx context.Context, fingerprints []string) ([]KeyPlace, error) {
	var parts []string
	var args []any
	for _, f := range slices.Compact(slices.Sorted(slices.Values(fingerprints))) {
		if f == "" {
			continue
		}
		args = append(args, f)
		parts = append(parts, fmt.Sprintf(`SELECT fingerprint, repository, open, stored, standing
			FROM (SELECT fingerprint, repository, open, stored, standing FROM findings WHERE fingerprint = $%d ORDER BY seq DESC LIMIT %d) k%d`,
			len(args), placesOfKey, len(args)))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	places, err := list(ctx, s.engine, `SELECT p.fingerprint, p.repository, r.name, p.n_open, p.n_closed, p.n_kept, p.n_works > 0 FROM (
			SELECT fingerprint, repository, SUM(CASE WHEN open AND NOT stored THEN 1 ELSE 0 END) AS n_open,
				SUM(CASE WHEN open OR stored THEN 0 ELSE 1 END) AS n_closed, SUM(CASE WHEN stored THEN 1 ELSE 0 END) AS n_kept,
				SUM(CASE WHEN open AND NOT stored AND standing = 'active' THEN 1 ELSE 0 END) AS n_works
			FROM (`+strings.Join(parts, " UNION ALL ")+`) f GROUP BY fingerprint, repository
		) p JOIN repositories r ON r.seq = p.repository ORDER BY p.fingerprint, p.n_open DESC, r.name`,
		func(scan func(to ...any) error, p *KeyPlace) error {
			return scan(&p.Fingerprint, &p.Repository, &p.Name, &p.Open, &p.Closed, &p.Kept, &p.Works)
		}, args...)
	return places, doing("list the places of keys", err)
}

// Listed returns those of some fingerprints that lists of keys have.
func (s *Store) Listed(ctx context.Context, fingerprints []string) ([]string, error) {
	if len(fingerprints) == 0 {
		return nil, nil
	}
	these, args := among(fingerprints)
	listed, err := list(ctx, s.engine, "SELECT DISTINCT fingerprint FROM keys WHERE fingerprint"+these,
		func(scan func(to ...any) error, f *string) error { return scan(f) }, args...)
	return listed, doing("list keys", err)
}
