package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/githooks"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/gitsource"
)

// initOptions are the flags of init.
type initOptions struct{ Yes, DryRun bool }

// initStep is one thing that init does, if one wants it.
type initStep struct {
	// question asks for it, and plan says what it would be.
	question, plan string
	do             func() error
}

func newInitCommand(env Env) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set a repository up: hook, workflow for GitHub, configuration",
		Long: `It looks at what the repository has and proposes what is missing, one by one:

  the hook that stops keys before a commit and a push, by husky or lefthook where
  these manage the hooks;
  .github/workflows/qleaks.yml, where the repository is on GitHub;
  .qleaks.toml, in which everything is a comment, trusted as it is.

Nothing that is there is changed, but for hooks, which run what was there first.
Where it cannot ask, it only shows what it would do.`,
		Example: `  qleaks init            ask for each
  qleaks init --yes      do all of it
  qleaks init --dry-run  only show it`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), env, o) },
	}
	cmd.Flags().BoolVar(&o.Yes, "yes", false, "do all of it, and ask nothing")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "only show what would be done")
	return cmd
}

func runInit(ctx context.Context, env Env, o initOptions) error {
	if o.Yes && o.DryRun {
		return wrongUsage("--yes and --dry-run contradict each other")
	}
	p, err := hookPlace(ctx, env)
	if err != nil {
		return err
	}
	steps, has, err := initSteps(ctx, env, p)
	if err != nil {
		return err
	}
	for _, line := range has {
		if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
			return fmt.Errorf("write what is there: %w", err)
		}
	}
	asks := !o.Yes && !o.DryRun && env.isTerminal(env.Stdin) && env.isTerminal(env.Stderr)
	for _, s := range steps {
		switch {
		case asks:
			if yes, err := askYes(env, s.question); err != nil {
				return couldNot("cannot ask", err)
			} else if !yes {
				continue
			}
		case !o.Yes:
			if _, err := fmt.Fprintln(env.Stdout, "would "+s.plan); err != nil {
				return fmt.Errorf("write the plan: %w", err)
			}
			continue
		}
		if err := s.do(); err != nil {
			return err
		}
	}
	say := messages{w: env.Stderr}
	switch {
	case len(steps) == 0:
		say.note("all of it is there already")
	case !o.Yes && !asks:
		say.hint("to do it: qleaks init --yes")
	}
	say.hint("to see whether keys are in it already: qleaks scan")
	return nil
}

// initSteps are what is missing; has says in lines what is not.
func initSteps(ctx context.Context, env Env, p githooks.Place) (steps []initStep, has []string, err error) {
	hook, words, err := hookStep(ctx, env, p)
	if err != nil {
		return nil, nil, err
	}
	if hook != nil {
		steps = append(steps, *hook)
	} else {
		has = append(has, words)
	}
	if p.Root == "" {
		return steps, has, nil
	}
	for _, file := range []struct{ name, question, text string }{
		{workflowName, "write a workflow for GitHub Actions, which scans each push and pull request?", workflowText},
		{configName, "write .qleaks.toml, in which everything is a comment?", configText},
	} {
		name := filepath.Join(p.Root, filepath.FromSlash(file.name))
		if _, err := os.Lstat(name); err == nil {
			has = append(has, file.name+" is there already")
			continue
		}
		if file.name == workflowName && !onGitHub(p) {
			continue
		}
		steps = append(steps, initStep{question: file.question, plan: "write " + file.name, do: func() error {
			return writeStarter(env, p.Root, file.name, file.text)
		}})
	}
	return steps, has, nil
}

// hookStep is nil where the hook is there, which the words say.
func hookStep(ctx context.Context, env Env, p githooks.Place) (step *initStep, words string, err error) {
	own, err := globalHooks(env)
	if err != nil {
		return nil, "", err
	}
	global, err := githooks.LookGlobal(ctx, own, guardable())
	if err != nil {
		return nil, "", couldNot("cannot read the configuration of Git", err)
	}
	event := hookPlaceOptions{}.events(p)[0]
	words, guarded, err := standingOf(p, global, event)
	if err != nil {
		return nil, "", couldNot("cannot read the hook "+event, err)
	}
	if guarded {
		return nil, event + " is " + words, nil
	}
	if _, err := os.Lstat(filepath.Join(p.Root, ".pre-commit-config.yaml")); err == nil && p.Root != "" {
		return nil, "pre-commit manages the hooks: add qleaks to .pre-commit-config.yaml, as docs/hooks.md shows", nil
	}
	o := hookPlaceOptions{PrePush: p.Root != "", Lefthook: githooks.HasLefthook(p), Quiet: true}
	o.Husky = !o.Lefthook && githooks.HasHusky(p)
	plan := "put the hook in place: " + strings.Join(o.events(p), ", ")
	return &initStep{question: plan + "?", plan: plan, do: func() error {
		if err := runHookInstall(ctx, env, o); err != nil {
			return err
		}
		return said(env, "guarded: "+strings.Join(o.events(p), ", "))
	}}, "", nil
}

func said(env Env, line string) error {
	if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
		return fmt.Errorf("write what is done: %w", err)
	}
	return nil
}

// onGitHub reports whether a repository is on GitHub, as far as it tells.
func onGitHub(p githooks.Place) bool {
	if info, err := os.Stat(filepath.Join(p.Root, ".github")); err == nil && info.IsDir() {
		return true
	}
	r, err := gitsource.Discover(p.Root, gitsource.Options{})
	return err == nil && strings.HasPrefix(r.Identity(), "github.com/")
}

// writeStarter writes a file that is not there yet. Who lets it be written trusts
// the configuration as it is.
func writeStarter(env Env, root, name, text string) error {
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a part of the working tree
		return couldNot("cannot write "+name, rootCause(err))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // as Git makes files
	if err != nil {
		return couldNot("cannot write "+name, rootCause(err))
	}
	_, err = f.WriteString(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return couldNot("cannot write "+name, rootCause(err))
	}
	if name == configName {
		files, err := readOwnFiles(root)
		if err != nil {
			return couldNot("cannot read what is in "+root, err)
		}
		file, trust, err := openTrust(env)
		if err != nil {
			return err
		}
		trust.Add(baseline.Trusted{Root: root, Configuration: files.hash(), Since: env.Now().UTC()})
		if err := trust.Save(file); err != nil {
			return couldNot("cannot remember what is trusted", err)
		}
	}
	return said(env, "written: "+name)
}

const workflowName = ".github/workflows/qleaks.yml"

// workflowText is the workflow that action/README.md begins with.
const workflowText = `name: qleaks
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  qleaks:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
        with:
          fetch-depth: 0
      - uses: qleaks/qleaks/action@v1
`

const configText = `# What qleaks does not report here: https://github.com/qleaks/qleaks/blob/main/docs/baseline.md
# It counts once you trust it, and again after each change: qleaks trust .

[scan]
# exclude = ["third_party/**"]    # paths that are scanned, and only counted
# baseline = ".qleaks-baseline"   # keys that are known: qleaks baseline create
# fail-on = "high"                # high, medium, low, active or none

# qleaks ignore ID --reason "…" writes these:
# [[ignore]]
# id = "ql…"
# reason = "revoked on 2026-05-04"
`
