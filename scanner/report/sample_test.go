package report_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// material makes a value that looks like a key, always the same for one seed.
func material(seed uint64, prefix string, n int) string {
	rnd := rand.New(rand.NewPCG(seed, seed))
	var b strings.Builder
	b.WriteString(prefix)
	for range n {
		b.WriteByte(alphabet[rnd.IntN(len(alphabet))])
	}
	return b.String()
}

func ionqRule() *rules.Rule {
	return &rules.Rule{
		ID: "ionq-api-key", Provider: "ionq", Title: "IonQ API key", Severity: rules.SeverityCritical, Rank: 30,
		Description: "A key of the IonQ Quantum Cloud: whoever has it can submit jobs that are billed to its project.",
		Fix:         "Revoke it in the IonQ Cloud Console under Settings > API keys; it stops working at once, but jobs that were submitted with it stay in the queue: cancel those too.",
		Page:        "https://docs.ionq.com/guides/managing-api-keys",
		Evidence:    []rules.Evidence{{Name: "passed to an IonQ client", Confidence: rules.High}},
	}
}

func qbraidRule() *rules.Rule {
	return &rules.Rule{
		ID: "qbraid-api-key", Provider: "qbraid", Title: "qBraid API key", Severity: rules.SeverityHigh, Rank: 40,
		Description: "A key of the qBraid platform.",
		Fix:         "Delete the key in the qBraid account page under API keys, and create a new one.",
		Page:        "https://docs.qbraid.com/v2/account/api-keys",
		Token:       rules.Token{Public: "qbr_"},
		Evidence:    []rules.Evidence{{Name: "its own prefix", Confidence: rules.High}},
	}
}

func ibmRule() *rules.Rule {
	return &rules.Rule{
		ID: "ibm-cloud-api-key", Provider: "ibm", Title: "IBM Cloud API key", Severity: rules.SeverityCritical, Rank: 20,
		Fix:      "Disable the key under Manage > Access (IAM) > API keys, then delete it.",
		Page:     "https://cloud.ibm.com/docs/account?topic=account-userapikey",
		Evidence: []rules.Evidence{{Name: "a name that says IBM", Confidence: rules.Medium}},
	}
}

// planted makes a finding of one key in one path.
func planted(rule *rules.Rule, value, path string, c rules.Confidence, occurrences ...finding.Occurrence) finding.Finding {
	var fp secret.Fingerprinter
	v := secret.New([]byte(value))
	evidence := ""
	if len(rule.Evidence) > 0 {
		evidence = rule.Evidence[0].Name
	}
	for i := range occurrences {
		if l := &occurrences[i].Location; l.Path == "" {
			l.Path, _, _ = strings.Cut(path, "!")
		}
	}
	f := finding.Finding{
		Rule: rule, Confidence: c, Standing: finding.Standing{Status: key.Unknown}, Fingerprint: fp.Of(v), Secret: v, Evidence: evidence,
		Repository: "github.com/ada/qnotes", Path: path, Occurrences: occurrences,
	}
	f.ID = finding.Identify(fp, f)
	return f
}

func spot(place source.Place, line, column int) finding.Occurrence {
	return finding.Occurrence{Place: place, Location: finding.Location{
		Line: line, Column: column, EndLine: line, EndColumn: column + 32, Column16: column + 1, EndColumn16: column + 33,
	}}
}

func version(n, line, column int, reach finding.Reach, refs ...string) finding.Occurrence {
	o := spot(source.Blob, line, column)
	o.Git = &finding.Git{
		Object: strings.Repeat(fmt.Sprintf("%02x", 0xa0+n), 20), Commit: strings.Repeat(fmt.Sprintf("%02x", 0x10+n), 20),
		Author: "Ada Lovelace", Email: "ada@example.org",
		Date: time.Date(2024, 5, n, 9, 30, 0, 0, time.FixedZone("", 7200)), Refs: refs, Reach: reach,
	}
	return o
}

func inCell(o finding.Occurrence, cell int, part string, line int) finding.Occurrence {
	o.Location.Notebook = &finding.Cell{Cell: cell, Part: part, Line: line}
	return o
}

func inMember(o finding.Occurrence, member string, way ...string) finding.Occurrence {
	o.Location.Member, o.Location.Way = member, way
	return o
}

const hostilePath = "a\x1b[31m\n::error::x\u202e\xff/##[group]b,=\"c.py"

