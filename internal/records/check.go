package records

import (
	"context"
	"fmt"
)

// Check looks for what no run can have written: rows without what they belong to,
// findings whose state contradicts itself, and pages of a file that are damaged.
// It returns a sentence about each, none if everything is well. It reads all of
// the database.
func (s *Store) Check(ctx context.Context) (wrong []string, err error) {
	if s.SQL() != nil {
		pages, err := list(ctx, s.engine, "PRAGMA integrity_check(20)", func(scan func(to ...any) error, text *string) error { return scan(text) })
		if err != nil {
			return nil, doing("check", err)
		}
		for _, text := range pages {
			if text != "ok" {
				wrong = append(wrong, "the file is damaged: "+text)
			}
		}
	}
	for _, c := range []struct{ what, statement string }{
		{"counts of findings that are wrong", `FROM (SELECT 1 FROM (SELECT life, standing, amount FROM finding_counts UNION ALL
			SELECT life, standing, -COUNT(*) FROM findings GROUP BY life, standing) t GROUP BY life, standing HAVING SUM(amount) <> 0) u`},
		{"findings of a repository that is not there", "FROM findings t WHERE NOT EXISTS (SELECT 1 FROM repositories p WHERE p.seq = t.repository)"},
		{"coverage of a repository that is not there", "FROM coverage t WHERE NOT EXISTS (SELECT 1 FROM repositories p WHERE p.seq = t.repository)"},
		{"changes of a finding that is not there", "FROM changes t WHERE NOT EXISTS (SELECT 1 FROM findings p WHERE p.seq = t.finding)"},
		{"uses of a key that is not there", "FROM key_uses t WHERE NOT EXISTS (SELECT 1 FROM keys p WHERE p.seq = t.key)"},
		{"findings that are open and over at once", "FROM findings t WHERE t.open <> (t.life IN ('new', 'known', 'reopened'))"},
		{"findings without a step in their life", "FROM findings t WHERE t.life IN ('new', 'known', 'reopened') AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.finding = t.seq)"},
	} {
		n, err := number(ctx, s.engine, "SELECT COUNT(*) "+c.statement)
		if err != nil {
			return wrong, doing("check", err)
		}
		if n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s", n, c.what))
		}
	}
	return wrong, nil
}
