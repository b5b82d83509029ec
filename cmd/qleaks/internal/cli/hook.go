package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// hookOptions are the flags of hook.
type hookOptions struct {
	// Words are the event and its arguments, as Git gives them; Files what
	// stands after "--".
	Words   []string
	Files   []string
	Judging judgeOptions
	Color   string
	Jobs    int
	Talking talkOptions
	Origins map[string]origin
}

// hookName is by which SKIP leaves the hook out.
const hookName = "qleaks"

func newHookCommand(env Env) *cobra.Command {
	var o hookOptions
	cmd := &cobra.Command{
		Use:   "hook [EVENT [ARGUMENT]...] [-- FILE...]",
		Short: "Stop keys from being committed or pushed, with Git or pre-commit",
		Long: `Git calls it before a commit, a merge or a push, pre-commit and its like call it
with files, and servers before they accept a push. It finds out which by EVENT and
the variables that they set, and reads what matters there:

  git commit, commit -a, commit FILE   what is staged for it, not the files
  a merge                              what none of the merged commits has
  git push                             every commit that the remote lacks, not
                                       only the last one, and its message
  pre-receive, update                  what the server's branches lack
  pre-commit run --all-files, --files  the files
  pre-commit run --from-ref --to-ref   every commit between the two
  commit-msg                           the message

EVENT is pre-commit, pre-merge-commit, commit-msg, pre-push, pre-receive or update,
with the arguments and the standard input that Git gives it. Without EVENT the
variables decide; without these, it is a commit.

A key that a file had before a commit does not stop it: it is named. To leave the
hook out is your right: git commit --no-verify, or SKIP=qleaks git commit.

Exit codes:
  0  nothing that stops it
  1  a key
  2  wrong command line or configuration
  3  could not scan
  4  no key, but something was not read`,
		Example: `  qleaks hook install                before every commit in this repository
  qleaks hook install --pre-push     before every push, too
  qleaks hook install --global       in every repository of yours
  qleaks hook status                 what would stop a key here
  qleaks hook                        what git commit would say now
  qleaks hook -- bell.py             what it would say of these files
  SKIP=qleaks git commit             leave it out, once`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Words = args
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				o.Words, o.Files = args[:dash], args[dash:]
			}
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.Origins = origins
			return runHook(cmd.Context(), env, o)
		},
	}
	addHookFlags(cmd, &o)
	cmd.AddCommand(newHookInstallCommand(env), newHookUninstallCommand(env), newHookStatusCommand(env), newHookCleanCommand(env))
	cmd.ValidArgsFunction = cobra.FixedCompletions(hookEvents(), cobra.ShellCompDirectiveNoFileComp)
	return cmd
}

func addHookFlags(cmd *cobra.Command, o *hookOptions) {
	f := cmd.Flags()
	f.SortFlags = false
	addJudgeFlags(cmd, &o.Judging)
	f.StringVar(&o.Judging.FailOn, "fail-on", defaultFailOn, "stop from this `LEVEL` on: high, medium, low or none")
	f.BoolVar(&o.Judging.Strict, "strict", false, "stop where something was left out on purpose (sockets, encrypted members, excluded paths): exit 4")
	f.StringVar(&o.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	f.IntVar(&o.Jobs, "jobs", 0, "examine `N` files or objects at once (default: one per CPU)")
	f.BoolVarP(&o.Talking.Quiet, "quiet", "q", false, "say nothing where nothing stops it")
	f.BoolVarP(&o.Talking.Verbose, "verbose", "v", false, "debug log on stderr; holds no key and no name of yours")
	completeWords(cmd, "fail-on", "high", "medium", "low", string(failOnNone))
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
}

func hookEvents() []string {
	return []string{eventCommit, eventMerge, eventMessage, eventPush, eventReceive, eventUpdate}
}

// The events of Git that are understood.
const (
	eventCommit  = "pre-commit"
	eventMerge   = "pre-merge-commit"
	eventMessage = "commit-msg"
	eventPush    = "pre-push"
	eventReceive = "pre-receive"
	eventUpdate  = "update"
)

func runHook(ctx context.Context, env Env, o hookOptions) error {
	say := messages{w: env.Stderr, quiet: o.Talking.Quiet}
	if slices.Contains(strings.Split(strings.ReplaceAll(env.Getenv("SKIP"), " ", ""), ","), hookName) && !received(env, o) {
		say.note("nothing was looked at: SKIP names %s", hookName)
		return nil
	}
	h := &hook{env: env, options: o, say: say}
	if err := h.find(ctx); err != nil {
		return err
	}
	if h.nothing != "" {
		say.note("%s", h.nothing)
		return nil
	}
	return h.run(ctx)
}

// received reports whether a server asks, which people who push cannot skip.
func received(env Env, o hookOptions) bool {
	return env.Getenv("GIT_QUARANTINE_PATH") != "" || len(o.Words) > 0 && (o.Words[0] == eventReceive || o.Words[0] == eventUpdate)
}

// wrongEvent is for words that no hook of Git has.
func wrongEvent(word string) error {
	hints := didYouMean(word, append(hookEvents(), "install", "uninstall", "status"))
	if len(hints) == 0 {
		hints = []string{"files stand after --: qleaks hook -- " + shellWord(word)}
	}
	return wrongUsage(fmt.Sprintf("%q is no event of a hook that looks for keys", word), hints...)
}
