package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/githooks"
)

// hookPlaceOptions are the flags of hook install, uninstall and status.
type hookPlaceOptions struct {
	PrePush, Global, Husky, Lefthook, NotebookFilter, Quiet bool
}

func newHookInstallCommand(env Env) *cobra.Command {
	var o hookPlaceOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put the hook in place, before each commit or push",
		Long: `Where a hook is already, it is put aside and runs first; nothing is overwritten,
and "qleaks hook uninstall" puts it back byte for byte. Worktrees, submodules and
core.hooksPath count as they do for Git. In a bare repository, which is a server's,
it is the pre-receive hook.

With --husky or --lefthook, the file of that manager is changed instead, by lines
that uninstall takes out again. For pre-commit, see docs/hooks.md.

With --notebook-filter, outputs of notebooks that show a key are left out when they
are added to Git; the file keeps them, and everything else stays as it is.`,
		Example: `  qleaks hook install                    before every commit in this repository
  qleaks hook install --pre-push         before every push, too
  qleaks hook install --global           in every repository of yours
  qleaks hook install --notebook-filter  and strip keys from outputs on git add`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHookInstall(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.PrePush, "pre-push", false, "before each push, too: it looks at every commit that the remote lacks")
	f.BoolVar(&o.Global, "global", false, "in all repositories of yours")
	f.BoolVar(&o.Husky, "husky", false, "in the files of husky")
	f.BoolVar(&o.Lefthook, "lefthook", false, "in the file of lefthook")
	f.BoolVar(&o.NotebookFilter, "notebook-filter", false, "leave outputs of notebooks that show a key out of what is added to Git")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no notes and hints")
	return cmd
}

func (o hookPlaceOptions) validate() error {
	switch {
	case o.Husky && o.Lefthook:
		return wrongUsage("--husky and --lefthook do not go together: one of them manages the hooks")
	case o.Global && (o.Husky || o.Lefthook || o.NotebookFilter):
		return wrongUsage("--global is for all repositories, and the other flags are for one")
	}
	return nil
}

// events are those that are guarded.
func (o hookPlaceOptions) events(p githooks.Place) []string {
	if p.Root == "" && p.GitDir != "" {
		return []string{eventReceive}
	}
	if o.PrePush {
		return []string{eventCommit, eventPush}
	}
	return []string{eventCommit}
}

// guardable are all events that install can guard.
func guardable() []string { return []string{eventCommit, eventPush, eventReceive} }

func runHookInstall(ctx context.Context, env Env, o hookPlaceOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	say := messages{w: env.Stderr, quiet: o.Quiet}
	program, err := thisProgram()
	if err != nil {
		return err
	}
	if o.Global {
		return installGlobal(ctx, env, o, say, program)
	}
	p, err := hookPlace(ctx, env)
	if err != nil {
		return err
	}
	switch {
	case o.Husky || githooks.HasHusky(p) && !o.Lefthook && strings.HasSuffix(filepath.ToSlash(p.Dir), "/.husky/_"):
		err = installManaged(p, o, say, "husky", githooks.InstallHusky)
	case o.Lefthook:
		err = installManaged(p, o, say, "lefthook", githooks.InstallLefthook)
	default:
		err = installHooks(p, o, say, program)
	}
	if err != nil || !o.NotebookFilter {
		return err
	}
	other, err := githooks.InstallFilter(ctx, p, program)
	if err != nil {
		return couldNot("cannot put the filter in place", err)
	}
	if other != "" {
		return wrongUsage("notebooks have a filter already, and Git takes only one: "+other, "to use this one instead, take that out of .gitattributes or .git/info/attributes")
	}
	say.note("outputs of notebooks that show a key are left out of what is added to Git from now on")
	say.hint("for those that Git has already: git add --renormalize .")
	return nil
}

