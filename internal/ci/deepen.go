package ci

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// Deepenings is how often a shallow clone can be deepened before nothing is
// missing any more.
const Deepenings = 3

// fetchTime is how long one fetch may take.
const fetchTime = 10 * time.Minute

// Deepen fetches more of the history of a shallow clone, the nth time more than
// the time before, and at last all of it; n begins at 0. The commits are asked
// for by name, since a forced push leaves no branch that has them. Those that the
// remote does not give are returned: it removed them, or gives only what a branch
// leads to; then the branches are fetched. Git runs as the checkout ran it, with
// its remote and its credentials, but no hooks.
func Deepen(ctx context.Context, dir string, n int, commits ...string) (gone []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	how := []string{"--deepen=50", "--deepen=1000", "--unshallow"}[n]
	commits = slices.DeleteFunc(slices.Clone(commits), func(c string) bool { return id(c) == "" })
	if err := fetch(ctx, dir, how, commits...); err == nil || len(commits) == 0 {
		return nil, err
	}
	if err := fetch(ctx, dir, how); err != nil {
		return nil, err
	}
	if n == Deepenings-1 {
		how = "--no-auto-gc" // git refuses to unshallow a clone that is whole by now
	}
	for _, c := range commits {
		if fetch(ctx, dir, how, c) != nil {
			gone = append(gone, c)
		}
	}
	return gone, ctx.Err()
}

func fetch(ctx context.Context, dir, how string, commits ...string) error {
	args := []string{
		"-c", "core.hooksPath=" + os.DevNull, "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.ext.allow=never",
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", how, "origin",
	}
	cmd := exec.CommandContext(ctx, "git", append(args, commits...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
	// What git says may name the remote, and with it a credential.
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git fetch %s: %w", how, err)
	}
	return nil
}
