// Package mirror keeps bare copies of repositories that are elsewhere: every
// object that a ref there leads to, no working tree.
//
// The git program fetches. It speaks every server's protocol, writes packs
// without holding them in memory, checks each object's id, and its makers mend
// it; go-git would need all of that here again, with package net below it. It
// runs with an environment of its own, without hooks and without anybody's
// configuration, and it speaks to nobody but a relay in this process, on this
// machine: the operator's credential never leaves the process, and what the
// server answered is known exactly.
package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
)

// Opener asks the server of one repository. Path begins below the repository:
// "info", "refs". It adds the credential.
type Opener func(ctx context.Context, r httpx.Request) (*httpx.Stream, error)

// Options say what to copy, and how much of it.
type Options struct {
	// Dir is where the copy is, or will be. Its parent is there.
	Dir string
	// URL is the repository's, without a credential: what the copy is known by.
	URL string
	// Open asks for it.
	Open Opener
	// Head is the default branch, "" if that is not known.
	Head string
	// PullRequests copies GitHub's refs of pull requests, too.
	PullRequests bool
	// MaxBytes is how much may come over the network at once; zero is
	// DefaultMaxBytes.
	MaxBytes int64
	// Timeout bounds one update; zero is DefaultTimeout.
	Timeout time.Duration
}

// What an update may take where Options do not say.
const (
	DefaultMaxBytes = 8 << 30
	DefaultTimeout  = 30 * time.Minute
)

// Why there is no copy, or the copy was not brought up to date.
var (
	ErrNoGit    = errors.New("there is no program git, with which repositories are copied")
	ErrTooLarge = errors.New("the repository is larger than what may be copied")
	ErrTooSlow  = errors.New("the copy was not finished in the time that it may take")
	ErrGit      = errors.New("git could not copy the repository")
	// ErrNoRepository says that an answer is not of Git.
	ErrNoRepository = errors.New("what answered there is no repository")
	ErrOldGit       = errors.New("git is older than 2.31, which cannot be told how to ask without telling everybody")
	ErrURL          = errors.New("this is no address of a repository: https://HOST/PATH, without a name and a password")
	ErrInUse        = errors.New("another process updates this copy")
)

// StatusError is an answer of the server that is not a copy.
type StatusError struct {
	Status     int
	RetryAfter time.Duration
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the server answered with status %d", e.Status)
}

// Absent reports whether an error says that there is no such repository, or
// none that the credential may see.
func Absent(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && (e.Status == 404 || e.Status == 410)
}

// Result is what an update came to.
type Result struct {
	// Received is how many bytes came over the network.
	Received int64
	// First says that there was no copy before.
	First bool
}

var (
	branchShape = expression.Lazy(`^[A-Za-z0-9_][A-Za-z0-9._/+@#-]{0,200}$`)
	errConfig   = errors.New("what is there is no copy of this repository")
)

// Update makes the copy, or brings it up to date; what the server has no more
// stays in it as objects without a ref. After an error, or an interruption, the
// copy is as it was; a first one that grew too large is removed.
func Update(ctx context.Context, o Options) (Result, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return Result{}, ErrNoGit
	}
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && u.Scheme != "http" || strings.ContainsFunc(o.URL, unprintable) {
		return Result{}, ErrURL
	}
	lock, err := durable.OS{}.Lock(o.Dir+".lock", "")
	if _, held := errors.AsType[*durable.HeldError](err); held {
		return Result{}, ErrInUse
	} else if err != nil {
		return Result{}, fmt.Errorf("lock the copy: %w", err)
	}
	got, err := o.update(ctx, git)
	return got, errors.Join(err, lock.Close())
}

func (o Options) update(ctx context.Context, git string) (Result, error) {
	first, err := prepare(o)
	if err != nil {
		return Result{}, err
	}
	received, err := o.fetch(ctx, git)
	if err != nil && first && errors.Is(err, ErrTooLarge) {
		err = errors.Join(err, os.RemoveAll(o.Dir))
	}
	return Result{received, first}, err
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

// Remove removes a copy.
func Remove(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.RemoveAll(dir+".lock"))
}

