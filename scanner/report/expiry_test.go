package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// A report tells when a token ends, and not whether that is over: the reader's
// clock says so.
func TestReportsTellWhenATokenEnds(t *testing.T) {
	f := planted(ionqRule(), strings.Repeat("a1", 16), "a.py", rules.High, spot(source.File, 1, 1))
	f.Expires = time.Date(2023, 11, 24, 3, 4, 5, 0, time.UTC)
	for _, format := range []string{"text", "json", "jsonl", "sarif"} {
		var out bytes.Buffer
		if err := report.Write(&out, format, finding.Result{Findings: []finding.Finding{f}}, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "2023-11-24T03:04:05Z") {
			t.Errorf("%s does not say when the token ends:\n%s", format, &out)
		}
	}
}
