package report

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

const (
	// gitlabVersion is the version of GitLab's schema for secret detection
	// that gitlab reports follow. One wrong field, and GitLab drops the report.
	gitlabVersion = "15.2.5"
	gitlabSchema  = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v" + gitlabVersion + "/dist/secret-detection-report-format.json"
	// gitlabTime is how that schema wants times, in UTC.
	gitlabTime = "2006-01-02T15:04:05"
	// maxGitLab is how many places a report has: GitLab refuses files that are
	// too long.
	maxGitLab = 10_000
	// noCommit stands for content that was not committed, as GitLab's own
	// analyzer writes it.
	noCommit = "0000000"
)

// The parts of GitLab's report that qleaks writes, by the names of its schema.
type (
	gitlabReport struct {
		Version         string                `json:"version"`
		Schema          string                `json:"schema"`
		Scan            gitlabScan            `json:"scan"`
		Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
	}
	gitlabScan struct {
		Analyzer  gitlabProgram   `json:"analyzer"`
		Scanner   gitlabProgram   `json:"scanner"`
		Type      string          `json:"type"`
		StartTime string          `json:"start_time"`
		EndTime   string          `json:"end_time"`
		Status    string          `json:"status"`
		Messages  []gitlabMessage `json:"messages,omitempty"`
	}
	gitlabProgram struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		URL     string       `json:"url"`
		Version string       `json:"version"`
		Vendor  gitlabVendor `json:"vendor"`
	}
	gitlabVendor struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabVulnerability struct {
		ID          string             `json:"id"`
		Name        string             `json:"name"`
		Description string             `json:"description"`
		Severity    string             `json:"severity"`
		Solution    string             `json:"solution,omitempty"`
		Identifiers []gitlabIdentifier `json:"identifiers"`
		Links       []gitlabLink       `json:"links,omitempty"`
		Location    gitlabLocation     `json:"location"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	gitlabLink struct {
		URL string `json:"url"`
	}
	gitlabLocation struct {
		File      string       `json:"file,omitempty"`
		StartLine int          `json:"start_line,omitempty"`
		EndLine   int          `json:"end_line,omitempty"`
		Commit    gitlabCommit `json:"commit"`
	}
	gitlabCommit struct {
		SHA    string `json:"sha"`
		Author string `json:"author,omitempty"`
		Date   string `json:"date,omitempty"`
	}
)

// writeGitLab writes what GitLab's pipelines take as a secret-detection report:
// one vulnerability for each place of a leaked key, the gravest first. Nothing
// of the source is quoted.
func writeGitLab(w io.Writer, r finding.Result, o Options) error {
	if o.ShowSecrets {
		return ErrSecretsNotShown
	}
	r = prepare(r, o)
	program := gitlabProgram{
		ID: "qleaks", Name: "qleaks", URL: "https://github.com/qleaks/qleaks", Version: cmp.Or(o.Version, "development"), Vendor: gitlabVendor{"qleaks"},
	}
	out := gitlabReport{
		Version: gitlabVersion, Schema: gitlabSchema, Vulnerabilities: []gitlabVulnerability{},
		Scan: gitlabScan{
			Analyzer: program, Scanner: program, Type: "secret_detection", Status: "success",
			StartTime: o.Began.UTC().Format(gitlabTime), EndTime: o.Began.Add(o.Elapsed).UTC().Format(gitlabTime),
		},
	}
	if !r.Coverage.Complete {
		out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{"warn", fmt.Sprintf("not everything was read: %d things are missing", r.Coverage.Unread)})
	}
	if r.Coverage.Interrupted {
		out.Scan.Status = "failure"
	}
	for _, f := range r.Findings {
		if f.Stored {
			continue
		}
		for _, e := range entriesOf(f) {
			out.Vulnerabilities = append(out.Vulnerabilities, newGitLabVulnerability(e))
		}
	}
	slices.SortStableFunc(out.Vulnerabilities, func(a, b gitlabVulnerability) int {
		return slices.Index(gitlabSeverities(), a.Severity) - slices.Index(gitlabSeverities(), b.Severity)
	})
	if n := len(out.Vulnerabilities); n > maxGitLab {
		out.Vulnerabilities = out.Vulnerabilities[:maxGitLab]
		out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{"warn", fmt.Sprintf("%d more places are left out: they are in the report of --format json", n-maxGitLab)})
	}
	return encode(w, out, "  ")
}

// gitlabSeverities are those that are given, the gravest first.
func gitlabSeverities() []string { return []string{"Critical", "High", "Medium", "Low", "Info"} }

func gitlabSeverity(f finding.Finding) string {
	switch {
	case f.Status == key.Active:
		return "Critical"
	case f.Status == key.Inactive:
		return "Info"
	case f.Confidence == rules.High:
		return "High"
	case f.Confidence == rules.Medium:
		return "Medium"
	}
	return "Low"
}

func newGitLabVulnerability(e entry) gitlabVulnerability {
	f, first := e.finding, e.occurrences[0]
	where := Clean(e.where())
	// The id is that of the finding at its spot, so that it stays from one
	// pipeline to the next.
	sum := sha256.Sum256([]byte(f.ID + "\x00" + where))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a UUID of version 8
	v := gitlabVulnerability{
		ID:          fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]),
		Name:        Clean(f.Rule.Title),
		Description: Clean(fmt.Sprintf("%s · %s · %s confidence%s · finding %s", f.Rule.Title, naming(f), f.Confidence, standingWords(f.Standing), f.ID)),
		Severity:    gitlabSeverity(f),
		Solution:    Clean(f.Rule.Fix),
		Identifiers: []gitlabIdentifier{{"qleaks_rule_id", Clean(f.Rule.Title), Clean(f.Rule.ID)}},
		Location:    gitlabLocation{File: Clean(f.Path), StartLine: first.Location.Line, EndLine: first.Location.EndLine, Commit: gitlabCommit{SHA: noCommit}},
	}
	if strings.HasPrefix(f.Rule.Page, "https://") {
		v.Links = []gitlabLink{{f.Rule.Page}}
	}
	for _, o := range e.occurrences {
		if o.Git != nil && o.Git.Commit != "" {
			v.Location.Commit = gitlabCommit{SHA: o.Git.Commit, Author: Clean(o.Git.Author), Date: o.Git.Date.UTC().Format(time.RFC3339)}
			break
		}
	}
	return v
}
