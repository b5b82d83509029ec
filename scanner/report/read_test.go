package report_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestAReportIsReadBackAsItWas(t *testing.T) {
	r := sample(t)
	r.Findings[0].Occurrences[0].Access = source.Access{Mode: 0o640, Readers: source.GroupToo, Store: true}
	back, err := report.Read([]byte(written(t, "json", r, report.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(r.Findings, back.Findings,
		cmpopts.IgnoreFields(finding.Finding{}, "Secret", "Standing"), cmpopts.IgnoreFields(finding.Location{}, "Column16", "EndColumn16"), cmpopts.IgnoreFields(finding.Occurrence{}, "Marked"),
		cmpopts.IgnoreFields(rules.Rule{}, "Description", "Fix", "Page", "Rank", "Token", "Evidence", "Examples", "Counterexamples"),
		cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Second),
		cmp.FilterPath(func(p cmp.Path) bool {
			return p.Last().String() == ".Path" || p.Last().String() == ".Author" || p.Last().String() == ".Member"
		}, cmp.Ignore()),
	)
	if diff != "" {
		t.Error(diff)
	}
	for i, f := range back.Findings {
		if f.Status != r.Findings[i].Status || !f.Secret.IsZero() {
			t.Errorf("finding %d: %s, want %s", i, f.Status, r.Findings[i].Status)
		}
	}
	if back.Coverage.Unread != r.Coverage.Unread || len(back.Coverage.Skipped) != len(r.Coverage.Skipped) || back.Coverage.Complete {
		t.Errorf("%+v", back.Coverage)
	}
}

func TestAVerdictIsReadBackWithItsTime(t *testing.T) {
	text := `{"schema":"qleaks.findings/1","findings":[{"id":"ql1","rule":"ionq-api-key","provider":"ionq","title":"IonQ API key","severity":"critical",
"confidence":"high","status":"active","stored":false,"fingerprint":"f","evidence":"e","redacted":"…","repository":"r","path":"a.py",
"location":{"path":"a.py","line":1,"column":1,"endLine":1,"endColumn":2},
"verification":{"provider":"ionq","withheld":false,"reason":"the provider accepted it","evidence":{"asked":"2026-11-20T12:00:00Z"},"key":{"provider":"ionq","id":"k1"}},
"occurrences":[{"place":"file","location":{"path":"a.py","line":1,"column":1,"endLine":1,"endColumn":2}}],"added later":1}]}`
	r, err := report.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f := r.Findings[0]
	if f.Status != key.Active || f.Check == nil || f.Check.Key().ID != "k1" || f.Check.Verdict.Evidence.Asked.Hour() != 12 || f.Confidence != rules.High || f.Fingerprint != secret.Fingerprint("f") {
		t.Errorf("%+v", f)
	}
}

func TestWordsThatNobodyKnowsAreNotBelieved(t *testing.T) {
	text := `{"schema":"qleaks.findings/1","findings":[{"id":"ql1","rule":"r","confidence":"high","status":"fine","fingerprint":"f",
"occurrences":[{"place":"file","location":{"path":"a"},"access":{"mode":"0777","readers":"nobody","store":true}}]}]}`
	r, err := report.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Findings[0]; f.Status != key.Unknown || f.Occurrences[0].Access != (source.Access{}) {
		t.Errorf("%+v", f)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":"qleaks.findings/1","findings":[{"id":"ql1","rule":"r","confidence":"high","status":"active","fingerprint":"f","occurrences":[{"place":"blob","location":{"path":"a","notebook":{"cell":1},"archive":{"member":"m"}},"git":{"date":"2026-01-01T00:00:00Z","refs":["x"]},"access":{"mode":"0644","readers":"group"}}],"verification":{"reason":"x","evidence":{"asked":"2026-01-01T00:00:00Z"},"key":{"id":"k"},"reach":{}}}],"coverage":{"unread":1,"skipped":[{"path":"x"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := report.Read(data)
		if err != nil && len(r.Findings) > 0 {
			t.Error("an error and findings")
		}
		for _, x := range r.Findings {
			if len(x.Occurrences) == 0 || x.Rule == nil {
				t.Error("a finding that is nowhere")
			}
		}
	})
}

func TestWhatIsNoReportIsAnError(t *testing.T) {
	for _, text := range []string{
		"", "[]", "{}", `{"schema":"qleaks.audit/1"}`, `{"schema":"qleaks.findings/1","findings":[{}]}`, `{"schema":"qleaks.findings/1","findings":[{"id":7}]}`,
		strings.Repeat("[", 1_000_000),
	} {
		if _, err := report.Read([]byte(text)); !errors.Is(err, report.ErrNoReport) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
