package report

import (
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
)

// csvColumns are the columns of the csv format; each row is one occurrence.
// The fields are those of the json format, but cell, part and cell_line (of a
// notebook, else empty), member (of an archive), and decoded and refs, which
// are joined with spaces.
func csvColumns() []string {
	return []string{
		"id", "rule", "provider", "title", "severity", "confidence", "status", "stored", "fingerprint", "evidence",
		"repository", "path", "place", "line", "column", "end_line", "end_column",
		"cell", "part", "cell_line", "member", "decoded",
		"object", "commit", "author", "email", "date", "refs", "reach",
		"verdict", "key_id", "key_name", "key_owner", "key_account", "key_project", "key_created", "key_last_used", "key_expires",
	}
}

func writeCSV(w io.Writer, r finding.Result, o Options) error {
	if o.ShowSecrets {
		return ErrSecretsNotShown
	}
	r = prepare(r, o)
	c := csv.NewWriter(w)
	_ = c.Write(csvColumns()) // an error stays until Flush
	for _, f := range r.Findings {
		for _, occurrence := range f.Occurrences {
			_ = c.Write(csvRow(f, occurrence))
		}
	}
	c.Flush()
	return c.Error()
}

func csvRow(f finding.Finding, o finding.Occurrence) []string {
	l := o.Location
	row := []string{
		f.ID, f.Rule.ID, f.Rule.Provider, f.Rule.Title, string(f.Rule.Severity), f.Confidence.String(),
		string(f.Status), strconv.FormatBool(f.Stored), string(f.Fingerprint), f.Evidence,
		f.Repository, l.Path, string(o.Place), strconv.Itoa(l.Line), strconv.Itoa(l.Column),
		strconv.Itoa(l.EndLine), strconv.Itoa(l.EndColumn),
	}
	if n := l.Notebook; n != nil {
		row = append(row, strconv.Itoa(n.Cell), n.Part, strconv.Itoa(n.Line))
	} else {
		row = append(row, "", "", "")
	}
	row = append(row, l.Member, strings.Join(l.Way, " "))
	if g := o.Git; g != nil {
		row = append(row, g.Object, g.Commit, g.Author, g.Email, instant(g.Date), strings.Join(g.Refs, " "), string(g.Reach))
	} else {
		row = append(row, "", "", "", "", "", "", "")
	}
	row = append(row, csvKey(f.Check)...)
	for i := range row {
		row[i] = CSVField(row[i])
	}
	return row
}

// csvKey is what verifying told, as far as it did.
func csvKey(c *finding.Check) []string {
	if c == nil {
		return make([]string, 9)
	}
	k := c.Key()
	return []string{
		c.Verdict.Reason, k.ID, k.Name, cmp.Or(k.Owner.ID, k.Owner.Email), k.Account.ID, k.Project.ID,
		instant(k.Dates.Created), instant(k.Use.Last), instant(k.Dates.Expires),
	}
}

// CSVField cleans a field and keeps spreadsheets from reading it as a formula;
// the wide forms are read as formulas where East Asian input is usual.
func CSVField(s string) string {
	clean := Clean(s)
	if strings.ContainsAny(s[:min(len(s), 1)], "=+-@\t\r") {
		return "'" + clean
	}
	for _, wide := range []string{"＝", "＋", "－", "＠"} {
		if strings.HasPrefix(clean, wide) {
			return "'" + clean
		}
	}
	return clean
}
