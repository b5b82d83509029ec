package auditreport

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/qleaks/qleaks/scanner/report"
)

// csvColumns are the columns of the csv format; each row is one lapse.
func csvColumns() []string {
	return []string{"severity", "policy", "title", "provider", "account", "key", "name", "owner", "subject", "repository", "path", "line", "said", "advice", "page"}
}

func writeCSV(w io.Writer, r Report, _ Options) error {
	c := csv.NewWriter(w)
	_ = c.Write(csvColumns()) // an error stays until Flush
	for _, l := range newDocument(r).Lapses {
		row := []string{l.Severity, l.Policy, l.Title, "", "", "", "", "", "", "", "", "", l.Said, l.Advice, l.Page}
		if k := l.Key; k != nil {
			row[3], row[4], row[5], row[6], row[7] = k.Provider, k.Account, k.Handle, k.Name, k.Owner
		}
		if s := l.Subject; s != nil {
			row[3], row[8] = s.Provider, s.Kind+" "+s.Name
		}
		if p := l.Place; p != nil {
			row[9], row[10], row[11] = p.Repository, p.Path, strconv.Itoa(p.Line)
		}
		for i := range row {
			row[i] = report.CSVField(row[i])
		}
		_ = c.Write(row)
	}
	c.Flush()
	return c.Error()
}
