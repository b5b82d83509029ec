package cli

import (
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
)

// sayOf decides what the scanned content has a say in. Content may suppress
// findings about itself only where the operator trusts it: by `qleaks trust`,
// or by naming a configuration on the command line.
type sayOf struct {
	// given is the configuration that the operator named; it counts for every
	// target, instead of theirs.
	given *fileConfig
	trust baseline.Trust
	notes messages
	// parts holds the say of each root, order the same in the order in which
	// they were met.
	parts map[string]*say
	order []*say
}

// say is what the configuration and the marks of one root may do.
type say struct {
	root  string
	label string
	// config is nil where none counts.
	config *fileConfig
	marks  bool
	// added are the rules of the configuration; they count even where nothing
	// else of it does.
	added []*rules.Rule
	// unheard counts marks that do not count.
	unheard int
	// excluded are findings in paths that the configuration excludes.
	excluded []finding.Finding
}

// of returns the say of a target's root.
func (s *sayOf) of(t target) *say {
	if part, ok := s.parts[t.root]; ok {
		return part
	}
	part := &say{root: t.root, label: t.Label}
	// Standard input, a bare repository and a file outside of repositories
	// have no directory that could have a say.
	if t.kind == directoryTree || t.kind == repositoryTree || t.repository != nil && t.kind == singleFile {
		s.judge(part)
	}
	if s.given != nil {
		part.config = s.given
	}
	if part.config != nil {
		part.added = part.config.Rule
	}
	if part.config != nil && part.config.Scan.Marks != nil {
		part.marks = *part.config.Scan.Marks
	}
	if s.parts == nil {
		s.parts = map[string]*say{}
	}
	s.parts[t.root] = part
	s.order = append(s.order, part)
	return part
}

// judge looks whether a root is trusted with its configuration. Of one that is
// not trusted, only the rules are read: they can add findings and take none
// away.
func (s *sayOf) judge(part *say) {
	content, err := contentOfConfig(part.root)
	decision := baseline.NotTrusted
	if err == nil {
		decision = s.trust.Decide(part.root, baseline.ConfigurationHash(content))
	}
	part.marks = decision == baseline.IsTrusted
	if s.given != nil || err == nil && content == nil {
		return
	}
	if part.marks {
		// What is trusted was valid when it was trusted, but perhaps for a
		// newer qleaks.
		if part.config, err = parseConfig(content); err == nil {
			return
		}
	}
	name := filepath.Join(part.label, configName)
	if err != nil {
		s.notes.note("%s was not applied: it is not valid", name)
		s.notes.hint("what is wrong with it: qleaks trust %s", part.label)
		return
	}
	if part.added = strangersRules(content); len(part.added) > 0 {
		s.notes.note("added from %s: %s", name, plural(len(part.added), "rule"))
	}
	s.notes.note("%s was not applied: scanned content may not switch findings off", name)
	if decision == baseline.Changed {
		s.notes.hint("it has changed since you trusted it; look at it, then: qleaks trust %s", part.label)
		return
	}
	s.notes.hint("if it is yours: qleaks trust %s", part.label)
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
	if n := len(c.Rule); n > 0 {
		parts = append(parts, plural(n, "rule"))
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

// ignores are the entries of all configurations that count.
func (s *sayOf) ignores() []baseline.Ignore {
	if s.given != nil {
		return s.given.Ignore
	}
	var all []baseline.Ignore
	for _, part := range s.order {
		if part.config != nil {
			all = append(all, part.config.Ignore...)
		}
	}
	return all
}

// excluded yields the findings in excluded paths, as a scan does.
func (s *sayOf) excluded() stream {
	return func(yield func(finding.Finding, error) bool) {
		for _, part := range s.order {
			for _, f := range part.excluded {
				if !yield(f, nil) {
					return
				}
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
