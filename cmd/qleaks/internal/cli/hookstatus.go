package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/githooks"
	"github.com/qleaks/qleaks/scanner/report"
)

func newHookUninstallCommand(env Env) *cobra.Command {
	var o hookPlaceOptions
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Take the hook away, and put back what was there before",
		Example: `  qleaks hook uninstall           in this repository, with the filter for notebooks
  qleaks hook uninstall --global  in all repositories of yours`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHookUninstall(cmd.Context(), env, o)
		},
	}
	cmd.Flags().BoolVar(&o.Global, "global", false, "what install --global put in place")
	cmd.Flags().BoolVarP(&o.Quiet, "quiet", "q", false, "no notes and hints")
	return cmd
}

func runHookUninstall(ctx context.Context, env Env, o hookPlaceOptions) error {
	say := messages{w: env.Stderr, quiet: o.Quiet}
	if o.Global {
		own, err := globalHooks(env)
		if err != nil {
			return err
		}
		g, err := githooks.UninstallGlobal(ctx, own, guardable())
		if err != nil {
			return couldNot("cannot take the hooks away", err)
		}
		if len(g.Events) == 0 {
			say.note("nothing was there to take away")
			return nil
		}
		say.note("not guarded any more in all repositories: %s", strings.Join(g.Events, ", "))
		return nil
	}
	p, err := hookPlace(ctx, env)
	if err != nil {
		return err
	}
	gone, err := uninstallHooks(p, say)
	if err != nil {
		return couldNot("cannot take the hook away", err)
	}
	filter, err := githooks.UninstallFilter(ctx, p)
	if err != nil {
		return couldNot("cannot take the filter away", err)
	}
	if filter {
		say.note("notebooks are added to Git as they are again")
	}
	if !gone && !filter {
		say.note("nothing was there to take away")
	}
	return nil
}

// uninstallHooks takes away whatever install put in place.
func uninstallHooks(p githooks.Place, say messages) (gone bool, err error) {
	for _, event := range guardable() {
		done, back := false, ""
		if !p.Shared() {
			if done, back, err = githooks.Uninstall(p.Dir, event); err != nil {
				return gone, err
			}
		}
		husky, err := githooks.UninstallHusky(p, event)
		if err != nil {
			return gone, err
		}
		if done || husky {
			gone = true
			say.note("%s is not guarded any more", event)
		}
		if back != "" {
			say.note("the hook that was there before is back: %s", back)
		}
	}
	lefthook, err := githooks.UninstallLefthook(p)
	if lefthook {
		say.note("the jobs in lefthook's file are gone")
	}
	return gone || lefthook, err
}

func newHookStatusCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say what would stop a key here",
		Long: `Exit codes:
  0  a commit, or on a server a push, is guarded
  1  it is not`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHookStatus(cmd.Context(), env)
		},
	}
}

func runHookStatus(ctx context.Context, env Env) error {
	p, err := hookPlace(ctx, env)
	if err != nil {
		return err
	}
	own, err := globalHooks(env)
	if err != nil {
		return err
	}
	global, err := githooks.LookGlobal(ctx, own, guardable())
	if err != nil {
		return couldNot("cannot read the configuration of Git", err)
	}
	events := []string{eventCommit, eventPush}
	if p.Root == "" {
		events = []string{eventReceive}
	}
	guarded := false
	for i, event := range events {
		words, ok, err := standingOf(p, global, event)
		if err != nil {
			return couldNot("cannot read the hook "+event, err)
		}
		guarded = guarded || i == 0 && ok
		if _, err := fmt.Fprintf(env.Stdout, "%-12s %s\n", event, report.Clean(words)); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
	}
	filter, err := githooks.HasFilter(p)
	if err != nil {
		return couldNot("cannot read the attributes", err)
	}
	if filter {
		if _, err := fmt.Fprintf(env.Stdout, "%-12s %s\n", "notebooks", "outputs that show a key are left out on git add"); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
	}
	say := messages{w: env.Stderr}
	if !guarded {
		say.hint("to guard it: qleaks hook install")
		return exitStatusError(exitFindings)
	}
	return nil
}

// standingOf says how an event is guarded, if it is.
func standingOf(p githooks.Place, global githooks.Global, event string) (words string, guarded bool, err error) {
	idle := global.Idle[event]
	if global.Configured && idle == "" && slices.Contains(global.Events, event) {
		return "guarded, by hook.qleaks-" + event + " in your configuration of Git", true, nil
	}
	state, err := githooks.Look(p.Dir, event)
	if err != nil {
		return "", false, err
	}
	if state.Guarded {
		if words, gone := goneProgram(state); gone {
			return words, false, nil
		}
		words = "guarded, by " + state.Hook
		if state.Before != "" {
			words += ", after " + state.Before
		}
		return words, true, nil
	}
	if words := managed(p, event, state); words != "" {
		return words, true, nil
	}
	switch {
	case idle != "":
		return "not guarded, though it is in your configuration of Git: " + idle, false, nil
	case state.Other:
		return "not guarded: the hook there does not speak of qleaks: " + state.Hook, false, nil
	}
	return "not guarded: there is no hook", false, nil
}

// goneProgram says that a hook has no program to run: it stops everything.
func goneProgram(state githooks.State) (string, bool) {
	if state.Program != "" {
		if _, err := os.Stat(filepath.FromSlash(state.Program)); err == nil {
			return "", false
		}
	}
	if _, err := exec.LookPath("qleaks"); err == nil {
		return "", false
	}
	return "stops everything: its program is gone, and there is no qleaks in PATH: " + state.Hook, true
}

// managed says which manager of hooks calls qleaks, "" for none.
func managed(p githooks.Place, event string, state githooks.State) string {
	speaks := func(name string, words ...string) bool {
		text, err := os.ReadFile(filepath.Join(p.Root, filepath.FromSlash(name)))
		if err != nil || len(text) > largestManaged {
			return false
		}
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(string(text), w) })
	}
	if p.Root == "" || !state.Other {
		return ""
	}
	switch {
	case state.Names:
		return "guarded, by " + state.Hook
	case speaks(".husky/"+event, "qleaks hook"):
		return "guarded, by husky: .husky/" + event
	case speaks(".pre-commit-config.yaml", "id: qleaks") && isFromPreCommit(state.Hook):
		return "guarded, by pre-commit: .pre-commit-config.yaml"
	}
	for _, name := range []string{"lefthook.yml", ".lefthook.yml", "lefthook.yaml", ".lefthook.yaml", ".config/lefthook.yml", ".config/lefthook.yaml"} {
		if speaks(name, "qleaks hook "+event, "qleaks hook --") {
			return "guarded, by lefthook: " + name
		}
	}
	return ""
}

// largestManaged is more than any such file has, in bytes.
const largestManaged = 1 << 20

func isFromPreCommit(hook string) bool {
	text, err := os.ReadFile(hook)
	return err == nil && (strings.Contains(string(text), "pre-commit") || strings.Contains(string(text), "prek"))
}
