// Command peers measures qleaks against other programs, on repositories that
// are given, in one run: `make bench-peers REPOS="dir dir"`. It is a tool of
// those who work on qleaks, in a module of its own, and never part of it.
//
// The repositories are only read. What has to be made of them is made in a
// temporary directory, which is removed at the end. Nothing that a scanner
// finds is kept or shown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: make bench-peers REPOS="DIR DIR" [RUNS=3] [LIMIT=30m]

Each DIR is a repository, best a mirror:

  git clone --mirror https://github.com/Qiskit/qiskit qiskit.git
  git clone --mirror https://github.com/quantumlib/Cirq cirq.git
  git clone --mirror https://github.com/Qiskit/qiskit-ibm-runtime runtime.git
  make bench-peers REPOS="qiskit.git cirq.git runtime.git"`

// streamsCommand is how the program calls itself to unpack packs, so that what
// this takes is measured in a process of its own.
const streamsCommand = "streams"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 3 && args[0] == streamsCommand {
		return unpackStreams(args[1], args[2], out)
	}
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintln(flags.Output(), usage) }
	root := flags.String("root", "", "the clone of qleaks that is measured")
	runs := flags.Int("runs", 3, "how often everything is measured")
	limit := flags.Duration("limit", 30*time.Minute, "how long one command may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	repositories, err := repositories(ctx, flags.Args())
	if err != nil {
		return err
	}
	if *root == "" || *runs < 1 {
		return errors.New(usage)
	}
	dir, err := os.MkdirTemp("", "qleaks-peers-")
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer os.RemoveAll(dir)
	p, err := buildPrograms(ctx, *root, dir)
	if err != nil {
		return err
	}
	writeMachine(ctx, out, p, *runs)
	for n, repository := range repositories {
		b := &bench{programs: p, repository: repository, dir: filepath.Join(dir, strconv.Itoa(n)), runs: *runs, limit: *limit, out: out}
		if err := b.all(ctx); err != nil {
			return fmt.Errorf("%s: %w", repository, err)
		}
	}
	return nil
}

// repositories makes paths absolute and asks Git whether there are repositories.
func repositories(ctx context.Context, paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, errors.New("no repository is given\n" + usage)
	}
	var all []string
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		command := exec.CommandContext(ctx, "git", "-C", absolute, "rev-parse", "--absolute-git-dir")
		command.Env = environment()
		dir, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("%s is no repository that git can read\n%s", path, usage)
		}
		all = append(all, strings.TrimSpace(string(dir)))
	}
	return all, nil
}

// programs are what is measured.
type programs struct {
	root, self, qleaks, gitleaks, ripgrep string
	// rules is the configuration that gitleaks gets.
	rules string
	// ledger says that qleaks has the flag.
	ledger bool
}

// buildPrograms builds qleaks as `make build` does, and gitleaks by its own
// module file.
func buildPrograms(ctx context.Context, root, dir string) (*programs, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p := &programs{
		root: root, self: self, qleaks: filepath.Join(dir, "qleaks"), gitleaks: filepath.Join(dir, "gitleaks"),
		rules: filepath.Join(dir, "gitleaks.toml"),
	}
	for _, args := range [][]string{
		{"-C", root, "build", "-trimpath", "-o", p.qleaks, "./cmd/qleaks"},
		{"-C", filepath.Join(root, "tools", "peers", "gitleaks"), "build", "-trimpath", "-o", p.gitleaks, gitleaksPackage},
	} {
		build := exec.CommandContext(ctx, "go", args...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
		}
	}
	if p.ripgrep, err = exec.LookPath("rg"); err != nil {
		p.ripgrep = ""
	}
	help, err := exec.CommandContext(ctx, p.qleaks, "scan", "--help").Output()
	if err != nil {
		return nil, fmt.Errorf("qleaks scan --help: %w", err)
	}
	p.ledger = strings.Contains(string(help), "--ledger")
	return p, writeGitleaksRules(p.rules)
}
