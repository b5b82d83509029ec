package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

const (
	defaultWidth = 80
	// proseWidth is the widest that text is set, however wide the terminal:
	// longer lines are hard to read.
	proseWidth = 100
	leastWidth = 40
	// shortPrint is how much of a fingerprint people are shown.
	shortPrint = 8
)

func writeText(w io.Writer, r finding.Result, o Options) error {
	r = prepare(r, o)
	p := &page{color: o.Color, width: defaultWidth}
	if o.Width > 0 {
		p.width = max(leastWidth, min(o.Width, proseWidth))
	}
	t := text{page: p, o: o, hinted: map[string]bool{}, manyRepositories: countRepositories(r.Findings) > 1}
	leaked, stored := groupByKey(r.Findings)
	for _, g := range leaked {
		t.key(g)
	}
	if len(leaked) > 0 {
		t.reason()
	}
	t.stored(stored, leaked)
	t.suppressed(r.Suppressed)
	t.alerts(r.Alerts)
	t.coverage(r.Coverage)
	t.summary(r)
	_, err := w.Write(p.out.Bytes())
	return err
}

// text lays a result out on a page.
type text struct {
	*page
	o Options
	// hinted holds the rules whose advice was given.
	hinted           map[string]bool
	manyRepositories bool
}

// group is one key with its findings, in the order of reports.
type group struct {
	fingerprint secret.Fingerprint
	findings    []finding.Finding
}

// surest is the finding that speaks for the key.
func (g group) surest() finding.Finding {
	return slices.MaxFunc(g.findings, func(a, b finding.Finding) int {
		return cmp.Compare(a.Confidence, b.Confidence)
	})
}

// standing is what is known of whether the key works.
func (g group) standing() finding.Standing {
	standing := finding.Standing{Status: key.Unknown}
	for _, f := range g.findings {
		if f.Status == key.Active || standing.Status == key.Unknown && (f.Status == key.Inactive || standing.Check == nil) {
			standing = f.Standing
		}
	}
	return standing
}

// groupByKey groups findings, leaks apart from stored keys: what works and
// what is sure comes first, then what comes first in the report.
func groupByKey(findings []finding.Finding) (leaked, stored []group) {
	leaked = collectGroups(findings, false)
	slices.SortStableFunc(leaked, func(a, b group) int {
		return cmp.Or(
			compareBool(b.standing().Status == key.Active, a.standing().Status == key.Active),
			cmp.Compare(b.surest().Confidence, a.surest().Confidence),
		)
	})
	return leaked, collectGroups(findings, true)
}

