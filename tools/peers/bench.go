package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bench measures one repository.
type bench struct {
	*programs
	repository string
	// dir is the temporary directory for it, which is removed at once.
	dir  string
	runs int
	// limit is how long a command may take.
	limit    time.Duration
	out      io.Writer
	unpacked unpacked
}

const (
	qleaksHistory = "**qleaks scan -q --no-worktree**"
	qleaksOneCore = "the same with GOMAXPROCS=1"
	gitleaksGit   = "gitleaks git, quantum rules (approximated)"
	gitCatFile    = "git cat-file --batch-all-objects --unordered --buffer --batch"
	gitLog        = "git log -p --all"
	qleaksTree    = "**qleaks scan -q --no-history**"
	ripgrepTree   = "rg -c --no-ignore --hidden '[A-Za-z0-9_-]{32,}'"
)

// all measures and prints everything.
func (b *bench) all(ctx context.Context) error {
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer os.RemoveAll(b.dir)
	name := filepath.Base(b.repository)
	if name == ".git" || name == "repo" {
		name = filepath.Base(filepath.Dir(b.repository))
	}
	fmt.Fprintf(b.out, "\n## %s\n", strings.Replace(name, "+", "/", 1))
	for _, part := range []func(context.Context) error{b.history, b.tree, b.staged, b.again, b.attribution} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// history measures the whole history.
func (b *bench) history(ctx context.Context) error {
	mirror, missing, err := b.mirror(ctx)
	if err != nil {
		return err
	}
	scan := []string{b.qleaks, "scan", "-q", "--no-worktree", b.repository}
	found := []int{1, 4}
	results, err := b.measure(ctx, b.runs, []contender{
		{name: qleaksHistory, args: scan, codes: found, quiet: true},
		{name: qleaksOneCore, args: scan, env: []string{"GOMAXPROCS=1"}, codes: found, quiet: true},
		b.streams(klauspostInflater),
		b.streams(ownInflater),
		{name: gitCatFile, args: []string{"git", "-C", b.repository, "cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch"}},
		{name: gitLog, args: []string{"git", "-C", mirror, "log", "-p", "--all"}},
		{name: gitleaksGit, quiet: true, args: []string{b.gitleaks, "git", "--no-banner", "--redact", "--exit-code=0", "-l", "fatal", "-c", b.rules, mirror}},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\nWhole history: %d streams in packs, %s unpacked. ", b.unpacked.Streams, megabytes(b.unpacked.Bytes))
	if missing > 0 {
		fmt.Fprintf(b.out, "%d objects are missing; git log, and gitleaks with it, would end at the first of them, so they see an empty file for each. ", missing)
	}
	fmt.Fprintf(b.out, "× is CPU beside qleaks' first line.\n\n")
	writeTable(b.out, results)
	writeRatio(b.out, results, "CPU, qleaks / klauspost/compress", qleaksHistory, klauspostInflater, cpuOf)
	writeRatio(b.out, results, "CPU, klauspost/compress / own inflater", klauspostInflater, ownInflater, cpuOf)
	writeRatio(b.out, results, "CPU, git cat-file / qleaks", gitCatFile, qleaksHistory, cpuOf)
	writeRatio(b.out, results, "CPU, gitleaks / qleaks", gitleaksGit, qleaksHistory, cpuOf)
	writeRatio(b.out, results, "wall, one core / all cores", qleaksOneCore, qleaksHistory, wallOf)
	return nil
}

// tree measures the files of a checkout.
func (b *bench) tree(ctx context.Context) error {
	checkout, err := b.checkout(ctx)
	if err != nil {
		fmt.Fprintf(b.out, "\nWorking tree: not available: %v\n", err)
		return nil
	}
	contenders := []contender{{name: qleaksTree, args: []string{b.qleaks, "scan", "-q", "--no-history", checkout}, codes: []int{1, 4}, quiet: true}}
	if b.ripgrep != "" {
		contenders = append(contenders, contender{name: ripgrepTree, codes: []int{1}, quiet: true, args: []string{
			b.ripgrep, "-c", "--no-config", "--no-ignore", "--hidden", "-g", "!.git", "[A-Za-z0-9_-]{32,}", checkout,
		}})
	}
	results, err := b.measure(ctx, 5*b.runs, contenders)
	if err != nil {
		return err
	}
	files, bytes := sizeOf(checkout)
	fmt.Fprintf(b.out, "\nWorking tree: %d files, %s, in the cache.\n\n", files, megabytes(bytes))
	writeTable(b.out, results)
	if b.ripgrep == "" {
		fmt.Fprintf(b.out, "- ripgrep: not available (rg is not installed)\n")
	}
	writeRatio(b.out, results, "CPU, qleaks / ripgrep", qleaksTree, ripgrepTree, cpuOf)
	writeRatio(b.out, results, "wall, qleaks / ripgrep", qleaksTree, ripgrepTree, wallOf)
	return nil
}

// git runs git and returns what it says.
func git(ctx context.Context, input io.Reader, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Env, command.Stdin = environment(), input
	out, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, firstLine(string(exit.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// mirror makes a repository that borrows all objects, for git log: what is
// missing, as it is in a partial clone, is replaced by an empty file, which a
// reference can do. It returns how many these are.
func (b *bench) mirror(ctx context.Context) (dir string, missing int, err error) {
	dir = filepath.Join(b.dir, "mirror.git")
	if _, err = git(ctx, nil, "clone", "-q", "--mirror", "--shared", b.repository, dir); err != nil {
		return "", 0, err
	}
	list, err := git(ctx, nil, "-C", dir, "rev-list", "--objects", "--all", "--missing=print")
	if err != nil {
		return "", 0, err
	}
	empty, err := git(ctx, strings.NewReader(""), "-C", dir, "hash-object", "-w", "-t", "blob", "--stdin")
	if err != nil {
		return "", 0, err
	}
	replace := new(strings.Builder)
	for line := range strings.Lines(list) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "?"); ok {
			fmt.Fprintf(replace, "create refs/replace/%s %s\n", id, empty)
			missing++
		}
	}
	_, err = git(ctx, strings.NewReader(replace.String()), "-C", dir, "update-ref", "--stdin")
	return dir, missing, err
}

// checkout makes a repository with files that borrows all objects.
func (b *bench) checkout(ctx context.Context) (string, error) {
	dir := filepath.Join(b.dir, "checkout")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if _, err := git(ctx, nil, "clone", "-q", "--shared", b.repository, dir); err != nil {
		return "", err
	}
	// As an ordinary clone has it: without a remote, qleaks names a repository
	// by its first commit, and reads history for that.
	_, err := git(ctx, nil, "-C", dir, "remote", "set-url", "origin", "https://example.com/peers/checkout.git")
	return dir, err
}

// sizeOf counts the files of a checkout and their bytes.
func sizeOf(dir string) (files int, bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // what cannot be read is not counted
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.Type().IsRegular():
			if info, err := entry.Info(); err == nil {
				files, bytes = files+1, bytes+info.Size()
			}
		}
		return nil
	})
	return files, bytes
}
