package cli

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
)

// sayOf decides what the scanned content has a say in. Content may suppress
// findings about itself only where the operator trusts it: by `qleaks trust`,
// or by naming a configuration or a baseline on the command line.
type sayOf struct {
	// given is the configuration that the operator named; it counts for every
	// target, instead of theirs.
	given *fileConfig
	// known is the baseline that the operator named; it counts for every
	// target, instead of theirs.
	known *baseline.List
	// operator is what the two say.
	operator *baseline.Say
	trust    baseline.Trust
	notes    messages
	// salt is the one of the fingerprints, now when the scan began.
	salt string
	now  time.Time
	// parts holds the say of each root, order the same in the order in which
	// they were met.
	parts map[string]*say
	order []*say
	// said is what those in order say, as far as roots has asked.
	said []*baseline.Say
}

// say is what the configuration and the marks of one root may do.
type say struct {
	root  string
	label string
	// outer is the nearest root that this is in, "" if there is none.
	outer string
	// config is nil where none counts.
	config *fileConfig
	marks  bool
	// own is what the root says by its own configuration and baseline.
	own *baseline.Say
	// known is its baseline; nil without one that counts.
	known *baseline.List
	// added are the rules of the configuration; they count even where nothing
	// else of it does.
	added []*rules.Rule
	// unheard counts marks that do not count.
	unheard int
	// excluded are findings in paths that the configuration excludes.
	excluded []finding.Finding
}

// newSayOf hears the operator first.
func newSayOf(s sayOf) *sayOf {
	var ignores []baseline.Ignore
	if s.given != nil {
		ignores = s.given.Ignore
	}
	s.operator = baseline.NewSay(ignores, s.known, s.now)
	s.parts = map[string]*say{}
	return &s
}

// of returns the say of a target's root.
func (s *sayOf) of(t target) *say {
	if part, ok := s.parts[t.root]; ok {
		return part
	}
	part := &say{root: t.root, label: t.Label}
	// Standard input, a bare repository and a file outside of repositories
	// have no directory that could have a say.
	if t.kind == directoryTree || t.kind == repositoryTree || t.kind == namedFiles || t.repository != nil && t.kind == singleFile {
		s.judge(part)
	}
	var ignores []baseline.Ignore
	if part.config != nil {
		ignores = part.config.Ignore
	}
	part.own = baseline.NewRootSay(ignores, part.known, s.now)
	if s.given != nil {
		part.config = s.given
	}
	if part.config != nil {
		part.added = part.config.Rule
	}
	if part.config != nil && part.config.Scan.Marks != nil {
		part.marks = *part.config.Scan.Marks
	}
	s.parts[t.root] = part
	s.order = append(s.order, part)
	return part
}

// judge looks whether a root is trusted with its files. Of one that is not
// trusted, only the rules are read: they can add findings and take none away.
func (s *sayOf) judge(part *say) {
	files, decision, err := trustedFiles(s.trust, part.root)
	part.marks = decision == baseline.IsTrusted
	if s.given != nil || err == nil && files.config == nil {
		return
	}
	if part.marks {
		// What is trusted was valid when it was trusted, but perhaps for a
		// newer qleaks.
		if part.config, err = parseConfig(files.config); err == nil {
			s.hearBaseline(part, files)
			return
		}
	}
	name := filepath.Join(part.label, configName)
	if err != nil {
		s.notes.note("%s was not applied: it, or a file beside it, is not valid", name)
		s.notes.hint("what is wrong: qleaks trust %s", part.label)
		return
	}
	if part.added = strangersRules(files.config); len(part.added) > 0 {
		s.notes.note("added from %s: %s", name, plural(len(part.added), "rule"))
	}
	s.notes.note("%s was not applied: scanned content may not switch findings off", name)
	if decision == baseline.Changed {
		s.notes.hint("it has changed since you trusted it; look at it, then: qleaks trust %s", part.label)
		return
	}
	s.notes.hint("if it is yours: qleaks trust %s", part.label)
}