// collectGroups groups the findings that are stored, or those that are not, in
// the order of each key's first one.
func collectGroups(findings []finding.Finding, stored bool) []group {
	var groups []group
	index := map[secret.Fingerprint]int{}
	for _, f := range findings {
		if f.Stored != stored {
			continue
		}
		i, ok := index[f.Fingerprint]
		if !ok {
			i = len(groups)
			index[f.Fingerprint] = i
			groups = append(groups, group{fingerprint: f.Fingerprint})
		}
		groups[i].findings = append(groups[i].findings, f)
	}
	return groups
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

func countRepositories(findings []finding.Finding) int {
	seen := map[string]bool{}
	for _, f := range findings {
		seen[f.Repository] = true
	}
	return len(seen)
}

// key writes one leaked key: what it is, where it is, what to do.
func (t *text) key(g group) {
	f := g.surest()
	t.gap()
	t.line(span{bold, f.Rule.Title}, span{plain, " · "}, confidenceSpan(f.Confidence), standingSpan(g.standing()))
	t.line(span{dim, "  " + naming(f)})
	if f.Evidence != "" {
		t.wrapped("  ", span{dim, "told by: " + f.Evidence})
	}
	if until := expiry(f); until != "" {
		t.line(span{dim, "  ends by its own word: " + until})
	}
	t.verification(g.standing().Check)
	if material := shown(f, t.o); material != "" {
		t.line(span{plain, "  secret: "}, span{red, material})
	}
	t.gap()
	t.places(g, f.Rule)
	t.gap()
	if g.standing().Status == key.Inactive {
		t.wrapped("  ", span{plain, "What to do: nothing can be done with it any more. See that it is gone from " +
			"the provider's list of keys, and that nothing of yours still uses it."})
		return
	}
	t.advice(f.Rule)
}

func confidenceSpan(c rules.Confidence) span {
	words := c.String() + " confidence"
	switch c {
	case rules.High:
		return span{red, words}
	case rules.Medium:
		return span{yellow, words}
	default:
		return span{plain, words}
	}
}

func short(f secret.Fingerprint) string {
	return string(f[:min(len(f), shortPrint)])
}

// naming says which key it is without telling it.
func naming(f finding.Finding) string {
	return oneLine(" · ", strings.TrimPrefix(redacted(f), ellipsis), "fingerprint "+short(f.Fingerprint))
}

// advice says what to do, once for each rule.
func (t *text) advice(rule *rules.Rule) {
	if t.hinted[rule.ID] {
		t.wrapped("  ", span{dim, "What to do: as for the " + rule.Title + " above."})
		return
	}
	t.hinted[rule.ID] = true
	if rule.Fix != "" {
		t.wrapped("  ", span{plain, "What to do: " + rule.Fix})
	}
	if rule.Page != "" {
		t.line(span{dim, "  " + rule.Page})
	}
}

// reason says once why a key in a file is a leak.
func (t *text) reason() {
	t.gap()
	t.wrapped("", span{plain, "Why a key in a file is a leak: everybody who gets the file, its history or a look " +
		"at your screen in a talk or a screenshot has the key. Deleting the line takes it out of none of these; " +
		"revoking the key does. Keys are free: make a new one and read it from the environment."})
}

// stored lists the keys that are where keys belong.
func (t *text) stored(groups, leaked []group) {
	if len(groups) == 0 {
		return
	}
	t.gap()
	t.line(span{bold, "Kept in a key store, not a leak"})
	for _, g := range groups {
		also := ""
		if slices.ContainsFunc(leaked, func(l group) bool { return l.fingerprint == g.fingerprint }) {
			also = ", but also leaked: see above"
		}
		for _, f := range g.findings {
			for _, e := range entriesOf(f) {
				t.line(span{plain, "  " + e.where()})
				t.line(span{dim, "      " + f.Rule.Title + " · " + naming(f) + askedWords(f.Standing) + also})
				if words := accessWords(e.occurrences[0].Access); words != "" {
					t.wrapped("      ", span{yellow, words})
				}
			}
		}
		if material := shown(g.findings[0], t.o); material != "" {
			t.line(span{plain, "      secret: "}, span{red, material})
		}
	}
}

// suppressed lists what the owners chose not to be told of.
func (t *text) suppressed(all []finding.Suppression) {
	if len(all) == 0 {
		return
	}
	t.gap()
	t.line(span{bold, "Suppressed: " + count(int64(len(all)), "finding", "findings")}, span{dim, suppressors(all)})
	for i, s := range all {
		if i == shownPlaces && len(all) > shownPlaces+1 {
			t.line(span{dim, fmt.Sprintf("  and %d more (all in --format json)", len(all)-i)})
			return
		}
		t.line(span{plain, "  " + entriesOf(s.Finding)[0].where()})
		t.wrapped("      ", span{dim, s.Finding.Rule.Title + ", " + suppressedBy(s)})
	}
}

// suppressors counts what suppresses findings, if that is not one and the same.
func suppressors(all []finding.Suppression) string {
	var parts []string
	for _, kind := range []struct {
		by   finding.SuppressedBy
		name string
	}{
		{finding.SuppressedByIgnore, "ignored"}, {finding.SuppressedByBaseline, "in a baseline"},
		{finding.SuppressedByMark, "marked"}, {finding.SuppressedByExclude, "in excluded paths"},
	} {
		n := 0
		for _, s := range all {
			if s.By == kind.by {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, thousands(int64(n))+" "+kind.name)
		}
	}
	if len(parts) < 2 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// suppressedBy says why a finding is suppressed.
func suppressedBy(s finding.Suppression) string {
	switch s.By {
	case finding.SuppressedByIgnore:
		return oneLine(", ", "ignored: "+s.Reason, s.Owner, prefixed("until ", s.Until))
	case finding.SuppressedByBaseline:
		return "listed in a baseline"
	case finding.SuppressedByExclude:
		return "in a path that the configuration excludes"
	case finding.SuppressedByMark:
		return "by a mark on its line"
	}
	return "by " + string(s.By)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// sentenceList joins words as people do.
func sentenceList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