// sample is a result with everything that a report can show.
func sample(t testing.TB) finding.Result {
	t.Helper()
	ionq, qbraid, ibm := material(1, "", 32), material(2, "qbr_", 40), material(3, "", 44)
	dangling := version(9, 3, 8, finding.ReachDangling)
	dangling.Git.Commit, dangling.Git.Author, dangling.Git.Email, dangling.Git.Date = "", "", "", time.Time{}
	stored := planted(ionqRule(), ionq, ".env", rules.High, spot(source.File, 3, 14))
	stored.Stored = true
	alone := planted(qbraidRule(), material(4, "qbr_", 40), "cfg/qbraidrc", rules.High, spot(source.File, 2, 11))
	alone.Stored = true
	works := planted(qbraidRule(), qbraid, "tools/run.sh", rules.High, spot(source.File, 7, 22))
	works.Standing = finding.Standing{Status: key.Active, Check: known()}
	many := []finding.Occurrence{}
	for n := range 9 {
		many = append(many, version(n+1, 10+n, 5, finding.ReachRef, "refs/heads/main"))
	}
	r, err := finding.Collect(func(yield func(finding.Finding, error) bool) {
		for _, f := range []finding.Finding{
			stored, alone, works,
			planted(ionqRule(), ionq, "notebooks/vqe.ipynb", rules.High,
				inCell(spot(source.File, 214, 18), 3, "source", 2),
				inCell(version(2, 214, 18, finding.ReachRef, "refs/heads/main", "refs/tags/v1"), 3, "source", 2),
				inCell(version(4, 214, 18, finding.ReachRef, "refs/heads/main"), 3, "source", 2),
				inCell(spot(source.File, 240, 30), 3, "output", 1)),
			planted(ionqRule(), ionq, "old.zip!inner/settings.py", rules.High, inMember(spot(source.File, 4, 12), "inner/settings.py", "base64")),
			planted(ionqRule(), ionq, hostilePath, rules.Medium, version(5, 1, 1, finding.ReachStash)),
			planted(ibmRule(), material(7, "", 44), "objects/"+dangling.Git.Object, rules.Medium, dangling),
			planted(ibmRule(), ibm, "docs/guide.md", rules.Medium, many...),
			planted(ibmRule(), ibm, "app.py", rules.Medium, version(3, 2, 2, finding.ReachReflog), staged(6, 8, 2)),
			unanswered(planted(ibmRule(), material(10, "", 44), "foreign.py", rules.High, spot(source.File, 1, 1))),
			withheld(planted(ionqRule(), material(11, "", 32), "either.py", rules.Medium, spot(source.File, 1, 1))),
		} {
			if !yield(f, nil) {
				return
			}
		}
		for i := range 5 {
			yield(finding.Finding{}, &source.ItemError{Path: fmt.Sprintf("data/%d.bin", i), Outcome: source.Unread, Reason: "permission denied"})
		}
		yield(finding.Finding{}, &source.ItemError{Path: "run/\x1b]0;socket", Outcome: source.Excluded, Reason: "socket"})
	}, finding.CollectOptions{Tally: tally(1204, 35120, 81_400_000)})
	if err != nil {
		t.Fatal(err)
	}
	r.Below = 3
	r.Suppressed = []finding.Suppression{
		{Finding: planted(ionqRule(), material(5, "", 32), "tests/fake.py", rules.High, spot(source.File, 2, 9)),
			By: finding.SuppressedByIgnore, Reason: "revoked in May", Owner: "ada@example.org", Until: "2027-01-31"},
		{Finding: planted(ionqRule(), material(6, "", 32), "tests/mark.py", rules.High, spot(source.File, 5, 9)), By: finding.SuppressedByMark},
		{Finding: planted(ionqRule(), material(8, "", 32), "old/known.py", rules.High, version(7, 6, 1, finding.ReachRef, "refs/heads/main")), By: finding.SuppressedByBaseline},
		{Finding: planted(ionqRule(), material(9, "", 32), "third_party/a.py", rules.High, version(8, 7, 1, finding.ReachRef, "refs/heads/main")), By: finding.SuppressedByExclude},
	}
	return r
}

func staged(n, line, column int) finding.Occurrence {
	o := version(n, line, column, finding.ReachIndex)
	o.Place = source.Staged
	o.Git.Commit, o.Git.Author, o.Git.Email, o.Git.Date = "", "", "", time.Time{}
	return o
}

func tally(files, objects, bytes int64) *source.Tally {
	var t source.Tally
	t.Files.Store(files)
	t.Objects.Store(objects)
	t.Blobs.Store(objects / 3)
	t.Bytes.Store(bytes)
	t.Images.Store(2)
	return &t
}

func written(t testing.TB, format string, r finding.Result, o report.Options) string {
	t.Helper()
	var b strings.Builder
	if err := report.Write(&b, format, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
