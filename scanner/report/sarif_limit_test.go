package report

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
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
