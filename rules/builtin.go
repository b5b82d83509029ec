package rules

import (
	_ "embed"
	"fmt"
)

//go:embed fragments.toml
var fragmentsText []byte

const fragmentsFile = "fragments.toml"

//go:generate go test . -run TestTheTableHoldsTheRulesOfTheFiles|TestTheDocumentationHasAPageForEveryRule -update
//go:generate go test ./rulestest -run TestExamplesAreToldByTheirEvidence -update

// Builtin returns the rules that qleaks comes with, compiled. They are those of
// the *.toml files beside this one, which tests have checked and written down
// as Go, so that no scan need do it again.
func Builtin() (*Set, error) { return With(nil) }

// With returns the built-in rules and others, which Parse has checked. Two rules
// of one name are an error.
func With(others []*Rule) (*Set, error) {
	s, err := newSet(append(builtinTable(), others...), true)
	if err == nil && len(others) == 0 {
		s.hash = builtinHash
	}
	return s, err
}

func builtinFragments() (map[string]string, error) {
	doc, err := decodeDocument(fragmentsFile, fragmentsText)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return doc.Let, nil
}

// Fragment is a piece of patterns that every rule file may use, by its name,
// written out; "" if there is none.
func Fragment(name string) string {
	let, err := builtinFragments()
	if err != nil || let[name] == "" {
		return ""
	}
	text, err := expandFragments("{"+name+"}", let, 0)
	if err != nil {
		return ""
	}
	return text
}
