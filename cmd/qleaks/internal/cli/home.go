package cli

import (
	"path/filepath"
	"runtime"

	"github.com/qleaks/qleaks/scanner/homesource"
)

// locateHome makes a target of the person's home.
func locateHome(env Env) ([]target, error) {
	dir := homeDirectory(env)
	if !filepath.IsAbs(dir) {
		return nil, wrongUsage("--home: the home directory is not known", "set HOME (on Windows: USERPROFILE)")
	}
	return []target{{Label: "~", kind: homePlaces, root: dir, items: homesource.Home{
		Dir: dir, Getenv: env.Getenv, Elsewhere: registryVariables(),
	}}}, nil
}

func homeDirectory(env Env) string {
	if runtime.GOOS == "windows" {
		return env.Getenv("USERPROFILE")
	}
	return env.Getenv("HOME")
}

// validateHome says what does not go together with --home.
func (o *scanOptions) validateHome() error {
	if !o.Home {
		return nil
	}
	switch {
	case len(o.Paths) > 0:
		return wrongUsage("--home reads the places of tools, not a PATH", "for a PATH: qleaks scan "+o.Paths[0])
	case o.Reading.NoWorktree:
		return wrongUsage("--home reads files, and --no-worktree leaves them out")
	case o.Reading.Selecting.any():
		return wrongUsage("--home reads files, and " + o.Reading.Selecting.flag() + " reads history")
	case o.Reading.Ledger != "":
		return wrongUsage("--home reads files, and --ledger is for repositories")
	}
	return nil
}
