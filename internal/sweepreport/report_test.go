package sweepreport_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/sweepreport"
)

// organisation is what sweeps wrote of an organisation.
type organisation struct {
	t     *testing.T
	store *records.Store
	run   records.Run
}

func newOrganisation(t *testing.T) *organisation {
	t.Helper()
	s := recordstest.Open(t)
	o := &organisation{t: t, store: s}
	o.sweep()
	return o
}

func (o *organisation) update(do func(ctx context.Context, tx *records.Tx) error) {
	o.t.Helper()
	recordstest.Update(o.t, o.store, do)
}

func (o *organisation) sweep() {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *records.Tx) (err error) {
		o.run, err = tx.StartRun(ctx, "sweep", "github:acme", "schedule nightly")
		return err
	})
}

// read writes that a repository was read; a finding is a fingerprint and a path.
func (o *organisation) read(name string, complete bool, findings ...string) {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *records.Tx) error {
		r, err := tx.PutRepository(ctx, records.Repository{Name: name, Origin: "github:acme", Location: name})
		if err != nil {
			return err
		}
		report := records.Report{Coverage: records.Coverage{
			Run: o.run.Seq, Repository: r.Seq, Outcome: records.Read, Complete: complete, State: "s",
			Extent: records.Extent{Tips: []byte(`{"refs/heads/main":"0123456789abcdef0123456789abcdef01234567"}`), Counts: []byte(`{"blobs":7}`)},
		}}
		if !complete {
			report.Skipped = []byte(`[{"path":"data/a.pack","outcome":"unread","reason":"it is damaged"}]`)
		}
		for _, f := range findings {
			fingerprint, path, _ := strings.Cut(f, " ")
			report.Sightings = append(report.Sightings, records.Sighting{
				ID: name + " " + path, Kind: records.Kind{Fingerprint: fingerprint, Rule: "ionq-api-key", Provider: "ionq", Confidence: "high"}, Path: path, Referenced: true,
			})
		}
		return tx.Cover(ctx, report)
	})
}

func (o *organisation) answered(fingerprint, standing string) {
	o.t.Helper()
	o.update(func(ctx context.Context, tx *records.Tx) error {
		return tx.Answered(ctx, records.Answer{Fingerprint: fingerprint, Standing: standing, Run: o.run.Seq})
	})
}

func (o *organisation) listed(name, owner string, made, used int, known bool) {
	o.t.Helper()
	now := time.Now()
	k := key.Key{Provider: "ibm", ID: "ApiKey-" + name, Name: name, Owner: key.Party{Name: owner}, Account: key.Party{ID: "a1", Name: "lab"}, Use: key.Use{Known: known}}
	k.Dates.Created = now.AddDate(0, 0, -made)
	if used > 0 {
		k.Use.Last = now.AddDate(0, 0, -used)
	}
	o.update(func(ctx context.Context, tx *records.Tx) error { return tx.Listed(ctx, k, "", now) })
}

func (o *organisation) gather(p sweepreport.Period) sweepreport.Report {
	o.t.Helper()
	if p.Made.IsZero() {
		p.Made, p.Version = time.Now().UTC(), "test"
	}
	r, err := sweepreport.Gather(o.t.Context(), o.store, p)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// lively is an organisation in which everything happened.
func lively(t *testing.T) *organisation {
	t.Helper()
	o := newOrganisation(t)
	o.read("github:acme/vqe", true, "live conf.py", "dead old.py", "seen notebook.ipynb")
	o.read("github:acme/odd", false, "live deploy/run.sh")
	o.answered("live", records.Active)
	o.answered("dead", records.Inactive)
	o.listed("old-course", "ada", 400, 200, true)
	o.listed("ci", "", 30, 2, true)
	o.update(func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.Ignore(ctx, records.Decision{Fingerprint: "seen", Who: "grace", Why: "a sample of the manual", Until: time.Now().AddDate(0, 1, 0)})
		if err != nil {
			return err
		}
		_, err = tx.Act(ctx, records.Action{Kind: "verify", Subject: "github:acme", State: "done", Who: "sweep", Run: o.run.Seq})
		return err
	})
	return o
}

func TestAReportTellsWhatTheRecordsHave(t *testing.T) {
	r := lively(t).gather(sweepreport.Period{Since: time.Now().Add(-time.Hour)})
	n := r.Numbers
	if n.Open != 2 || n.Active != 2 || n.Repositories != 2 || n.Whole != 1 || n.Idle != 1 || n.Revoke.Keys != 1 || n.Lives[records.Ignored] != 1 || n.Lives[records.Revoked] != 1 {
		t.Errorf("%+v", n)
	}
	if len(r.Findings) != 4 || len(r.Keys) != 2 || len(r.Decisions) != 1 || len(r.Runs) != 1 || len(r.Actions) != 1 || len(r.Coverage) != 2 {
		t.Fatalf("%d findings, %d keys, %d decisions, %d runs, %d actions, %d repositories", len(r.Findings), len(r.Keys), len(r.Decisions), len(r.Runs), len(r.Actions), len(r.Coverage))
	}
	if c := r.Coverage[1]; c.Repository != "github:acme/vqe" || !c.Complete || !strings.Contains(string(c.Tips), "0123456789") || r.Coverage[0].Complete {
		t.Errorf("%+v", r.Coverage)
	}
	// What is over since long is not told, and what is open is.
	later := lively(t).gather(sweepreport.Period{Since: time.Now().Add(time.Hour), Made: time.Now().Add(2 * time.Hour)})
	if len(later.Findings) != 2 || len(later.Runs) != 0 || len(later.Actions) != 0 || len(later.Decisions) != 1 {
		t.Errorf("%d findings, %d runs, %d actions, %d decisions", len(later.Findings), len(later.Runs), len(later.Actions), len(later.Decisions))
	}
}

