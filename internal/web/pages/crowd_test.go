package pages_test

import (
	"context"
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// crowd adds what an organisation has: many repositories with long names, several
// pages of findings of many keys, and a month of runs.
func (w *world) crowd() {
	w.t.Helper()
	groups := []string{"quantum-error-mitigation-benchmarks", "vqe", "pulse-level-calibration-notebooks-and-dashboards", "course-material-2025", "qaoa-portfolio", "internal-tools"}
	paths := []string{"experiments/2025/trapped-ion/aria/submit_jobs.py", ".env.production", "notebooks/tutorials/03_hardware_backends_and_noise.ipynb", "config/qiskit-ibm.json", "src/main/resources/application-staging.properties", "README.md"}
	kinds := []records.Kind{{Rule: "ionq-api-key", Provider: "ionq"}, {Rule: "ibm-cloud-api-key", Provider: "ibm"}, {Rule: "qbraid-api-key", Provider: "qbraid"}}
	var repositories []records.Repository
	w.update(func(ctx context.Context, tx *records.Tx) error {
		for i := range 64 {
			name := fmt.Sprintf("github:acme-quantum-computing-group/%s-%02d", groups[i%len(groups)], i)
			r, err := tx.PutRepository(ctx, records.Repository{Name: name, Origin: "github:acme-quantum-computing-group", Location: name, Pushed: time.Now().Add(-time.Duration(i*i) * time.Hour)})
			if err != nil {
				return err
			}
			repositories = append(repositories, r)
		}
		return nil
	})
	for i := range 24 {
		w.update(func(ctx context.Context, tx *records.Tx) error {
			run, err := tx.StartRun(ctx, "sweep", "github:acme-quantum-computing-group", "schedule nightly")
			if err != nil {
				return err
			}
			_, _ = tx.MoveRun(ctx, run.Seq, records.Discovering, records.Sweeping)
			_ = tx.Expect(ctx, run.Seq, int64(len(repositories)))
			for k, r := range repositories {
				report := records.Report{Coverage: records.Coverage{Run: run.Seq, Repository: r.Seq, Outcome: records.Read, Complete: k%9 != 4, Extent: records.Extent{
					Tips:   encoded(w.t, map[string]string{"refs/heads/main": "9fceb02d0ae598e95dc970b74767f19372d61af8"}),
					Counts: encoded(w.t, map[string]any{"objects": 18234 * k, "blobs": 5120 * k, "bytes": 84_123_456}), Skipped: encoded(w.t, []any{}), Millis: int64(180 * k),
				}}}
				if i < 23 && k > 0 { // the runs of the month read one repository each
					continue
				}
				for f := range k % 4 {
					kind := kinds[(k+f)%len(kinds)]
					kind.Fingerprint, kind.Confidence = fingerprint(k%19+1), "high"
					s := sighting(w.t, plainNames(), 100*k+f, kind.Fingerprint)
					s.Path, s.Kind, s.Stored = paths[(k+f)%len(paths)], kind, k%13 == 1
					report.Sightings = append(report.Sightings, s)
				}
				if err := tx.Cover(ctx, report); err != nil {
					return err
				}
			}
			p, err := tx.Progress(ctx, run.Seq)
			if err != nil {
				return err
			}
			counts := []records.Count{{Life: records.Known, Standing: records.Active, Count: int64(3 + (i*i)%11)}, {Life: records.New, Standing: records.Unknown, Count: int64(60 + 3*i - i*i/9)}}
			if err := tx.Total(ctx, run.Seq, encoded(w.t, sweep.Totals{Progress: p, Findings: counts}), ""); err != nil {
				return err
			}
			for step := range 4 {
				kind := stepNames()[step]
				if _, err := tx.Act(ctx, records.Action{Kind: kind, Subject: "github:acme-quantum-computing-group", State: "done", Who: "sweep", Run: run.Seq, Detail: encoded(w.t, map[string]any{"keys": 4 + i, "active": 2})}); err != nil {
					return err
				}
			}
			_, err = tx.MoveRun(ctx, run.Seq, records.Sweeping, records.Done)
			return err
		})
	}
	now := time.Now()
	w.update(func(ctx context.Context, tx *records.Tx) error {
		for i := range 70 {
			k := key.Key{
				Provider: "ibm", ID: fmt.Sprintf("ApiKey-5f0c8f1e-9d3a-4c1b-8c0e-%012d", i), Name: fmt.Sprintf("service-account-of-%s-%d", groups[i%len(groups)], i),
				Owner: key.Party{ID: fmt.Sprint(i), Name: "Maria Magdalena Habsburg-Lothringen"}, Account: key.Party{ID: "acme-quantum-computing-group"},
				Dates: key.Dates{Created: now.Add(-time.Duration(i) * 11 * day)}, Use: key.Use{Known: i%5 > 0},
			}
			if i%5 > 1 {
				k.Use.Last = now.Add(-time.Duration(i*2) * day)
			}
			of := ""
			if i%3 == 0 {
				of = fingerprint(i%19 + 1)
			}
			if err := tx.Listed(ctx, k, of, now); err != nil {
				return err
			}
		}
		return nil
	})
	w.spread()
}

// spread moves the runs apart: one a day.
func (w *world) spread() {
	w.t.Helper()
	for _, statement := range []string{
		"UPDATE runs SET started = started - ((SELECT MAX(seq) FROM runs) - seq) * 86400000000 - 5400000000 WHERE ended > 0",
		"UPDATE runs SET ended = started + 1000000 * (600 + (seq * 37) % 900) WHERE ended > 0",
		"UPDATE runs SET started = started - 240000000 WHERE ended = 0",
	} {
		if _, err := w.store.SQL().ExecContext(w.t.Context(), statement); err != nil {
			w.t.Fatal(err)
		}
	}
}

func stepNames() []string { return []string{"verify", "keys", "judge", "remediate"} }
