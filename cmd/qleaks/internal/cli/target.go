package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// target is one thing to scan: what a PATH means, or a repository that was
// met below one.
type target struct {
	// Label is how people know it: the PATH, or the directory met below it.
	Label string
	kind  targetKind
	// root is the absolute directory whose configuration has a say and from
	// which paths count; for a file outside repositories, its directory.
	root string
	// below limits a repository or directory to a part: slash-separated.
	below string
	// prefix stands before reported paths, for telling several PATHs apart.
	prefix string
	// name is what the system opens, for a file; path what is reported.
	name, path string
	// repository is nil outside of one.
	repository *gitsource.Repository
	// staging is the index of --staged.
	staging gitsource.Staging
	// items are read instead of the root: the places of a person's tools, or
	// files that were named.
	items source.Source
	// notes are what is known to be unread before the scan.
	notes []*source.ItemError
	// remote is where it is to be had; nil for what is on this computer.
	remote *remote
}

type targetKind int

const (
	standardInput targetKind = iota
	singleFile
	directoryTree // outside repositories
	repositoryTree
	// objectsOnly is a bare repository, or the inside of .git.
	objectsOnly
	// homePlaces are the places of people's tools; root is the home.
	homePlaces
	// namedFiles are some files below the root.
	namedFiles
	// remoteItems are what a service keeps that is no repository.
	remoteItems
)

const urlForm = `^(?:[A-Za-z][A-Za-z0-9+.-]*://|[\w.-]+@[\w.-]+:)`

func isURL(argument string) bool { return regexp.MustCompile(urlForm).MatchString(argument) }

