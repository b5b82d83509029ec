package records

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// Count is how many findings there are of a kind.
type Count struct {
	Life     Life   `json:"life"`
	Standing string `json:"standing"`
	Count    int64  `json:"count"`
}

// kind is what findings are counted by.
type kind struct {
	life     Life
	standing string
}

// Counts counts findings by life and standing. It costs the same however many there
// are.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	counts, err := list(ctx, s.engine, "SELECT life, standing, amount FROM finding_counts WHERE amount <> 0 ORDER BY life, standing",
		func(scan func(to ...any) error, c *Count) error {
			return scan((*string)(&c.Life), &c.Standing, &c.Count)
		})
	return counts, doing("count findings", err)
}

// count notes that there is a finding more of a kind, or one less.
func (tx *Tx) count(k kind, n int64) {
	if tx.counted == nil {
		tx.counted = map[kind]int64{}
	}
	tx.counted[k] += n
}

// deleteFindings deletes those of a condition with one argument, and returns how many.
func (tx *Tx) deleteFindings(ctx context.Context, condition string, arg any) (int64, error) {
	gone, err := list(ctx, tx, "DELETE FROM findings WHERE "+condition+" RETURNING life, standing", func(scan func(to ...any) error, k *kind) error {
		return scan((*string)(&k.life), &k.standing)
	}, arg)
	for _, k := range gone {
		tx.count(k, -1)
	}
	return int64(len(gone)), err
}

// keepCounts writes what was noted. It is the last that a transaction does, and every
// one does it in the same order: the rows are those that all workers write, and are
// held as short as can be.
func (tx *Tx) keepCounts(ctx context.Context) error {
	kinds := slices.SortedFunc(maps.Keys(tx.counted), func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.life, b.life), cmp.Compare(a.standing, b.standing))
	})
	for _, k := range kinds {
		if tx.counted[k] == 0 {
			continue
		}
		_, err := tx.exec(ctx, `INSERT INTO finding_counts (life, standing, amount) VALUES ($1, $2, $3)
			ON CONFLICT (life, standing) DO UPDATE SET amount = finding_counts.amount + excluded.amount`, string(k.life), k.standing, tx.counted[k])
		if err != nil {
			return doing("count findings", err)
		}
	}
	return nil
}