// prepare makes an empty repository, as git init does but for everything that is
// not needed, or looks whether the one that is there is meant, and clears what an
// interrupted fetch left.
func prepare(o Options) (first bool, err error) {
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[remote \"origin\"]\n\turl = " + o.URL + "\n"
	disk := durable.OS{}
	there, err := os.ReadFile(filepath.Join(o.Dir, "config"))
	switch {
	case err == nil && string(there) != config:
		return false, fmt.Errorf("%s: %w", o.Dir, errConfig)
	case err == nil:
	case !errors.Is(err, os.ErrNotExist):
		return false, fmt.Errorf("read the copy's configuration: %w", err)
	default:
		first = true
		for _, dir := range []string{"", "objects", filepath.Join("objects", "pack"), "refs"} {
			if err := os.MkdirAll(filepath.Join(o.Dir, dir), 0o700); err != nil {
				return true, fmt.Errorf("make the copy's directory: %w", err)
			}
		}
		// It is a repository once it has this.
		if err := durable.WriteWhole(disk, filepath.Join(o.Dir, "config"), []byte(config)); err != nil {
			return true, fmt.Errorf("write the copy's configuration: %w", err)
		}
	}
	head := "main"
	if branchShape().MatchString(o.Head) {
		head = o.Head
	}
	if err := durable.WriteWhole(disk, filepath.Join(o.Dir, "HEAD"), []byte("ref: refs/heads/"+head+"\n")); err != nil {
		return first, fmt.Errorf("write the copy's HEAD: %w", err)
	}
	return first, clearLeft(o.Dir)
}

// clearLeft removes what a git that was killed left: parts of packs, and locks,
// which are nobody's since the copy is ours alone. No ref ends in ".lock".
func clearLeft(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "tmp_*"))
	locks, failed := filepath.Glob(filepath.Join(dir, "*.lock"))
	err = errors.Join(err, failed, filepath.WalkDir(filepath.Join(dir, "refs"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".lock") {
			locks = append(locks, name)
		}
		return err
	}))
	for _, name := range append(left, locks...) {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// fetch runs git, which asks the relay.
func (o Options) fetch(ctx context.Context, git string) (received int64, err error) {
	timed, cancel := context.WithTimeoutCause(ctx, cmp.Or(o.Timeout, DefaultTimeout), ErrTooSlow)
	defer cancel()
	relay, err := listen(timed, o.Open, cmp.Or(o.MaxBytes, DefaultMaxBytes))
	if err != nil {
		return 0, err
	}
	specs := []string{"+refs/*:refs/*"}
	if !o.PullRequests {
		specs = append(specs, "^refs/pull/*")
	}
	args := append([]string{
		"--git-dir=" + o.Dir, "fetch", "--quiet", "--no-tags", "--prune", "--no-recurse-submodules",
		"--no-write-fetch-head", "--no-auto-maintenance", "--no-show-forced-updates", relay.url,
	}, specs...)
	cmd := exec.CommandContext(timed, git, args...)
	cmd.Dir, cmd.Env = o.Dir, append(environment(o.Dir), configured(relay.ticket)...)
	cmd.WaitDelay = 5 * time.Second
	together(cmd)
	// What git says may quote what the server said.
	failed := cmd.Run()
	relay.close()
	received = relay.received.Load()
	switch met := relay.met.Load(); {
	case failed == nil:
		return received, nil
	case ctx.Err() != nil:
		return received, context.Cause(ctx)
	case timed.Err() != nil:
		return received, ErrTooSlow
	case met != nil && errors.Is(*met, httpx.ErrTooLarge):
		return received, ErrTooLarge
	case met != nil:
		return received, *met
	}
	return received, fmt.Errorf("%w (%w)", ErrGit, exit(failed))
}

// exit is the status with which a program ended.
func exit(err error) error {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("exit status %d", e.ExitCode())
	}
	return errors.New("it did not run")
}

// environment is all that git gets of ours.
func environment(home string) []string {
	env := []string{
		"HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=http", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_OPTIONAL_LOCKS=0", "LC_ALL=C",
	}
	for _, name := range []string{"PATH", "SystemRoot", "TMPDIR", "TEMP"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// configured is git's configuration, as variables: arguments are for everybody
// on the machine to see.
func configured(ticket string) []string {
	settings := [][2]string{
		{"http.extraHeader", ticketHeader + ": " + ticket},
		{"http.followRedirects", "false"},
		{"core.hooksPath", os.DevNull},
		{"core.fsmonitor", "false"},
		{"core.bigFileThreshold", "64m"},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"fetch.unpackLimit", "1"},
		{"fetch.writeCommitGraph", "false"},
		{"transfer.bundleURI", "false"},
		{"protocol.allow", "never"},
		{"protocol.http.allow", "always"},
		{"credential.helper", ""},
	}
	env := []string{fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(settings))}
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s[1]))
	}
	return env
}