// locate turns the PATHs of the command line into targets.
func locate(ctx context.Context, env Env, paths []string, o readOptions) ([]target, error) {
	given := paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	cwd, err := env.Getwd()
	if err != nil {
		return nil, couldNot("the current directory is not known", err)
	}
	if o.Selecting.Staged {
		return locateStaged(env, cwd, given, o)
	}
	var targets []target
	stdin := false
	for _, p := range paths {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if p == "-" && stdin {
			return nil, wrongUsage(`"-" is standard input, which can be read only once`)
		}
		stdin = stdin || p == "-"
		t, err := locateOne(cwd, p, o)
		if err == nil {
			t, err = o.selected(t)
		}
		if err != nil {
			return nil, err
		}
		if o.Selecting.any() {
			t = hookVariables(env, cwd).quarantine(t, cwd, o)
		}
		if len(paths) > 1 && t.kind == directoryTree {
			t.prefix = shortest(cwd, t.root)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func locateOne(cwd, argument string, o readOptions) (target, error) {
	if argument == "-" {
		return target{Label: "standard input", kind: standardInput}, nil
	}
	absolute := argument
	if !filepath.IsAbs(argument) {
		absolute = filepath.Join(cwd, argument)
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return target{}, cannotOpen(argument, err)
	}
	real, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return target{}, cannotOpen(argument, err)
	}
	if !info.IsDir() {
		return locateFile(cwd, argument, absolute, real, o)
	}
	return locateDirectory(argument, real, o)
}

func cannotOpen(argument string, err error) error {
	if isURL(argument) {
		return wrongUsage("of what is elsewhere, only GitHub's repositories are read: "+withoutCredentials(argument),
			"GitHub Enterprise is named by --github-url; of other servers clone it first, with its whole history: git clone --mirror URL DIR && qleaks scan --untrusted DIR")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return couldNot("there is no file or directory "+argument, nil)
	}
	return couldNot("cannot open "+argument, rootCause(err))
}

// withoutCredentials is a URL as it may be shown.
func withoutCredentials(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		_, host, _ := strings.Cut(url, "@")
		return host
	}
	rest, _, _ = strings.Cut(rest, "?")
	authority, path, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if slash {
		authority += "/" + path
	}
	return scheme + "://" + authority
}

// rootCause is an error without the path that package os puts around it.
func rootCause(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}

// locateFile is for a PATH that is no directory. In a repository, the report
// names it as the history does.
func locateFile(cwd, argument, absolute, real string, o readOptions) (target, error) {
	t := target{Label: argument, kind: singleFile, name: absolute, root: filepath.Dir(real), path: filepath.ToSlash(shortest(cwd, absolute))}
	if o.NoWorktree {
		return target{}, wrongUsage("--no-worktree leaves nothing to read of the file " + argument)
	}
	repository, err := gitsource.Discover(filepath.Dir(real), o.git(""))
	if err != nil {
		return t, nil //nolint:nilerr // a file can be read without its repository
	}
	rel, ok := inside(repository.Root(), real)
	if repository.Bare() || !ok {
		return t, nil
	}
	t.repository, t.root, t.path = repository, repository.Root(), rel
	return t, nil
}

func locateDirectory(argument, real string, o readOptions) (target, error) {
	t := target{Label: argument, kind: directoryTree, root: real}
	repository, err := gitsource.Discover(real, o.git(""))
	var unsupported *gitsource.UnsupportedError
	switch {
	case errors.Is(err, gitsource.ErrNotRepository):
		return t, nil
	case errors.As(err, &unsupported):
		return target{}, couldNot("cannot scan "+argument, unsupported)
	case err != nil:
		t.notes = []*source.ItemError{refusedRepository("", err)}
		return t, nil
	}
	t.enter(repository, real)
	return t, nil
}

// enter makes a directory the part of a repository that it is. One of Git's
// own that holds no objects, such as .git/hooks, stays a directory of files.
func (t *target) enter(repository *gitsource.Repository, real string) {
	if real == repository.GitDir() || real == repository.CommonDir() {
		t.kind, t.repository, t.root = objectsOnly, repository, repository.Root()
		return
	}
	_, gits := inside(repository.GitDir(), real)
	below, ok := inside(repository.Root(), real)
	if gits || !ok || repository.Bare() {
		return
	}
	t.kind, t.repository, t.root, t.below = repositoryTree, repository, repository.Root(), below
	if below == "." {
		t.below = ""
	}
}

func refusedRepository(name string, err error) *source.ItemError {
	reason := "the repository could not be opened"
	var refused *gitsource.RefusedError
	var unsupported *gitsource.UnsupportedError
	switch {
	case errors.As(err, &refused):
		reason = refused.Error()
	case errors.As(err, &unsupported):
		reason = unsupported.Error()
	}
	return &source.ItemError{Path: filepath.ToSlash(filepath.Join(name, ".git")), Outcome: source.Unread, Reason: reason, Err: err}
}

// git are the options to open a repository with; root is the scanned directory
// that it was met in, "" for one that the operator named.
func (o readOptions) git(root string) gitsource.Options {
	return gitsource.Options{
		Untrusted: o.Untrusted, Root: root, GlobalExcludes: o.globalIgnore, Memory: o.memory, VerifyEngine: o.VerifyEngine,
		Ledger: o.ledger,
	}
}

// globalIgnore is the user's own ignore file at the place where Git looks for
// it by default, "" if that is not known.
func globalIgnore(env Env) string {
	if dir := env.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "git", "ignore")
	}
	if home := env.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "git", "ignore")
	}
	return ""
}

// inside returns the slash-separated path of a file within a directory.
func inside(dir, file string) (string, bool) {
	rel, err := filepath.Rel(dir, file)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// shortest is a path for people: relative where that does not lead upward.
func shortest(cwd, path string) string {
	if rel, ok := inside(cwd, path); ok {
		return filepath.FromSlash(rel)
	}
	return path
}

// String says in words what kind of target it is.
func (k targetKind) String() string {
	return [...]string{"standard input", "file", "directory", "repository", "repository's objects", "home", "named files", "what GitHub keeps"}[k]
}
