package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Short processes are measured often, and by their median.
const (
	shortRuns     = 40
	newBlobs      = 20
	stagedFiles   = 3
	qleaksVersion = "qleaks version"
	qleaksStaged  = "**qleaks scan -q --staged**"
	gitStaged     = "git diff --cached --raw"
	unchanged     = "**qleaks scan -q --no-worktree --ledger DIR**, nothing new"
	withNew       = "**the same**, 20 new blobs"
)

// staged measures what a hook does for three changed files.
func (b *bench) staged(ctx context.Context) error {
	checkout, err := b.checkout(ctx)
	if err == nil {
		err = stage(ctx, checkout)
	}
	if err != nil {
		fmt.Fprintf(b.out, "\nStaged: not available: %v\n", err)
		return nil
	}
	results, err := b.measure(ctx, shortRuns, []contender{
		{name: qleaksStaged, args: []string{b.qleaks, "scan", "-q", "--staged", checkout}, codes: []int{1, 4}, quiet: true},
		{name: gitStaged, args: []string{"git", "-C", checkout, "diff", "--cached", "--raw"}},
		{name: qleaksVersion, args: []string{b.qleaks, "version"}},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\n%d staged files, median of %d whole processes.\n\n", stagedFiles, shortRuns)
	writeShort(b.out, results)
	writeMedianRatio(b.out, results, "CPU, qleaks / git", qleaksStaged, gitStaged, cpuOf)
	writeMedianRatio(b.out, results, "wall, qleaks / git", qleaksStaged, gitStaged, wallOf)
	return nil
}

// stage adds a line to three files of ordinary size.
func stage(ctx context.Context, checkout string) error {
	list, err := git(ctx, nil, "-C", checkout, "ls-files", "-z", "--", "*.py", "*.rs", "*.go", "*.c", "*.js", "*.md", "*.txt", "*.toml")
	if err != nil {
		return err
	}
	var chosen []string
	names := strings.Split(strings.Trim(list, "\x00"), "\x00")
	for i := 0; i < len(names) && len(chosen) < stagedFiles; i += max(1, len(names)/50) {
		info, err := os.Lstat(filepath.Join(checkout, names[i]))
		if err == nil && info.Mode().IsRegular() && info.Size() > 1000 && info.Size() < 100_000 {
			chosen = append(chosen, names[i])
		}
	}
	if len(chosen) < stagedFiles {
		return fmt.Errorf("there are no %d files of ordinary size", stagedFiles)
	}
	for _, name := range chosen {
		f, err := os.OpenFile(filepath.Join(checkout, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("change a file: %w", err)
		}
		_, err = f.WriteString("\n# one more line\n")
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("change a file: %w", err)
		}
	}
	_, err = git(ctx, nil, append([]string{"-C", checkout, "add", "--"}, chosen...)...)
	return err
}

// again measures runs with a ledger that knows all objects, or all but some.
func (b *bench) again(ctx context.Context) error {
	if !b.ledger {
		fmt.Fprintf(b.out, "\nAgain, with a ledger: not available (this qleaks has no --ledger)\n")
		return nil
	}
	copied, known, state := filepath.Join(b.dir, "again.git"), filepath.Join(b.dir, "known"), filepath.Join(b.dir, "state")
	if _, err := git(ctx, nil, "clone", "-q", "--mirror", "--shared", b.repository, copied); err != nil {
		return err
	}
	scan := contender{args: []string{b.qleaks, "scan", "-q", "--no-worktree", "--ledger", known, copied}, codes: []int{1, 4}, quiet: true}
	if _, err := scan.measure(ctx, b.limit); err != nil {
		fmt.Fprintf(b.out, "\nAgain, with a ledger: not available: the first run: %v\n", err)
		return nil
	}
	restore := func(context.Context) error {
		if err := os.RemoveAll(state); err != nil {
			return fmt.Errorf("remove the ledger: %w", err)
		}
		return os.CopyFS(state, os.DirFS(known))
	}
	scan.args = []string{b.qleaks, "scan", "-q", "--no-worktree", "--ledger", state, copied}
	scan.name = unchanged
	if err := restore(ctx); err != nil {
		return err
	}
	start := contender{name: qleaksVersion, args: []string{b.qleaks, "version"}}
	results, err := b.measure(ctx, shortRuns/2, []contender{scan, start})
	if err != nil {
		return err
	}
	if err := addBlobs(ctx, copied); err != nil {
		return err
	}
	scan.name, scan.before = withNew, restore
	more, err := b.measure(ctx, shortRuns/2, []contender{scan})
	if err != nil {
		return err
	}
	results = append(results, more...)
	fmt.Fprintf(b.out, "\nAgain, with a ledger, median of %d whole processes.\n\n", shortRuns/2)
	writeShort(b.out, results)
	writeBeyond(b.out, results, unchanged, qleaksVersion)
	writeBeyond(b.out, results, withNew, qleaksVersion)
	return nil
}

// addBlobs commits some new files on a branch of their own.
func addBlobs(ctx context.Context, dir string) error {
	text := new(strings.Builder)
	text.WriteString("commit refs/heads/qleaks-peers\ncommitter a <a@example.com> 1700000000 +0000\ndata 2\nm\n\n")
	for n := range newBlobs {
		body := strings.Repeat(fmt.Sprintf("line %d of what is new\n", n), 100)
		fmt.Fprintf(text, "M 100644 inline new/%d.txt\ndata %d\n%s\n", n, len(body), body)
	}
	_, err := git(ctx, strings.NewReader(text.String()), "-C", dir, "fast-import", "--quiet")
	return err
}

// attribution runs the benchmark of package gitsource.
func (b *bench) attribution(ctx context.Context) error {
	test := exec.CommandContext(ctx, "go", "-C", b.root, "test", "-run", "^$", "-bench", "^BenchmarkAttribution$",
		"-benchtime", fmt.Sprintf("%dx", b.runs), "./scanner/gitsource")
	test.Env = append(os.Environ(), "QLEAKS_BENCH_REPO="+b.repository)
	out, err := test.Output()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	lines := regexp.MustCompile(`hits=(\d+)(?:-\d+)?\s+\d+\s.*?([\d.]+) cpu-ms/op`).FindAllStringSubmatch(string(out), -1)
	if err != nil || len(lines) == 0 {
		fmt.Fprintf(b.out, "\nAttribution: not available: %v\n", err)
		return nil
	}
	fmt.Fprintf(b.out, "\nAttribution, CPU, mean of %d:\n\n", b.runs)
	for _, line := range lines {
		fmt.Fprintf(b.out, "- %s hits: %s ms\n", line[1], line[2])
	}
	return nil
}