// hearBaseline reads the baseline of a root that is trusted with its files. One
// that cannot be used hides nothing.
func (s *sayOf) hearBaseline(part *say, files ownFiles) {
	if s.known != nil || files.baselineName == "" {
		return
	}
	name := filepath.Join(part.label, filepath.FromSlash(files.baselineName))
	if files.baseline == nil {
		s.notes.note("the baseline %s was not applied: there is no such file", name)
		return
	}
	known, err := baseline.ParseList(files.baseline, s.salt)
	if err != nil {
		s.notes.warning("the baseline %s was not applied: %v", name, err)
		for _, hint := range baselineHints(err) {
			s.notes.hint("%s", hint)
		}
		return
	}
	part.known = known
}

// contents says what a configuration would do.
func (c *fileConfig) contents() string {
	var parts []string
	if n := len(c.Scan.Exclude); n > 0 {
		parts = append(parts, plural(n, "exclude"))
	}
	if n := len(c.Ignore); n > 0 {
		parts = append(parts, plural(n, "ignore"))
	}
	if c.Scan.Confidence != nil || c.Scan.FailOn != nil || c.Scan.Strict != nil || c.Scan.Marks != nil {
		parts = append(parts, "settings")
	}
	if c.Scan.Baseline != "" {
		parts = append(parts, "a baseline")
	}
	if n := len(c.Rule); n > 0 {
		parts = append(parts, plural(n, "rule"))
	}
	if n := len(c.Accounts); n > 0 {
		parts = append(parts, plural(n, "account"))
	}
	if n := len(c.Stores); n > 0 {
		parts = append(parts, plural(n, "store")+" (they count only in your own configuration)")
	}
	if len(parts) == 0 {
		return "it says nothing"
	}
	return strings.Join(parts, ", ")
}

func (s *say) excludes(name string) bool { return s.config.excludes(name) }

// hears applies the say to one finding. It reports false if the finding is
// suppressed here and kept for the list.
func (s *say) hears(f *finding.Finding) bool {
	s.own.See(f.ID)
	if s.excludes(f.Path) {
		s.excluded = append(s.excluded, *f)
		return false
	}
	if s.marks {
		return true
	}
	for _, o := range f.Occurrences {
		if o.Marked {
			s.unheard++
		}
	}
	baseline.ClearMark(f)
	return true
}

// apply takes out of findings what the operator and the roots suppress. The
// excluded ones are those in excluded paths.
func (s *sayOf) apply(found, excluded []finding.Finding) baseline.Outcome {
	return baseline.Apply(baseline.Findings{Reported: found, Excluded: excluded}, s.operator, s.roots())
}

// keeps reports whether apply would keep a finding, by what was met so far.
func (s *sayOf) keeps(f finding.Finding) bool { return baseline.Keeps(f, s.operator, s.roots()) }

// roots are what the roots say, those within others with them.
func (s *sayOf) roots() []*baseline.Say {
	for ; len(s.said) < len(s.order); s.said = append(s.said, s.order[len(s.said)].own) {
		part := s.order[len(s.said)]
		for _, other := range s.order[:len(s.said)] {
			part.nest(other)
			other.nest(part)
		}
	}
	return s.said
}

// nest remembers another root as the one that this is in, if it is the nearest
// so far.
func (s *say) nest(other *say) {
	below := strings.TrimSuffix(other.root, string(filepath.Separator)) + string(filepath.Separator)
	if other.root != "" && len(other.root) > len(s.outer) && strings.HasPrefix(s.root, below) && s.root != other.root {
		s.outer = other.root
		s.own.Within(other.own)
	}
}

// excluded are the findings in excluded paths, merged.
func (s *sayOf) excluded() []finding.Finding {
	var all []finding.Finding
	for f, err := range finding.Merge(s.everyExcluded) {
		if err == nil { // findings alone give no error
			all = append(all, f)
		}
	}
	return all
}

func (s *sayOf) everyExcluded(yield func(finding.Finding, error) bool) {
	for _, part := range s.order {
		for _, f := range part.excluded {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// unheard tells of marks that were passed over.
func (s *sayOf) unheard() {
	for _, part := range s.order {
		if part.unheard > 0 {
			s.notes.note("%s in %s did not count: scanned content may not switch findings off", plural(part.unheard, "qleaks:ignore mark"), part.label)
			s.notes.hint("if it is yours: qleaks trust %s", part.label)
		}
	}
}

// settings is the configuration whose [scan] values count: the one that was
// named, or that of the only target.
func (s *sayOf) settings(targets []target) *fileConfig {
	if s.given != nil || len(targets) != 1 {
		return s.given
	}
	return s.of(targets[0]).config
}
