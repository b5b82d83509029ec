package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/rules/gitleaks"
)

// gitleaksDefaultVariable names the file with gitleaks' default configuration.
const gitleaksDefaultVariable = "QLEAKS_GITLEAKS_DEFAULT"

// gitleaksDefault reads gitleaks' default configuration, which is gitleaks' own
// and not a part of this program, from where the user has it: never from what
// is scanned.
func gitleaksDefault(env Env) ([]byte, error) {
	if name := env.Getenv(gitleaksDefaultVariable); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", gitleaks.ErrNoDefault, gitleaksDefaultVariable, err)
		}
		return text, nil
	}
	var places []string
	if dir, err := env.ConfigDir(); err == nil {
		places = append(places, filepath.Join(dir, "qleaks", "gitleaks.toml"))
	}
	for _, cache := range moduleCaches(env) {
		places = append(places, newestGitleaks(cache)...)
	}
	for _, name := range places {
		if text, err := os.ReadFile(name); err == nil {
			return text, nil
		}
	}
	return nil, gitleaks.ErrNoDefault
}

func noGitleaksDefault(err error) error {
	return &problem{code: exitUsage, message: "cannot use gitleaks' rules", err: err, hints: []string{
		"it is config/gitleaks.toml in gitleaks' repository; with Go: go mod download github.com/zricethezav/gitleaks/v8@v8.30.1",
		"or save it as a file, and say so: " + gitleaksDefaultVariable + "=FILE",
		"for quantum keys alone, no rules of others are needed: qleaks scan",
	}}
}

// moduleCaches are where Go keeps modules.
func moduleCaches(env Env) []string {
	if dir := env.Getenv("GOMODCACHE"); dir != "" {
		return []string{dir}
	}
	var out []string
	for _, dir := range filepath.SplitList(env.Getenv("GOPATH")) {
		out = append(out, filepath.Join(dir, "pkg", "mod"))
	}
	if home := env.Getenv("HOME"); home != "" {
		out = append(out, filepath.Join(home, "go", "pkg", "mod"))
	}
	return out
}

// newestGitleaks lists the default configurations in a module cache, the newest
// release first.
func newestGitleaks(cache string) []string {
	found, err := filepath.Glob(filepath.Join(cache, "github.com", "zricethezav", "gitleaks", "v8@v*", "config", "gitleaks.toml"))
	if err != nil {
		return nil
	}
	slices.SortFunc(found, func(a, b string) int { return slices.Compare(versionNumbers(b), versionNumbers(a)) })
	return found
}

func versionNumbers(name string) []int {
	_, version, _ := strings.Cut(filepath.ToSlash(name), "v8@v")
	version, _, _ = strings.Cut(version, "/")
	var out []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if errors.Is(err, strconv.ErrSyntax) {
			n = -1 // a pre-release
		}
		out = append(out, n)
	}
	return out
}
