package finding_test

import (
	"testing"

	"github.com/qleaks/qleaks/scanner/finding"
)

func TestAlertsAreJoinedByTheLineOfAnObjectOrByAPage(t *testing.T) {
	at := func(id, repository string, o finding.Occurrence) finding.Finding {
		return finding.Finding{ID: id, Repository: repository, Occurrences: []finding.Occurrence{o}}
	}
	found := []finding.Finding{
		at("other", "host/acme/other", finding.Occurrence{Location: finding.Location{Path: "a", Line: 3, EndLine: 3}, Git: &finding.Git{Object: "o1"}}),
		at("line", "host/acme/vqe", finding.Occurrence{Location: finding.Location{Path: "a", Line: 3, EndLine: 5}, Git: &finding.Git{Object: "o1"}}),
		at("wiki", "host/acme/vqe.wiki", finding.Occurrence{Location: finding.Location{Path: "w", Line: 1, EndLine: 1}, Git: &finding.Git{Object: "o2"}}),
		at("issue", "host/acme/vqe", finding.Occurrence{Location: finding.Location{Path: "issues/17"}}),
		at("comment", "host/acme/vqe", finding.Occurrence{Location: finding.Location{Path: "acme/vqe/issues/17#issuecomment-9"}}),
	}
	alerts := []finding.Alert{
		{Number: 7, Places: []finding.AlertPlace{{}}},
		{Number: 6, Places: []finding.AlertPlace{{Page: "#issuecomment-9"}}},
		{Number: 5, Places: []finding.AlertPlace{{Page: "issues/17"}}},
		{Number: 4, Places: []finding.AlertPlace{{Page: "sues/17"}, {Page: "issues/7"}}},
		{Number: 3, Places: []finding.AlertPlace{{Object: "o2", Line: 1}}},
		{Number: 2, Places: []finding.AlertPlace{{Object: "o1", Line: 6}, {Object: "o3", Line: 3}}},
		{Number: 1, Places: []finding.AlertPlace{{Object: "o3", Line: 3}, {Object: "o1", Line: 4}}},
	}
	for i := range alerts {
		alerts[i].Repository = "host/acme/vqe"
	}
	finding.JoinAlerts(alerts, found)
	for i, want := range []string{"line", "", "wiki", "", "issue", "comment", ""} {
		if alerts[i].Number != int64(i+1) || alerts[i].Finding != want {
			t.Errorf("alert %d is %q, want %q", alerts[i].Number, alerts[i].Finding, want)
		}
	}
}
