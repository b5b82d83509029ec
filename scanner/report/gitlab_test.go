package report_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
)

type gitlabDocument struct {
	Scan struct {
		Status   string
		Messages []struct{ Level, Value string }
	}
	Vulnerabilities []struct {
		ID, Severity string
		Location     struct {
			File      string
			StartLine int `json:"start_line"`
			Commit    struct{ SHA string }
		}
	}
}

func TestGitLabTakesTheReport(t *testing.T) {
	text, err := os.ReadFile("testdata/gitlab-15.2.5.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	form := schematest.Compile(t, text)
	began := time.Date(2026, 5, 4, 12, 0, 0, 0, time.FixedZone("", 3600))
	for name, r := range map[string]finding.Result{"sample": sample(t), "random": randomResult(5), "nothing": {}} {
		if err := form.Check(written(t, "gitlab", r, report.Options{Began: began})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEachPlaceHasAnIdentityOfItsOwnInGitLab(t *testing.T) {
	var d gitlabDocument
	text := written(t, "gitlab", sample(t), report.Options{})
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	commits := 0
	for _, v := range d.Vulnerabilities {
		if seen[v.ID] || len(v.ID) != 36 || v.ID[14] != '8' {
			t.Errorf("the id %q", v.ID)
		}
		seen[v.ID] = true
		if v.Location.Commit.SHA != "0000000" {
			commits++
		}
	}
	if len(seen) < 3 || commits == 0 || commits == len(seen) {
		t.Errorf("%d places, %d of them in commits", len(seen), commits)
	}
	if again := written(t, "gitlab", sample(t), report.Options{}); again != text {
		t.Error("the same result makes another report")
	}
}

func TestGitLabIsToldWhatIsMissing(t *testing.T) {
	var d gitlabDocument
	text := written(t, "gitlab", finding.Result{Coverage: finding.Coverage{Unread: 3, Interrupted: true}}, report.Options{})
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.Scan.Status != "failure" || len(d.Scan.Messages) != 1 || !strings.Contains(d.Scan.Messages[0].Value, "3 things") {
		t.Errorf("%+v", d.Scan)
	}
}
