package githooks

import (
	"context"
	"path/filepath"
	"strings"
)

// filterName is how Git's configuration knows the filter for notebooks.
const filterName = "qleaks"

// attributes is the file with attributes that is the repository's own, and no
// part of its tree.
func (p Place) attributes() string { return filepath.Join(p.GitDir, "info", "attributes") }

// InstallFilter lets Git put notebooks through qleaks when they are added. It
// returns the name of another filter that notebooks have already, and does
// nothing then.
func InstallFilter(ctx context.Context, p Place, program string) (other string, err error) {
	at := p.Root
	if at == "" {
		at = p.GitDir
	}
	text, err := git(ctx, at, "check-attr", "filter", "--", "x.ipynb")
	if err != nil {
		return "", err
	}
	set := text[strings.LastIndexByte(text, ' ')+1:]
	if set != "unspecified" && set != "unset" && set != filterName {
		return set, nil
	}
	// Required: a program that is gone must not look like one that found
	// nothing.
	for _, setting := range [][2]string{
		{"clean", quoted(filepath.ToSlash(program)) + " hook clean-notebook -- %f"},
		{"required", "true"},
	} {
		if _, err := git(ctx, at, "config", "filter."+filterName+"."+setting[0], setting[1]); err != nil {
			return "", err
		}
	}
	content, mode, err := readIfThere(p.attributes())
	if err != nil {
		return "", err
	}
	if mode == 0 {
		mode = 0o644
	}
	content, _ = withoutBlock(content)
	return "", replace(p.attributes(), appended(content, "*.ipynb filter="+filterName), mode)
}

// HasFilter reports whether notebooks go through qleaks.
func HasFilter(p Place) (bool, error) {
	text, _, err := readIfThere(p.attributes())
	_, found := withoutBlock(text)
	return found, err
}

// UninstallFilter takes the filter away.
func UninstallFilter(ctx context.Context, p Place) (bool, error) {
	found, err := takeBlockOut(p.attributes())
	if err != nil || !found {
		return found, err
	}
	at := p.Root
	if at == "" {
		at = p.GitDir
	}
	_, err = git(ctx, at, "config", "--remove-section", "filter."+filterName)
	return true, err
}
