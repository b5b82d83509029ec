package report

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestSARIFKeepsTheSurestResultsInOrderIfThereAreTooMany(t *testing.T) {
	var leaks []finding.Finding
	add := func(n int, c rules.Confidence) {
		for range n {
			leaks = append(leaks, finding.Finding{Confidence: c})
		}
	}
	add(maxSARIFResults, rules.Low)
	add(7, rules.High)
	add(3, rules.Medium)
	kept, dropped := limitResults(leaks)
	if len(kept) != maxSARIFResults || dropped != 10 {
		t.Fatalf("kept %d, dropped %d", len(kept), dropped)
	}
	for i, want := range map[int]rules.Confidence{
		0: rules.Low, maxSARIFResults - 11: rules.Low, maxSARIFResults - 10: rules.High, maxSARIFResults - 1: rules.Medium,
	} {
		if kept[i].Confidence != want {
			t.Errorf("result %d has %s confidence, want %s", i, kept[i].Confidence, want)
		}
	}
	if kept, dropped := limitResults(leaks[:10]); len(kept) != 10 || dropped != 0 {
		t.Errorf("of ten, %d are kept and %d dropped", len(kept), dropped)
	}
}

func TestSARIFKeepsKeysThatWorkBeforeAllOthers(t *testing.T) {
	leaks := make([]finding.Finding, maxSARIFResults+3)
	for i := range leaks {
		leaks[i].Confidence = rules.High
	}
	last := len(leaks) - 1
	leaks[last].Confidence, leaks[last].Status = rules.Low, key.Active
	leaks[0].Status, leaks[1].Status = key.Inactive, key.Inactive
	kept, dropped := limitResults(leaks)
	if len(kept) != maxSARIFResults || dropped != 3 || kept[len(kept)-1].Status != key.Active {
		t.Fatalf("kept %d, dropped %d", len(kept), dropped)
	}
	for _, f := range kept {
		if f.Status == key.Inactive {
			t.Error("a dead key took the place of one of which nobody knows")
		}
	}
}

// TestSARIFOfThirtyThousandFindingsFitsGitHub holds a report of the worst kind to
// the limits of code scanning: 10 MB when compressed, 25,000 results of a run,
// 1,000 places of a result, 20 tags of a rule.
// https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads
func TestSARIFOfThirtyThousandFindingsFitsGitHub(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 100 MB")
	}
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	all := set.Rules()
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = "abcdefghijklmnopqrstuvwxyz234567"[random.IntN(32)]
		}
		return string(text)
	}
	var r finding.Result
	for i := range 30_000 {
		path := "src/" + noise(8) + "/" + noise(12) + ".py"
		f := finding.Finding{ID: "ql" + noise(26), Rule: all[i%len(all)], Path: path, Fingerprint: secret.Fingerprint(noise(26)), Confidence: rules.High}
		if i == 29_999 {
			f.Status = key.Active
		}
		for range 3 {
			f.Occurrences = append(f.Occurrences, finding.Occurrence{Place: source.Blob, Location: finding.Location{Path: path, Line: 1 + random.IntN(1e4), Column: 1 + random.IntN(80), EndColumn: 120}})
		}
		r.Findings = append(r.Findings, f)
	}
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if err := writeSARIF(w, r, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", compressed.Len())
	if compressed.Len() > 10_000_000 {
		t.Errorf("%d bytes, compressed", compressed.Len())
	}
	plain, err := gzip.NewReader(&compressed)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						Properties struct{ Tags []string }
					}
				}
			}
			Results []struct {
				Locations, RelatedLocations []json.RawMessage
				Properties                  struct{ Status string }
			}
		}
	}
	if err := json.NewDecoder(plain).Decode(&document); err != nil {
		t.Fatal(err)
	}
	run := document.Runs[0]
	if len(document.Runs) != 1 || len(run.Results) != maxSARIFResults || run.Results[maxSARIFResults-1].Properties.Status != string(key.Active) {
		t.Errorf("%d runs, %d results", len(document.Runs), len(run.Results))
	}
	for _, result := range run.Results {
		if n := len(result.Locations) + len(result.RelatedLocations); len(result.Locations) != 1 || n > 1_000 {
			t.Fatalf("a result has %d places", n)
		}
	}
	for _, rule := range run.Tool.Driver.Rules {
		if len(rule.Properties.Tags) > 20 {
			t.Errorf("a rule has %d tags", len(rule.Properties.Tags))
		}
	}
}

func TestSARIFKeepsNoMoreThanTheLimitOfEquallySureResults(t *testing.T) {
	leaks := make([]finding.Finding, maxSARIFResults+5)
	for i := range leaks {
		leaks[i].Confidence = rules.High
	}
	if kept, dropped := limitResults(leaks); len(kept) != maxSARIFResults || dropped != 5 {
		t.Errorf("kept %d, dropped %d", len(kept), dropped)
	}
}

func TestSARIFTellsHowManyResultsAreLeftOut(t *testing.T) {
	for _, n := range newSARIFNotifications(finding.Result{}, 0, 10) {
		if strings.HasPrefix(n.Message.Text, "10 findings are left out") && n.Level == "warning" {
			return
		}
	}
	t.Error("what is left out is not told")
}
