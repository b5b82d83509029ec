package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	sarifSchema  = "https://json.schemastore.org/sarif-2.1.0.json"
	sarifHome    = "https://github.com/qleaks/qleaks"
	sarifRoot    = "%SRCROOT%"
	sarifVersion = "2.1.0"
	// sarifCategory ends in a slash: GitHub reads what stands before it as the
	// category of the analysis.
	sarifCategory = "qleaks/"
	// maxSARIFResults is how many results of a run GitHub accepts.
	maxSARIFResults = 25_000
	// maxSARIFPlaces is how many other places a result names.
	maxSARIFPlaces = 20
	// maxSARIFSkips is how many things a notification names.
	maxSARIFSkips = 20
)

// writeSARIF writes SARIF 2.1.0 as GitHub code scanning wants it. Stored and
// suppressed findings would be open alerts there, so they are only counted, in
// a notification. A finding of history stays a result until its key is known
// to be dead, whatever the working tree says.
func writeSARIF(w io.Writer, r finding.Result, o Options) error {
	if o.ShowSecrets {
		return ErrSecretsNotShown
	}
	r = prepare(r, o)
	leaks := slices.DeleteFunc(slices.Clone(r.Findings), func(f finding.Finding) bool { return f.Stored })
	stored := len(r.Findings) - len(leaks)
	leaks, dropped := limitResults(leaks)
	ruleset := rulesOf(leaks)
	run := sarifRun{
		Tool:              sarifTool{Driver: newSARIFDriver(ruleset, o)},
		AutomationDetails: sarifAutomation{ID: sarifCategory},
		Invocations: []sarifInvocation{{
			ExecutionSuccessful: r.Coverage.Complete && finding.Summarize(r).Unanswered == 0,
			Notifications:       newSARIFNotifications(r, stored, dropped),
		}},
		Provenance: newSARIFProvenance(o.Checkouts),
		BaseIDs: map[string]sarifBase{
			sarifRoot: {Description: sarifMessage{Text: "The root of the repository or the directory that was scanned."}},
		},
		ColumnKind: "utf16CodeUnits",
		Results:    []sarifResult{},
	}
	hashes := map[string]int{}
	for _, f := range leaks {
		run.Results = append(run.Results, newSARIFResult(f, ruleset, hashes))
	}
	return encode(w, sarifLog{Schema: sarifSchema, Version: sarifVersion, Runs: []sarifRun{run}}, "  ")
}

// limitResults keeps the worst findings if there are more than are accepted, in
// their order: keys that work before those of which nobody knows, the surest of
// these first, and last of all keys that are dead.
func limitResults(leaks []finding.Finding) ([]finding.Finding, int) {
	if len(leaks) <= maxSARIFResults {
		return leaks, 0
	}
	var as [deadly + 1]int
	for _, f := range leaks {
		as[rank(f)]++
	}
	least, room := deadly, maxSARIFResults
	for ; as[least] < room; least-- {
		room -= as[least]
	}
	var kept []finding.Finding
	for _, f := range leaks {
		switch r := rank(f); {
		case r > least:
			kept = append(kept, f)
		case r == least && room > 0:
			room--
			kept = append(kept, f)
		}
	}
	return kept, len(leaks) - len(kept)
}

// deadly is the rank of a key that works.
const deadly = int(rules.High) + 2

// rank orders findings by how much they matter.
func rank(f finding.Finding) int {
	switch f.Status {
	case key.Active:
		return deadly
	case key.Inactive:
		return 0
	case key.Unknown:
	}
	return 1 + int(f.Confidence)
}

func rulesOf(findings []finding.Finding) []*rules.Rule {
	byID := map[string]*rules.Rule{}
	for _, f := range findings {
		byID[f.Rule.ID] = f.Rule
	}
	ruleset := make([]*rules.Rule, 0, len(byID))
	for _, r := range byID {
		ruleset = append(ruleset, r)
	}
	slices.SortFunc(ruleset, func(a, b *rules.Rule) int { return strings.Compare(a.ID, b.ID) })
	return ruleset
}

func newSARIFResult(f finding.Finding, ruleset []*rules.Rule, hashes map[string]int) sarifResult {
	index, _ := slices.BinarySearchFunc(ruleset, f.Rule.ID, func(r *rules.Rule, id string) int {
		return strings.Compare(r.ID, id)
	})
	first := f.Occurrences[0]
	entries := entriesOf(f)
	t := text{}
	details := t.details(entries[0], f.Rule)
	message := fmt.Sprintf("%s · %s · %s confidence%s.", f.Rule.Title, naming(f), f.Confidence, standingWords(f.Standing))
	if f.Check != nil {
		message = oneLine(" ", message, oneLine(". ", "Verdict: "+reasonWords(f.Check), prefixed("Key: ", keyWords(f.Check.Key())))+".")
	}
	message = oneLine(" ", message, "Place: "+strings.Join(append([]string{entries[0].where()}, details...), "; ")+".")
	result := sarifResult{
		RuleID:    f.Rule.ID,
		RuleIndex: index,
		Level:     sarifLevel(f),
		Message:   sarifMessage{Text: Clean(message)},
		Locations: []sarifLocation{{Physical: newSARIFPhysical(first)}},
		PartialFingerprints: map[string]string{
			"primaryLocationLineHash": lineHash(f, hashes),
			"qleaks/v1":               f.ID,
		},
		Properties: sarifResultProperties{
			Confidence: f.Confidence.String(), Status: string(f.Status), Fingerprint: string(f.Fingerprint),
			Evidence: Clean(f.Evidence), Expires: expiry(f), Repository: Clean(f.Repository), Place: string(first.Place),
			Details: mapAll(details, Clean), Verdict: verdictOf(f.Check), Key: keyOf(f.Check),
		},
	}
	for i, e := range entries[1:min(len(entries), 1+maxSARIFPlaces)] {
		id := i + 1
		words := oneLine("; ", append([]string{e.where()}, t.details(e, f.Rule)...)...)
		result.RelatedLocations = append(result.RelatedLocations, sarifLocation{
			ID: &id, Message: &sarifMessage{Text: Clean(words)}, Physical: newSARIFPhysical(e.occurrences[0]),
		})
	}
	return result
}

