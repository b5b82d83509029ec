package auditreport_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/auditreport"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

func written(t *testing.T, format string, r auditreport.Report, o auditreport.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := auditreport.Write(&b, format, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheReportOfAnOrganisationIsAsInTheGoldenFiles(t *testing.T) {
	for _, format := range auditreport.Formats() {
		name := filepath.Join("testdata", "organisation."+format+".golden")
		got := written(t, format, organisation(), auditreport.Options{Width: 100})
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; run with -update if it should change):\n%s", name, diff)
		}
	}
}

func TestJSONKeepsItsSchema(t *testing.T) {
	schema := schematest.Compile(t, auditreport.Schema())
	for name, r := range map[string]auditreport.Report{"organisation": organisation(), "nothing": {Known: hygiene.Known{Now: noon}}, "hostile": hostile("x")} {
		if err := schema.Check(written(t, "json", r, auditreport.Options{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hostile is an organisation in which every text that others can choose is bad.
func hostile(bad string) auditreport.Report {
	list := listOf("lab", "ionq", inventory.ByImport, 0, key.Key{
		ID: "1" + bad, Name: bad, Owner: key.Party{Name: bad}, Project: key.Party{Name: bad}, Roles: []string{"admin" + bad, "all" + bad, "*"},
	}, key.Key{ID: "2", Name: bad, Roles: []string{"admin"}})
	inv := inventory.Merge([]inventory.Snapshot{list}, []inventory.Registration{registered("fp", key.Key{Provider: "ionq", ID: "2"}, bad)})
	f := found("ionq", "fp", bad, 1, 5, said(key.Active, "yes", 0, key.Key{}))
	f.Repository = bad
	f.Occurrences[0].Git.Email = bad
	f.Rule.Title = bad
	g := f
	g.Path, g.ID = "other", "other"
	g.Repository = "two" + bad
	known := hygiene.Known{Now: noon, Lists: inv.Lists, Cases: hygiene.Cases(inv, append(findings(), f, g), "public"), Searched: true, Attested: []hygiene.Attestation{
		{Duty: "mfa", Account: "lab", By: bad, At: ago(3), Gone: []string{bad}},
	}, Secrets: []hygiene.Secret{{Where: bad, Name: bad, Provider: "ionq", Updated: ago(900)}}, Alerts: alerts(bad, bad)}
	return auditreport.Report{Known: known, Lapses: hygiene.Judge(known), Gaps: []string{bad}, Searched: []string{bad}}
}

func TestNothingOfOthersIsObeyed(t *testing.T) {
	for _, bad := range []string{
		"\x1b[2J", "a\n::error::b", "::warning::x", "##[error]x", "=HYPERLINK(\"http://x\")", "<script>alert(1)</script>", "\"><img src=x onerror=1>",
		"javascript:alert(1)", "\u202ereversed", "+1", "\xff\xfe", "@x", "{{.}}", "</style><b>",
	} {
		for _, format := range auditreport.Formats() {
			got := written(t, format, hostile(bad), auditreport.Options{})
			if strings.ContainsAny(got, "\x1b\r\x00") || strings.Contains(got, "\u202e") && format != "json" && format != "sarif" {
				t.Errorf("%q in %s: a control character", bad, format)
			}
			for line := range strings.Lines(got) {
				trimmed := strings.TrimLeft(line, " ")
				if format == "text" && (strings.HasPrefix(trimmed, "::") || strings.Contains(line, "##[")) {
					t.Errorf("%q in %s: a runner obeys %q", bad, format, line)
				}
			}
			if format == "html" && (strings.Contains(got, "<script") || strings.Contains(got, "<img") || strings.Contains(got, "</style><b>")) {
				t.Errorf("%q is live in html", bad)
			}
			if format == "csv" {
				checkCSV(t, bad, got)
			}
		}
	}
}

func checkCSV(t *testing.T, bad, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, field := range row {
			if field != "" && strings.ContainsAny(field[:1], "=+-@") {
				t.Errorf("%q: a spreadsheet obeys %q", bad, field)
			}
		}
	}
}

func TestThePageAsksForNothing(t *testing.T) {
	got := written(t, "html", organisation(), auditreport.Options{})
	for _, m := range regexp.MustCompile(`(?i)(\ssrc\s*=|href\s*=|url\(|@import|<script|<link|<iframe|<form)[^>]{0,60}`).FindAllString(got, -1) {
		if !strings.HasPrefix(m, `href="https://`) {
			t.Errorf("the page may ask: %q", m)
		}
	}
	if !strings.Contains(got, "default-src 'none'") {
		t.Error("nothing keeps the page from asking")
	}
}

func TestNoFormatTellsAKey(t *testing.T) {
	const material = "MARKERMARKERMARKERMARKERMARKER12"
	fs := findings()
	for i := range fs {
		fs[i].Secret = secret.New([]byte(material))
	}
	inv := inventory.Merge([]inventory.Snapshot{ibmList()}, nil)
	known := hygiene.Known{Now: noon, Lists: inv.Lists, Cases: hygiene.Cases(inv, fs, "public")}
	r := auditreport.Report{Known: known, Lapses: hygiene.Judge(known)}
	for _, format := range auditreport.Formats() {
		if strings.Contains(written(t, format, r, auditreport.Options{}), "MARKER") {
			t.Errorf("%s tells a key", format)
		}
	}
}

func TestAnEmptyAuditSaysSo(t *testing.T) {
	empty := auditreport.Report{Known: hygiene.Known{Now: noon}}
	if got := written(t, "text", empty, auditreport.Options{}); !strings.Contains(got, "No lapse · 0 keys on lists") {
		t.Errorf("got %q", got)
	}
	if got := written(t, "html", empty, auditreport.Options{}); !strings.Contains(got, "No lapse.") || strings.Contains(got, "<svg viewBox=\"0 0 0") {
		t.Errorf("got %q", got)
	}
}

func TestAnUnknownFormatIsAnError(t *testing.T) {
	if err := auditreport.Write(&bytes.Buffer{}, "pdf", organisation(), auditreport.Options{}); err == nil {
		t.Error("pdf is written")
	}
}
