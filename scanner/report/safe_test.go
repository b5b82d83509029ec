package report_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestCleanShowsWhatWouldAct(t *testing.T) {
	for in, want := range map[string]string{
		"plain/path.py":    "plain/path.py",
		"日本語/é":            "日本語/é",
		"a\x1b[31mb":       `a\x1b[31mb`,
		"a\tb\r\n":         `a\x09b\x0d\x0a`,
		"\x7f\u009b":       `\x7f\u{9b}`,
		"\xff\xc3(":        `\xff\xc3(`,
		"\u202eabc":        `\u{202e}abc`,
		"a\u200bb\ufeff":   `a\u{200b}b\u{feff}`,
		"\u00a0":           `\u{a0}`,
		"\u3164\u2800":     `\u{3164}\u{2800}`,
		"\U000e0041":       `\u{e0041}`,
		"x##[group]y":      `x##\x5bgroup]y`,
		"###[x":            `###\x5bx`,
		"::error::":        "::error::", // harmless within a line
		"\ufffd":           "\ufffd",
		"é##[\x00":         `é##\x5b\x00`,
		"back\\slash":      `back\slash`,
		"e\u0301\u034f":    "e\u0301" + `\u{34f}`,
		"\U0001f600\ufe0f": "\U0001f600" + `\u{fe0f}`,
	} {
		if got := report.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range naughty() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := report.Clean(s)
		if !utf8.ValidString(got) || strings.Contains(got, "##[") || strings.ContainsAny(got, "\n\r\x1b\x00") {
			t.Errorf("Clean(%q) = %q", s, got)
		}
		if again := report.Clean(got); again != got {
			t.Errorf("cleaning twice changes %q to %q", got, again)
		}
	})
}

// FuzzReports puts one text wherever a text can be.
func FuzzReports(f *testing.F) {
	for _, s := range naughty() {
		f.Add(s, 80)
	}
	whole, sarif := findingsSchema(f, ""), sarifSchema(f)
	f.Fuzz(func(t *testing.T, s string, width int) {
		o := version(1, 1, 1, finding.ReachRef, s, "refs/heads/"+s)
		o.Git.Author, o.Git.Email, o.Git.Commit, o.Git.Object = s, s, s, s
		o = inMember(inCell(o, 1, s, 1), s, s)
		o.Location.Path = s
		found := planted(ionqRule(), material(1, "", 32), s, rules.High, o)
		found.Repository, found.Evidence = s, s
		r := finding.Result{Findings: []finding.Finding{found}, Coverage: finding.Coverage{
			Unread:  1,
			Skipped: []finding.Skip{{Path: s, Outcome: source.Unread, Reason: s}},
			Reasons: []finding.Reason{{Outcome: source.Unread, Reason: s, Count: 1}},
		}}
		for _, format := range report.Formats() {
			out := written(t, format, r, report.Options{Width: width})
			isHarmless(t, format, out)
			switch format {
			case "json":
				validates(t, whole, out)
			case "sarif":
				validates(t, sarif, out)
				followsGitHub(t, out)
			}
		}
	})
}
