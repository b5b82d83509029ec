package gitsource

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/source"
)

// Discover finds the repository that holds path, looking upward as Git does:
// a .git directory, a .git file (submodules, linked worktrees), or a bare
// repository. Who owns the files does not matter, since nothing that they
// configure takes effect. The error is ErrNotRepository, an
// *UnsupportedError, a *RefusedError or one of the file system.
func Discover(path string, o Options) (*Repository, error) {
	start, err := realPath(path)
	if err != nil {
		return nil, fmt.Errorf("discover repository: %w", err)
	}
	if !isDirectory(start) {
		start = filepath.Dir(start)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		r := &Repository{options: o}
		found, err := r.at(dir)
		if err != nil {
			return nil, fmt.Errorf("discover repository at %s: %w", dir, err)
		}
		if found {
			if err := r.open(); err != nil {
				return nil, fmt.Errorf("open repository at %s: %w", dir, err)
			}
			return r, nil
		}
		if dir == filepath.Dir(dir) {
			return nil, fmt.Errorf("discover repository at %s: %w", start, ErrNotRepository)
		}
	}
}

func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// at looks for a repository in one directory.
func (r *Repository) at(dir string) (bool, error) {
	r.places.boundary = dir
	if r.options.Root != "" {
		root, err := realPath(r.options.Root)
		if err != nil {
			return false, err
		}
		r.places.boundary = root
	}
	dotGit := filepath.Join(dir, ".git")
	info, err := os.Stat(dotGit)
	switch {
	case err == nil && info.IsDir() && isDirectory(filepath.Join(dotGit, "objects")):
		r.places.root = dir
		return true, r.enter(dotGit, ".git directory")
	case err == nil && info.Mode().IsRegular():
		r.places.root = dir
		return r.follow(dir)
	}
	if !isGitDir(dir) {
		return false, nil
	}
	if filepath.Base(dir) == ".git" {
		r.places.root = filepath.Dir(dir)
		if r.options.Root == "" {
			r.places.boundary = r.places.root
		}
	}
	return true, r.enter(dir, "directory")
}

// follow reads a .git file.
func (r *Repository) follow(dir string) (bool, error) {
	text, err := r.readLine(dir, ".git")
	if err != nil {
		return false, err
	}
	target, ok := strings.CutPrefix(text, "gitdir:")
	if !ok {
		return false, nil // some other file of that name
	}
	target = absolute(dir, strings.TrimLeft(target, " \t"))
	if !isGitDir(target) {
		return false, fmt.Errorf("the .git file leads to no repository: %w", os.ErrNotExist)
	}
	return true, r.enter(target, ".git file")
}

// isGitDir reports whether a directory looks like a repository's own: a bare
// one, the inside of .git, or a linked worktree's.
func isGitDir(dir string) bool {
	if !exists(filepath.Join(dir, "HEAD")) {
		return false
	}
	if exists(filepath.Join(dir, "commondir")) {
		return true
	}
	return isDirectory(filepath.Join(dir, "objects")) && isDirectory(filepath.Join(dir, "refs"))
}

func absolute(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// enter fixes the repository's directories.
func (r *Repository) enter(gitDir, what string) error {
	if r.options.Untrusted && !within(r.places.boundary, gitDir) {
		return &RefusedError{What: what}
	}
	real, err := filepath.EvalSymlinks(gitDir)
	if err != nil {
		return err
	}
	r.places.gitDir, r.places.commonDir = real, real
	if !exists(filepath.Join(real, "commondir")) {
		return nil
	}
	text, err := r.readLine(real, "commondir")
	if err != nil {
		return fmt.Errorf("commondir: %w", err)
	}
	common := absolute(real, text)
	if r.options.Untrusted && !within(r.places.boundary, common) {
		return &RefusedError{What: "commondir"}
	}
	r.places.commonDir, err = filepath.EvalSymlinks(common)
	return err
}

// open reads the configuration and checks the format.
func (r *Repository) open() error {
	data, err := r.readFile(r.places.commonDir, "config")
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("config: %w", err)
	}
	r.config = parseConfig(data)
	if err := r.checkFormat(); err != nil {
		return err
	}
	r.placeWorktree()
	if r.options.Untrusted {
		for key := range r.config {
			if strings.HasPrefix(key, "include.") || strings.HasPrefix(key, "includeif.") {
				r.refuse(".git/config", "include.path of an untrusted repository")
				break
			}
		}
	}
	return nil
}

func (r *Repository) refuse(path, what string) {
	r.refusals = append(r.refusals, &source.ItemError{Path: path, Outcome: source.Unread, Reason: what + " is refused"})
}

// checkFormat refuses what was made by a Git that knows more than we do.
func (r *Repository) checkFormat() error {
	r.width = 20
	version, ok := r.config.get("core.repositoryformatversion")
	if !ok {
		version = "0"
	}
	if version != "0" && version != "1" {
		return &UnsupportedError{Format: "repositoryformatversion " + version}
	}
	for _, key := range slices.Sorted(maps.Keys(r.config)) {
		name, ok := strings.CutPrefix(key, "extensions.")
		if !ok {
			continue
		}
		value, _ := r.config.get(key)
		if unknown := r.extension(name, strings.ToLower(value)); unknown != "" && version == "1" {
			return &UnsupportedError{Format: unknown}
		}
	}
	return nil
}

// extension takes note of an extension; it returns what is not understood.
func (r *Repository) extension(name, value string) string {
	switch name {
	case "noop", "noop-v1", "partialclone", "preciousobjects", "worktreeconfig", "relativeworktrees", "compatobjectformat":
	case "objectformat":
		switch value {
		case "sha1":
		case "sha256":
			r.width = 32
		default:
			return "object format " + value
		}
	case "refstorage":
		base, _, _ := strings.Cut(value, ":")
		switch base {
		case "files":
		case "reftable":
			r.reftable = true
		default:
			return "ref storage " + value
		}
	default:
		return "extension " + name
	}
	return ""
}

// placeWorktree finds the working tree where it is not where the repository
// was found: core.worktree says so, or the linked worktree's own directory.
func (r *Repository) placeWorktree() {
	if r.places.gitDir != r.places.commonDir && r.places.root == "" {
		if dir := r.linkedRoot(r.places.gitDir); dir != "" {
			r.places.root = dir
		}
		return
	}
	worktree, ok := r.config.get("core.worktree")
	if !ok || r.places.gitDir != r.places.commonDir {
		return
	}
	dir := absolute(r.places.gitDir, worktree)
	if !isDirectory(dir) {
		return // the repository of a submodule that is not checked out
	}
	if r.options.Untrusted && !within(r.places.boundary, dir) {
		r.refuse(".git/config", "core.worktree out of the scanned directory")
		return
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		r.places.root = real
	}
}
