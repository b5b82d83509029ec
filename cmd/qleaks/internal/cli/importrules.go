package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/inspect"
)

// gitleaksForm tells a configuration for gitleaks from one of our own.
const gitleaksForm = `(?m)^[ \t]*\[(?:\[(?:rules|allowlists)\]\]|extend\]|allowlist\])`

func isGitleaksConfig(text []byte) bool { return regexp.MustCompile(gitleaksForm).Match(text) }

// givenRules reads --config if it is a file for gitleaks; false if it is not.
func (r *scanRun) givenRules(name string) (bool, error) {
	text, err := os.ReadFile(name)
	if err != nil || len(text) > maxConfig || !isGitleaksConfig(text) {
		return false, nil //nolint:nilerr // readConfig tells what is wrong
	}
	r.imported, err = importRules(r.env, r.say, name, text, os.ReadFile)
	return true, err
}

// ownRules reads the rules for gitleaks of the only target, if that is trusted.
// They are added to the built-in ones, and decide about nothing else.
func (r *scanRun) ownRules(trust baseline.Trust) error {
	if len(r.targets) != 1 || r.imported != nil || r.options.Reading.Untrusted {
		return nil
	}
	t := r.targets[0]
	if t.kind != directoryTree && t.kind != repositoryTree {
		return nil
	}
	files, decision, err := trustedFiles(trust, t.root)
	if err != nil || files.rules == nil {
		return nil //nolint:nilerr // what cannot be read has no say
	}
	name := filepath.Join(t.Label, files.rulesName)
	if decision != baseline.IsTrusted {
		r.say.note("the rules in %s were not used", name)
		r.say.hint("if they are yours: qleaks trust %s, or: qleaks scan --config %s", t.Label, name)
		return nil
	}
	r.imported, err = importRules(r.env, r.say, name, files.rules, nil)
	return err
}

// passedOver says that a configuration says more than is understood, and what
// that comes to.
func passedOver(name, word string) string {
	what := "which has no meaning here"
	switch word[strings.LastIndexByte(word, '.')+1:] {
	case "filter", "prefilter", "tokenEfficiency":
		what = "which is not applied: more may be reported than by betterleaks"
	case "validate":
		what = "which is not applied: no key is tried; see qleaks verify"
	}
	return fmt.Sprintf("%s says %q, %s", name, word, what)
}

// importRules compiles rules for gitleaks.
func importRules(env Env, say messages, name string, text []byte, read func(string) ([]byte, error)) (*inspect.Imported, error) {
	config, err := gitleaks.Parse(text, gitleaks.Files{Path: read, Default: func() ([]byte, error) { return gitleaksDefault(env) }})
	if errors.Is(err, gitleaks.ErrNoDefault) {
		return nil, noGitleaksDefault(err)
	}
	if err != nil {
		return nil, &problem{code: exitUsage, message: name, err: err}
	}
	for _, word := range config.Passed {
		say.note("%s", passedOver(name, word))
	}
	set, err := config.Compile(nil)
	if err != nil {
		return nil, &problem{code: exitUsage, message: name, err: fmt.Errorf("compile: %w", err)}
	}
	return inspect.NewImported(set), nil
}
