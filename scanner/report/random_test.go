package report_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// naughty are texts that do something where they are not expected.
func naughty() []string {
	return []string{
		"", " ", "a b", "\x1b[2J", "\x1b]0;title\a", "\u009b31m", "::error file=a::b", "  ::stop-commands::x",
		"\n::set-output name=a::b", "\r::add-mask::*", "##[command]x", "a##[error]b", "#", "##", "[x", ":", "::",
		"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "'", `"`, `""","`, "a,b", "a;b",
		"<script>alert(1)</script>", "]]>", "<![CDATA[", "&amp;", "&#0;", "\x00", "\x01\x02", "\x7f", "\u0085", "\u2028", "\u2029",
		"\u202eevil", "\u2066x\u2069", "zero\u200bwidth", "\ufeff", "\U000e0041\U000e0042", "\ufe0f", "\u3164", "\u2800", "\u00a0::x", "\u2003::x",
		"\xff\xfe", "\xc3\x28", "\xed\xa0\x80", "\ufffd", "\ufffe", "\U0001f600", "日本語", "e\u0301",
		"../../etc/passwd", ".../x", "..", "/etc/passwd", "//host/share", "C:\\x", "file:///x", "javascript:alert(1)", "a//b", "./a", "%2e%2e/", "a?b#c", "a b%20c",
		"`x`", "[a](http://b)", "@here", "![x](y)", "$(id)", "${{ github.token }}", "--upload-pack=x", "-rf", `\x1b`, `\u001b`,
	}
}

// randomResult makes a result of naughty texts; the same one for one seed.
func randomResult(seed uint64) finding.Result {
	rnd := rand.New(rand.NewPCG(seed, 99))
	pool := naughty()
	text := func() string {
		return pool[rnd.IntN(len(pool))] + pool[rnd.IntN(len(pool))]
	}
	ruleset := []*rules.Rule{ionqRule(), qbraidRule(), ibmRule()}
	var findings []finding.Finding
	for range 1 + rnd.IntN(6) {
		var places []finding.Occurrence
		for range 1 + rnd.IntN(8) {
			places = append(places, randomOccurrence(rnd, text))
		}
		path := text()
		rule := ruleset[rnd.IntN(3)]
		f := planted(rule, material(seed+rnd.Uint64N(3), rule.Token.Public, 32), path, rules.Confidence(1+rnd.IntN(3)), places...)
		f.Repository, f.Evidence, f.Stored = text(), text(), rnd.IntN(4) == 0
		f.Status = []key.Status{key.Unknown, key.Active, key.Inactive}[rnd.IntN(3)]
		if rnd.IntN(2) == 0 {
			f.Check = checked(f.Status, text)
			f.Check.Withheld = rnd.IntN(4) == 0
		}
		findings = append(findings, f)
	}
	r, _ := finding.Collect(func(yield func(finding.Finding, error) bool) {
		for _, f := range findings {
			yield(f, nil)
		}
		for range rnd.IntN(20) {
			yield(finding.Finding{}, &source.ItemError{
				Path: text(), Reason: text(), Outcome: []source.Outcome{source.Unread, source.Excluded, ""}[rnd.IntN(3)],
			})
		}
	}, finding.CollectOptions{Tally: tally(rnd.Int64N(3), rnd.Int64N(3), rnd.Int64()), Strict: rnd.IntN(2) == 0})
	if n := len(r.Findings); n > 1 && rnd.IntN(2) == 0 {
		r.Suppressed = []finding.Suppression{{
			Finding: r.Findings[n-1], By: finding.SuppressedByIgnore, Reason: text(), Owner: text(), Until: text(),
		}}
		r.Findings = r.Findings[:n-1]
	}
	return r
}

func randomOccurrence(rnd *rand.Rand, text func() string) finding.Occurrence {
	places := []source.Place{
		source.File, source.Stdin, source.Blob, source.CommitMessage, source.TagMessage, source.Note, source.Staged,
		source.Reflog, source.GitConfig,
	}
	o := spot(places[rnd.IntN(len(places))], rnd.IntN(4), rnd.IntN(4))
	o.Location.EndLine += rnd.IntN(3)
	if rnd.IntN(3) == 0 {
		o = inCell(o, rnd.IntN(3), text(), rnd.IntN(3))
	}
	if rnd.IntN(3) == 0 {
		o.Location.Way = []string{text(), text()}
	}
	if rnd.IntN(3) == 0 {
		o.Location.Member = text()
	}
	if rnd.IntN(2) == 0 {
		g := finding.Git{
			Object: text(), Commit: text(), Author: text(), Email: text(), MoreRefs: rnd.IntN(3),
			Date:  time.Unix(rnd.Int64N(1<<40)-1<<39, 0),
			Reach: []finding.Reach{finding.ReachRef, finding.ReachStash, finding.ReachIndex, finding.ReachReflog, finding.ReachDangling}[rnd.IntN(5)],
		}
		for i := range rnd.IntN(5) {
			g.Refs = append(g.Refs, fmt.Sprint("refs/heads/", text(), i))
		}
		o.Git = &g
	}
	return o
}
