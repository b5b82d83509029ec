package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/rules"
)

const (
	gitleaksPackage = "github.com/zricethezav/gitleaks/v8"
	gitleaksVersion = "8.30.1"
)

// writeGitleaksRules writes the built-in rules in gitleaks' language, one for
// each, and leaves out what would cost gitleaks most: the evidence around a
// token is only that the fragment names the provider, which gitleaks looks for
// before it tries an expression; of the properties of a value the entropy
// remains. (Evidence as expressions makes gitleaks about four times slower.)
func writeGitleaksRules(name string) error {
	set, err := rules.Builtin()
	if err != nil {
		return fmt.Errorf("built-in rules: %w", err)
	}
	text := new(strings.Builder)
	text.WriteString("title = \"the built-in rules of qleaks, approximated\"\n")
	for _, r := range set.Rules() {
		pattern := expression(r.Token)
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return fmt.Errorf("%s in gitleaks' language: %w", r.ID, err)
		}
		fmt.Fprintf(text, "\n[[rules]]\nid = %q\ndescription = %q\nregex = %s\nsecretGroup = %d\nkeywords = [%s]\n",
			r.ID, r.Title, strconv.Quote(pattern), compiled.SubexpIndex("secret"), keywords(r))
		if r.Token.Entropy > 0 {
			fmt.Fprintf(text, "entropy = %g\n", r.Token.Entropy)
		}
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("write rules for gitleaks: %w", err)
	}
	return nil
}

// expression finds a token with what must not touch it.
func expression(t rules.Token) string {
	if t.Pattern != "" {
		return t.Pattern
	}
	edge := t.Edge
	if edge == "" {
		edge = t.Alphabet + "+/"
	}
	return fmt.Sprintf("(?:^|[^%[1]s])(?P<secret>[%[2]s]{%[3]d,%[4]d})(?:[^%[1]s]|$)", edge, t.Alphabet, t.Min, t.Max)
}

// keywords are words of which a fragment must hold one.
func keywords(r *rules.Rule) string {
	words := r.Token.Keywords
	if len(words) == 0 {
		words = []string{r.Provider}
		if r.Provider == "ibm" {
			words = append(words, "qiskit", "bluemix")
		}
	}
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, strconv.Quote(strings.ToLower(word)))
	}
	return strings.Join(quoted, ", ")
}
