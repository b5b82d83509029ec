package cli

import (
	"io"
	"os"
	"reflect"
	"slices"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
)

// ruleSet is the built-in rules with those of --rules, of the configuration
// that counts, and of the targets' own configurations.
func (r *scanRun) ruleSet() (*rules.Set, error) {
	var own []*rules.Rule
	for _, name := range r.options.Judging.Rules {
		list, err := readRules(name)
		if err != nil {
			return nil, err
		}
		own = append(own, list...)
	}
	if given := r.content.given; given != nil {
		own = append(own, given.Rule...)
	} else if !r.options.Reading.Untrusted {
		for _, t := range r.targets {
			own = r.content.of(t).addRules(own, r.say)
		}
	}
	set, err := rules.With(own)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "the rules do not go together", err: err}
	}
	return set, nil
}

// rulesHere is the built-in rules with those of files, and with those that a scan
// of the current directory would add.
func rulesHere(env Env, files []string) (*rules.Set, error) {
	var own []*rules.Rule
	for _, name := range files {
		list, err := readRules(name)
		if err != nil {
			return nil, err
		}
		own = append(own, list...)
	}
	cwd, err := env.Getwd()
	if err != nil {
		return nil, couldNot("the current directory is not known", err)
	}
	root := cwd
	if repository, ok := discover(cwd); ok && !repository.Bare() {
		root = repository.Root()
	}
	trust, err := loadTrustQuietly(env)
	if err != nil {
		trust = baseline.Trust{} // nobody is trusted, which a scan explains
	}
	content := newSayOf(sayOf{trust: trust, notes: messages{w: io.Discard}, now: env.Now()})
	part := &say{root: root, label: root}
	content.judge(part)
	if part.config != nil {
		part.added = part.config.Rule
	}
	set, err := rules.With(part.addRules(own, messages{w: io.Discard}))
	if err != nil {
		return nil, &problem{code: exitUsage, message: "the rules do not go together", err: err}
	}
	return set, nil
}

// readRules reads a rule file that the operator named.
func readRules(name string) ([]*rules.Rule, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the rules", err: err}
	}
	defer f.Close()
	data, err := readLimited(f, maxConfig)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the rules", err: err}
	}
	config, err := parseConfig(data)
	if err != nil {
		return nil, badConfig(name, err)
	}
	if len(config.Rule) == 0 {
		return nil, wrongUsage(name+" holds no [[rule]]", "how a rule is written: docs/rules.md")
	}
	return config.Rule, nil
}

// addRules appends the rules of a root to a list that has none of their names,
// of the built-in ones or of other roots.
func (s *say) addRules(list []*rules.Rule, notes messages) []*rules.Rule {
	if len(s.added) == 0 {
		return list // most roots add none, and compiling a rule set takes its time
	}
	builtin, err := rules.Builtin()
	if err != nil {
		return list
	}
	for _, r := range s.added {
		i := slices.IndexFunc(list, func(other *rules.Rule) bool { return other.ID == r.ID })
		switch {
		case i >= 0 && reflect.DeepEqual(list[i], r):
		case i >= 0 || builtin.Rule(r.ID) != nil:
			notes.note("the rule %s of %s was left out: there is another one of that name", r.ID, s.label)
		default:
			list = append(list, r)
		}
	}
	return list
}

const (
	// maxStrangersRules bounds what rules of scanned content may cost.
	maxStrangersRules = 32
	// strangersRank is below that of every built-in rule: a value that a
	// built-in rule reports, too, is reported by that.
	strangersRank = -1
)

// strangersRules reads the rules of a configuration whose root nobody trusts,
// and nothing else of it. Rules that are not valid are none: the hint to trust
// the root says what is wrong.
func strangersRules(content []byte) []*rules.Rule {
	if tooLongLine(content) > 0 {
		return nil
	}
	var file rules.File
	if _, err := toml.Decode(string(content), &file); err != nil || len(file.Rule) > maxStrangersRules {
		return nil
	}
	list, err := file.Rules(content)
	if err != nil {
		return nil
	}
	builtin, err := rules.Builtin()
	if err != nil {
		return nil
	}
	for _, r := range list {
		r.Rank = strangersRank
		// What a stranger calls IonQ's key is not to be shown to IonQ.
		if slices.ContainsFunc(builtin.Rules(), func(b *rules.Rule) bool { return b.Provider == r.Provider }) {
			r.Provider += " (by a rule of the scanned content)"
		}
	}
	return list
}
