package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
)

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew")
	flag.Parse()
	os.Exit(m.Run())
}

func TestReportsAreAsInTheGoldenFiles(t *testing.T) {
	nothing := finding.Result{Coverage: finding.Coverage{Complete: true, Files: 12, Bytes: 4096}}
	halfRead := finding.Result{Coverage: finding.Coverage{
		Files: 1, Bytes: 999, Unread: 1, Interrupted: true,
		Skipped: []finding.Skip{{Path: "x", Outcome: "unread", Reason: "is gone"}},
		Reasons: []finding.Reason{{Outcome: "unread", Reason: "is gone", Count: 1}},
	}}
	for _, format := range report.Formats() {
		for name, r := range map[string]finding.Result{"sample": sample(t), "nothing": nothing, "half-read": halfRead} {
			o := report.Options{
				Version:   "0.1.0",
				Checkouts: []report.Checkout{{URI: "https://ada:pw@github.com/ada/qnotes", Revision: "1f1f1f1", Branch: "main"}},
			}
			golden(t, name+"."+format, written(t, format, r, o))
		}
	}
	golden(t, "wide.text", written(t, "text", sample(t), report.Options{Width: 120, Elapsed: 2130 * time.Millisecond}))
	golden(t, "color.text", written(t, "text", sample(t), report.Options{Color: true}))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if updating() {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; run with -update if it should change):\n%s", path, diff)
	}
}
