package sweepreport

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/scanner/report"
)

// Table is one list of a report, as rows of text.
type Table struct {
	// Name is what it is called: "findings", "keys".
	Name    string
	Columns []string
	Rows    [][]string
}

// CSV writes the table so that no spreadsheet takes a cell for a formula.
func (t Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write(t.Columns) // an error stays until Flush
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, text := range row {
			cells[i] = report.CSVField(text)
		}
		_ = c.Write(cells)
	}
	c.Flush()
	return c.Error()
}

// writeCSV writes the findings: one table is what the format holds. An evidence
// pack has all of them.
func writeCSV(w io.Writer, r Report, _ Options) error { return r.Tables()[0].CSV(w) }

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// Tables are the lists of a report.
func (r Report) Tables() []Table {
	findings := Table{"findings", []string{"finding", "id", "life", "standing", "provider", "rule", "confidence", "fingerprint", "repository", "path", "stored", "first seen", "last seen", "asked", "over", "why", "by"}, nil}
	for _, f := range r.Findings {
		findings.Rows = append(findings.Rows, []string{
			number(f.Seq), f.ID, string(f.Life), f.Standing, f.Provider, f.Rule, f.Confidence, f.Fingerprint, f.Name, f.Path, strconv.FormatBool(f.Stored),
			instant(f.First), instant(f.Last), instant(f.Asked), instant(f.Over), f.Why, f.By,
		})
	}
	keys := Table{"keys", []string{"key", "provider", "account", "id", "name", "owner", "fingerprint", "made", "last used", "use known", "unused days", "disabled", "first listed", "last listed", "gone"}, nil}
	for _, k := range r.Keys {
		days := ""
		if k.Unused >= 0 {
			days = strconv.Itoa(k.Unused)
		}
		keys.Rows = append(keys.Rows, []string{
			number(k.Seq), k.Provider, k.Account, k.ID, k.Name, k.Owner, k.Fingerprint, instant(k.Created), instant(k.Use.Last), strconv.FormatBool(k.Use.Known), days,
			strconv.FormatBool(k.Disabled), instant(k.First), instant(k.Last), instant(k.Gone),
		})
	}
	decisions := Table{"decisions", []string{"decision", "finding", "fingerprint", "who", "why", "at", "until", "ended", "ended by"}, nil}
	for _, d := range r.Decisions {
		decisions.Rows = append(decisions.Rows, []string{number(d.Seq), d.Finding, d.Fingerprint, d.Who, d.Why, instant(d.At), instant(d.Until), instant(d.Ended), d.EndedBy})
	}
	coverage := Table{"coverage", []string{"repository", "target", "covered", "complete", "outcome", "read", "run", "gone", "refs", "numbers", "not read"}, nil}
	for _, c := range r.Coverage {
		coverage.Rows = append(coverage.Rows, []string{
			c.Repository, c.Origin, instant(c.Covered), strconv.FormatBool(c.Complete), c.Outcome, instant(c.Read), number(c.Run), instant(c.Gone), string(c.Tips), string(c.Counts), string(c.Skipped),
		})
	}
	runs := Table{"runs", []string{"run", "target", "cause", "state", "started", "ended", "expected", "covered", "error"}, nil}
	for _, u := range r.Runs {
		runs.Rows = append(runs.Rows, []string{number(u.Seq), u.Target, u.Cause, string(u.State), instant(u.Started), instant(u.Ended), number(u.Expected), number(u.Covered), u.Error})
	}
	actions := Table{"actions", []string{"action", "at", "kind", "subject", "state", "who", "run"}, nil}
	for _, a := range r.Actions {
		actions.Rows = append(actions.Rows, []string{number(a.Seq), instant(a.At), a.Kind, a.Subject, a.State, a.Who, number(a.Run)})
	}
	return []Table{findings, keys, decisions, coverage, runs, actions}
}
