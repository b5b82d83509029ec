package rules

import (
	"embed"
	"fmt"
)

//go:embed *.toml
var builtinFiles embed.FS

const fragmentsFile = "fragments.toml"

// Builtin returns the rules that qleaks comes with, compiled. A test has checked
// them, so that no scan need do it again.
func Builtin() (*Set, error) {
	all, err := builtinRules()
	if err != nil {
		return nil, err
	}
	return newSet(all, true)
}

func builtinRules() ([]*Rule, error) {
	fragments, err := builtinFragments()
	if err != nil {
		return nil, err
	}
	entries, err := builtinFiles.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("rules: list the built-in files: %w", err)
	}
	var all []*Rule
	for _, entry := range entries {
		if entry.Name() == fragmentsFile {
			continue
		}
		data, err := builtinFiles.ReadFile(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("rules: read a built-in file: %w", err)
		}
		parsed, err := parse(entry.Name(), data, fragments)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		all = append(all, parsed...)
	}
	return all, nil
}

func builtinFragments() (map[string]string, error) {
	data, err := builtinFiles.ReadFile(fragmentsFile)
	if err != nil {
		return nil, fmt.Errorf("rules: read the built-in fragments: %w", err)
	}
	doc, err := decodeDocument(fragmentsFile, data)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return doc.Let, nil
}