func installHooks(p githooks.Place, o hookPlaceOptions, say messages, program string) error {
	if p.Shared() {
		return wrongUsage("core.hooksPath of your "+p.Scope+" configuration leads all repositories to "+p.Dir, "to put the hook there, for all of them: qleaks hook install --global")
	}
	if p.InTree() {
		program = "" // other people have it elsewhere
	}
	for _, event := range o.events(p) {
		aside, err := githooks.Install(p.Dir, event, program)
		if errors.Is(err, githooks.ErrBothThere) {
			return wrongUsage(err.Error(), "look which of the two is to run, and remove the other")
		}
		if err != nil {
			return couldNot("cannot put the hook in place", err)
		}
		say.note("%s is guarded: %s", event, filepath.Join(p.Dir, event))
		if aside != "" {
			say.note("the hook that was there runs first: %s", aside)
		}
	}
	if p.InTree() {
		say.hint("the hook is in the working tree: commit it, and everybody who has qleaks in PATH has it")
	}
	if !o.PrePush && p.Root != "" {
		say.hint("to look at what a push brings, too: qleaks hook install --pre-push")
	}
	return nil
}

func installManaged(p githooks.Place, o hookPlaceOptions, say messages, manager string, install func(githooks.Place, string) (string, error)) error {
	for _, event := range o.events(p) {
		name, err := install(p, event)
		switch {
		case errors.Is(err, githooks.ErrNoManager):
			return wrongUsage(manager+" does not manage the hooks of this repository", "without it: qleaks hook install")
		case errors.Is(err, githooks.ErrForm):
			return wrongUsage(name+": "+err.Error(), "add the job yourself: run: qleaks hook "+event, "docs/hooks.md shows it")
		case err != nil:
			return couldNot("cannot change the file of "+manager, err)
		}
		say.note("%s is guarded: %s", event, name)
	}
	say.hint("commit that file, and everybody who has qleaks in PATH has the hook")
	if manager == "lefthook" {
		say.hint("lefthook puts it in place with: lefthook install")
	}
	return nil
}

func installGlobal(ctx context.Context, env Env, o hookPlaceOptions, say messages, program string) error {
	own, err := globalHooks(env)
	if err != nil {
		return err
	}
	events := o.events(githooks.Place{Root: own})
	g, err := githooks.InstallGlobal(ctx, own, program, events)
	if err != nil {
		return couldNot("cannot put the hooks in place", err)
	}
	say.note("guarded in all repositories of yours: %s", strings.Join(g.Events, ", "))
	switch {
	case g.Configured:
		say.note("by hook.qleaks-… in your configuration of Git, beside the hooks of each repository")
	case g.Own:
		say.note("by core.hooksPath, which leads to %s; the hooks of each repository still run, before", g.Dir)
		say.hint("a repository that sets core.hooksPath itself, as husky does, is not guarded by it: qleaks hook install, there")
	default:
		say.note("in the directory to which core.hooksPath led before: %s", g.Dir)
	}
	return nil
}

// globalHooks is the directory of hooks for all repositories.
func globalHooks(env Env) (string, error) {
	dir, err := env.ConfigDir()
	if err != nil {
		return "", couldNot("the directory for your configuration is not known", err)
	}
	return filepath.Join(dir, "qleaks", "hooks"), nil
}

func hookPlace(ctx context.Context, env Env) (githooks.Place, error) {
	cwd, err := env.Getwd()
	if err != nil {
		return githooks.Place{}, couldNot("the current directory is not known", err)
	}
	p, err := githooks.Find(ctx, cwd)
	if errors.Is(err, exec.ErrNotFound) {
		return p, couldNot("there is no git", nil, "install it from https://git-scm.com/downloads or with the system's package manager")
	}
	if err != nil {
		return p, wrongUsage("git knows no repository here: "+err.Error(), "in a new directory: git init; for all repositories of yours: qleaks hook install --global")
	}
	return p, nil
}

// thisProgram is the path under which hooks will find qleaks: that in PATH, if it
// is this one, since it stays the same when a package manager brings a new one.
func thisProgram() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", couldNot("it is not known where this program is", err)
	}
	if found, err := exec.LookPath("qleaks"); err == nil {
		if found, err = filepath.Abs(found); err == nil && (sameFile(found, own) || isBuiltToRun(own)) {
			return filepath.ToSlash(found), nil
		}
	}
	if isBuiltToRun(own) {
		return "", wrongUsage("this program was built by go run and is gone when it ends, so that no hook could run it", "install it first: go install ./cmd/qleaks")
	}
	return filepath.ToSlash(own), nil
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// isBuiltToRun reports whether go run made a program.
func isBuiltToRun(name string) bool {
	return strings.Contains(filepath.ToSlash(name), "/go-build") && strings.Contains(filepath.ToSlash(name), "/exe/")
}