func TestAReportOfOneSweepHasWhatThatChanged(t *testing.T) {
	o := lively(t)
	first := o.run.Seq
	o.sweep()
	o.read("github:acme/vqe", true, "live conf.py", "second new.py", "seen notebook.ipynb")
	r := o.gather(sweepreport.Period{Run: o.run.Seq})
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Path+" "+string(f.Life))
	}
	// The key that works is known now; what was revoked is fixed.
	if diff := cmp.Diff([]string{"new.py new", "old.py fixed", "conf.py known"}, got); diff != "" {
		t.Error(diff)
	}
	if len(r.Coverage) != 1 || len(r.Runs) != 1 {
		t.Errorf("%d repositories, %d runs", len(r.Coverage), len(r.Runs))
	}
	if r := o.gather(sweepreport.Period{Run: first}); len(r.Coverage) != 2 {
		t.Errorf("%d repositories", len(r.Coverage))
	}
	_, err := sweepreport.Gather(t.Context(), o.store, sweepreport.Period{Run: 4711})
	if !errors.Is(err, records.ErrNotFound) {
		t.Error(err)
	}
}

func TestControlsAreNeverMetByWhatIsNotKnown(t *testing.T) {
	results := func(r sweepreport.Report) (all []string) {
		for _, c := range r.Checked() {
			all = append(all, c.ID+" "+string(c.Result))
			if len(c.NotShown) == 0 || c.Checked == "" || c.Said == "" {
				t.Errorf("%s does not say what it shows, and what not", c.ID)
			}
		}
		return all
	}
	check := func(name string, r sweepreport.Report, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, results(r)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	o := newOrganisation(t)
	check("nothing swept", o.gather(sweepreport.Period{}), "1.2 not known", "1.3 not known", "CC6.1 not known", "A.5.17 not known")
	o.read("github:acme/clean", true)
	check("no list", o.gather(sweepreport.Period{}), "1.2 not known", "1.3 not known", "CC6.1 met, as far as is shown", "A.5.17 not known")
	o.listed("good", "ada", 30, 2, true)
	check("all is well", o.gather(sweepreport.Period{}), "1.2 met, as far as is shown", "1.3 met, as far as is shown", "CC6.1 met, as far as is shown", "A.5.17 met, as far as is shown")
	check("an old list", o.gather(sweepreport.Period{Made: time.Now().Add(8 * 24 * time.Hour)}), "1.2 not known", "1.3 not known", "CC6.1 met, as far as is shown", "A.5.17 met, as far as is shown")
	o.listed("untold", "", 30, 0, false)
	o.read("github:acme/odd", false)
	check("not known", o.gather(sweepreport.Period{}), "1.2 not known", "1.3 met, as far as is shown", "CC6.1 not known", "A.5.17 not known")
	o.listed("idle", "ada", 500, 181, true)
	o.sweep()
	o.read("github:acme/clean", true, "live conf.py")
	o.answered("live", records.Active)
	check("not met", o.gather(sweepreport.Period{Made: time.Now().Add(time.Minute)}), "1.2 not met", "1.3 not met", "CC6.1 not met", "A.5.17 not known")
	check("undecided for long", o.gather(sweepreport.Period{Made: time.Now().Add(31 * 24 * time.Hour)}), "1.2 not met", "1.3 not met", "CC6.1 not met", "A.5.17 not met")
}

func TestNothingHostileAndNoKeyIsInAReport(t *testing.T) {
	o := newOrganisation(t)
	planted := all.Kits()[0].Sample().Reveal()
	for i, bad := range []string{"<script>alert(1)</script>", "=HYPERLINK(1)", "\x1b[31m", "\u202egnp", "a\r\nb", "{{.X}}", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", planted} {
		o.read(fmt.Sprint(i, "/", bad), false, fmt.Sprintf("f%d %s", i, bad))
		o.listed(fmt.Sprint(i, "/", bad), bad, 10, 1, true)
		o.update(func(ctx context.Context, tx *records.Tx) error {
			_, err := tx.Ignore(ctx, records.Decision{Fingerprint: fmt.Sprintf("f%d", i), Who: bad, Why: bad})
			return err
		})
	}
	r := o.gather(sweepreport.Period{})
	r.Controls = r.Checked()
	for _, format := range sweepreport.Formats() {
		var b bytes.Buffer
		if err := sweepreport.Write(&b, format, r); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if strings.Contains(text, planted) {
			t.Errorf("%s tells a key", format)
		}
		if format == "html" && (strings.Contains(text, "<script") || strings.Contains(text, "<img") || strings.Contains(text, "\u202e") || strings.Contains(text, "\x1b")) {
			t.Error("html obeys a name")
		}
	}
	for _, table := range r.Tables() {
		var b bytes.Buffer
		if err := table.CSV(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(table.Name, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.HasPrefix(cell, "=") || strings.Contains(cell, planted) {
					t.Errorf("%s has the cell %q", table.Name, cell)
				}
			}
		}
	}
}

func TestAReportIsTheSameEveryTime(t *testing.T) {
	o := lively(t)
	p := sweepreport.Period{Made: time.Now().UTC(), Version: "test"}
	for _, format := range sweepreport.Formats() {
		var one, two bytes.Buffer
		if err := errors.Join(sweepreport.Write(&one, format, o.gather(p)), sweepreport.Write(&two, format, o.gather(p))); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("%s differs", format)
		}
		if format == "json" {
			var back sweepreport.Report
			d := json.NewDecoder(&one)
			d.DisallowUnknownFields()
			if err := d.Decode(&back); err != nil || back.Schema != sweepreport.Schema {
				t.Errorf("it cannot be read back: %v", err)
			}
		}
	}
}
