package cli

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// gitVariables are what Git tells the hooks that it calls. Paths are absolute.
type gitVariables struct {
	indexFile       string
	dir, workTree   string
	objectDirectory string
	alternates      []string
}

// hookVariables reads them; relative ones count from the current directory, as
// they do for Git.
func hookVariables(env Env, cwd string) gitVariables {
	path := func(name string) string {
		value := env.Getenv(name)
		if value == "" || filepath.IsAbs(value) {
			return value
		}
		return filepath.Join(cwd, value)
	}
	v := gitVariables{
		indexFile: path("GIT_INDEX_FILE"), dir: path("GIT_DIR"), workTree: path("GIT_WORK_TREE"),
		objectDirectory: path("GIT_OBJECT_DIRECTORY"),
	}
	for _, dir := range filepath.SplitList(env.Getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
		if dir != "" && !filepath.IsAbs(dir) {
			dir = filepath.Join(cwd, dir)
		}
		if dir != "" {
			v.alternates = append(v.alternates, dir)
		}
	}
	return v
}

// locateStaged turns the PATHs of the command line into targets whose index is
// read. What Git's variables say holds for the repository of the current
// directory, or the one that they name, and for no other.
func locateStaged(env Env, cwd string, paths []string, o readOptions) ([]target, error) {
	variables := hookVariables(env, cwd)
	own, err := variables.repository(cwd, o)
	if err != nil && (len(paths) == 0 || !errors.Is(err, gitsource.ErrNotRepository)) {
		return nil, noRepository(".", err)
	}
	if own != nil && own.Bare() && variables.indexFile == "" && variables.workTree == "" {
		return nil, wrongUsage("--staged needs an index, and the repository is bare")
	}
	if len(paths) == 0 {
		return []target{variables.target(".", own)}, nil
	}
	var targets []target
	for _, p := range paths {
		t, err := locateOne(cwd, p, o)
		if err == nil {
			t, err = o.selected(t)
		}
		if err != nil {
			return nil, err
		}
		if own != nil && t.repository.GitDir() == own.GitDir() {
			mine := variables.target(p, own)
			mine.below = t.below
			t = mine
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (v gitVariables) repository(cwd string, o readOptions) (*gitsource.Repository, error) {
	options := o.git("")
	options.ObjectDirectory, options.AlternateObjectDirectories = v.objectDirectory, v.alternates
	at := cwd
	if v.dir != "" {
		at = v.dir
	}
	return gitsource.Discover(at, options)
}

// quarantine lets a target be read with the object directories that the
// variables name, if it is the repository that they are for: what is pushed
// stays in one of its own until the hooks agree.
func (v gitVariables) quarantine(t target, cwd string, o readOptions) target {
	if v.objectDirectory == "" && len(v.alternates) == 0 {
		return t
	}
	if own, err := v.repository(cwd, o); err == nil && own.GitDir() == t.repository.GitDir() {
		t.repository = own
	}
	return t
}

// target is the repository of the variables, with the index that they name.
func (v gitVariables) target(label string, own *gitsource.Repository) target {
	t := target{Label: label, kind: repositoryTree, root: own.Root(), repository: own, staging: gitsource.Staging{IndexFile: v.indexFile}}
	if v.workTree != "" {
		t.root = v.workTree
	}
	return t
}

func noRepository(label string, err error) error {
	var unsupported *gitsource.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		return couldNot("cannot scan "+label, unsupported)
	case errors.Is(err, gitsource.ErrNotRepository), errors.Is(err, os.ErrNotExist):
		return wrongUsage("--staged needs a repository, and " + label + " is in none")
	}
	return couldNot("cannot open the repository", rootCause(err))
}
