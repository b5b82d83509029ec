// Package githooks puts qleaks into the hooks of Git repositories, and takes it
// away again: what was there before runs first, and comes back byte for byte.
//
// It is for repositories of one's own: it runs git, which obeys their
// configuration.
package githooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Place is where the hooks of a repository are.
type Place struct {
	// Dir is the directory of hooks, absolute. It need not be there.
	Dir string
	// Root is the directory of the working tree, GitDir the repository's own,
	// which its worktrees share. In a bare repository Root is empty.
	Root, GitDir string
	// Scope says which configuration leads to Dir by core.hooksPath: local,
	// worktree, global, system or command; empty for none.
	Scope string
}

// Shared reports whether other repositories have the same directory.
func (p Place) Shared() bool { return p.Scope == "global" || p.Scope == "system" }

// InTree reports whether the directory is a part of the working tree, which
// other people may get.
func (p Place) InTree() bool {
	return p.Root != "" && within(p.Root, p.Dir) && !within(p.GitDir, p.Dir) && !within(filepath.Join(p.Root, ".git"), p.Dir)
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// GitError says that git did not do what it was asked.
type GitError struct {
	// Said is what git wrote to standard error, in one line.
	Said string
	err  error
}

// Error implements error.
func (e *GitError) Error() string {
	if e.Said == "" {
		return "git: " + e.err.Error()
	}
	return "git: " + e.Said
}

// Unwrap returns the cause.
func (e *GitError) Unwrap() error { return e.err }

// unset is the code with which git config says that there is no such value.
const unset = 1

// git runs git in a directory and returns what it writes.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", &GitError{Said: strings.Join(strings.Fields(said.String()), " "), err: err}
	}
	return strings.TrimRight(out.String(), "\r\n"), nil
}

// value reads one value of the configuration, "" where it has none.
func value(ctx context.Context, dir string, args ...string) (string, error) {
	text, err := git(ctx, dir, append([]string{"config"}, args...)...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == unset {
		return "", nil
	}
	return text, err
}

// Find tells where the hooks of the repository are that a directory is in.
func Find(ctx context.Context, dir string) (Place, error) {
	text, err := git(ctx, dir, "rev-parse", "--is-bare-repository", "--git-common-dir", "--git-path", "hooks")
	if err != nil {
		return Place{}, err
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	const wanted = 3
	if len(lines) != wanted {
		return Place{}, fmt.Errorf("git told %d lines of where its hooks are, not %d", len(lines), wanted)
	}
	absolute := func(path string) string {
		path = filepath.FromSlash(path)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		return filepath.Clean(path)
	}
	p := Place{GitDir: absolute(lines[1]), Dir: absolute(lines[2])}
	if lines[0] != "true" {
		root, err := git(ctx, dir, "rev-parse", "--show-toplevel")
		if err != nil {
			return Place{}, err
		}
		p.Root = absolute(root)
	}
	scoped, err := value(ctx, dir, "--show-scope", "--get", "core.hooksPath")
	if err != nil {
		return Place{}, err
	}
	p.Scope, _, _ = strings.Cut(scoped, "\t")
	return p, nil
}

// Version is what git calls itself, such as 2.54.0; "" where it is not
// understood.
func Version(ctx context.Context) (string, error) {
	text, err := git(ctx, "", "version")
	if err != nil {
		return "", err
	}
	fields := strings.Fields(text) // git version 2.54.0.windows.1
	const word = 2
	if len(fields) <= word {
		return "", nil
	}
	return fields[word], nil
}

// AtLeast reports whether git is of a version, such as 2, 54, or newer.
func AtLeast(ctx context.Context, major, minor int) (bool, error) {
	version, err := Version(ctx)
	if err != nil {
		return false, err
	}
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return false, nil
	}
	first, err := strconv.Atoi(parts[0])
	if err != nil {
		return false, nil //nolint:nilerr // a version that is no number is not known to be newer
	}
	second, err := strconv.Atoi(parts[1])
	return err == nil && (first > major || first == major && second >= minor), nil
}
