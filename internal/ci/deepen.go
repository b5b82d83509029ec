package ci

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// Deepenings is how often a shallow clone can be deepened before nothing is
// missing any more.
const Deepenings = 3

// fetchTime is how long one fetch may take.
const fetchTime = 10 * time.Minute

// Deepen fetches more of the history of a shallow clone, the nth time more than
// the time before, and at last all of it; n begins at 0. The commits are asked
// for by name, since a forced push leaves no branch that has them. Git runs as
// the checkout ran it, with its remote and its credentials, but no hooks.
func Deepen(ctx context.Context, dir string, n int, commits ...string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	how := []string{"--deepen=50", "--deepen=1000", "--unshallow"}[n]
	args := []string{
		"-c", "core.hooksPath=" + os.DevNull, "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.ext.allow=never",
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", how, "origin",
	}
	for _, c := range commits {
		if c = id(c); c != "" {
			args = append(args, c)
		}
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
	// What git says may name the remote, and with it a credential.
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git fetch %s: %w", how, err)
	}
	return nil
}