func verdictOf(c *finding.Check) string {
	if c == nil {
		return ""
	}
	return Clean(c.Verdict.Reason)
}

func keyOf(c *finding.Check) string { return Clean(c.Key().ID) }

// sarifLevel is by what is known of the key, then by how sure we are that it
// is one.
func sarifLevel(f finding.Finding) string {
	switch {
	case f.Status == key.Active:
		return "error"
	case f.Status == key.Inactive:
		return "note"
	case f.Confidence == rules.High:
		return "error"
	case f.Confidence == rules.Medium:
		return "warning"
	default:
		return "note"
	}
}

// lineHash is what GitHub tells alerts apart by: one for each rule, path and
// key, so that an alert follows its key from line to line. Equal ones (of
// several repositories) are numbered.
func lineHash(f finding.Finding, hashes map[string]int) string {
	sum := sha256.Sum256([]byte(f.Rule.ID + "|" + f.Path + "|" + string(f.Fingerprint)))
	hash := hex.EncodeToString(sum[:8])
	hashes[hash]++
	return hash + ":" + strconv.Itoa(hashes[hash])
}

func newSARIFPhysical(o finding.Occurrence) sarifPhysical {
	l := o.Location
	p := sarifPhysical{Artifact: newSARIFArtifact(l.Path)}
	if l.Member != "" {
		// Lines count in the member, and no viewer looks into archives.
		p.Region = &sarifRegion{1, 1, 1, 1}
		return p
	}
	r := sarifRegion{StartLine: max(1, l.Line), StartColumn: max(1, cmp.Or(l.Column16, l.Column))}
	r.EndLine = max(r.StartLine, l.EndLine)
	r.EndColumn = max(1, cmp.Or(l.EndColumn16, l.EndColumn))
	if r.EndLine == r.StartLine {
		r.EndColumn = max(r.StartColumn, r.EndColumn)
	}
	p.Region = &r
	return p
}

func newSARIFArtifact(path string) sarifArtifact {
	return sarifArtifact{URI: relativeURI(path), URIBaseID: sarifRoot}
}

// relativeURI percent-encodes a path so that no reader takes it for anything
// but a path below the root: not for a scheme, a host, an absolute path or a
// way upward.
func relativeURI(path string) string {
	if path == "" {
		return "stdin"
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch {
		case s == "." || s == "..":
			segments[i] = strings.ReplaceAll(s, ".", "%2E")
		case s == "" && i < len(segments)-1:
			segments[i] = "%2F"
		default:
			segments[i] = percentEncode(s)
		}
	}
	return strings.Join(segments, "/")
}

func percentEncode(s string) string {
	const unreserved = "-._~"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func newSARIFNotifications(r finding.Result, stored, dropped int) []sarifNotification {
	notes := []sarifNotification{}
	note := func(id, level, text string, locations ...sarifLocation) {
		notes = append(notes, sarifNotification{
			Descriptor: sarifReference{ID: id}, Level: level, Message: sarifMessage{Text: Clean(text)}, Locations: locations,
		})
	}
	if r.Coverage.Interrupted {
		note(sarifInterrupted, "error", "The scan was cut short: there may be more.")
	}
	for _, reason := range r.Coverage.Reasons {
		id, level := sarifExcluded, "note"
		if reason.Outcome != source.Excluded {
			id, level = sarifUnread, "warning"
		}
		note(id, level, reason.Reason+": "+thousands(reason.Count), skipLocations(r.Coverage, reason)...)
	}
	if n := finding.Summarize(r).Unanswered; n > 0 {
		note(sarifUnverified, "warning", unansweredWords(n))
	}
	if dropped > 0 {
		note(sarifLeftOut, "warning", count(int64(dropped), "finding is", "findings are")+" left out: a run holds "+thousands(maxSARIFResults))
	}
	if stored > 0 {
		note(sarifLeftOut, "note", count(int64(stored), "finding", "findings")+" in key stores")
	}
	if n := len(r.Suppressed); n > 0 {
		note(sarifLeftOut, "note", count(int64(n), "suppressed finding", "suppressed findings"))
	}
	return notes
}

func skipLocations(c finding.Coverage, reason finding.Reason) []sarifLocation {
	var locations []sarifLocation
	for _, s := range c.Skipped {
		if len(locations) == maxSARIFSkips {
			break
		}
		if outcomeOf(s) == reason.Outcome && s.Reason == reason.Reason && s.Path != "" {
			locations = append(locations, sarifLocation{Physical: sarifPhysical{Artifact: newSARIFArtifact(s.Path)}})
		}
	}
	return locations
}

func newSARIFProvenance(checkouts []Checkout) []sarifProvenance {
	var all []sarifProvenance
	for _, c := range checkouts {
		u, err := url.Parse(c.URI)
		if err != nil || u.Scheme == "" || u.Host == "" {
			continue
		}
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		all = append(all, sarifProvenance{
			RepositoryURI: u.String(), RevisionID: Clean(c.Revision), Branch: Clean(c.Branch),
		})
	}
	if len(all) == 1 {
		// Paths of several repositories have no common root to map to.
		all[0].MappedTo = &sarifMapped{URIBaseID: sarifRoot}
	}
	return all
}
