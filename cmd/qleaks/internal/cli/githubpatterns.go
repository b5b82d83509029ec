package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/custompattern"
)

// patternOptions say which patterns are meant, where, and what is done.
type patternOptions struct {
	// Of is OWNER or OWNER/REPOSITORY, "" where GitHub is not asked.
	Of    string
	Rules []string
	JSON  bool
	Yes   bool
	// Push stops pushes that hold what they find.
	Push    bool
	Network networkOptions
	Talking talkOptions
	Origins map[string]origin
}

func newGitHubPatternsCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "patterns",
		Short: "Have GitHub's secret scanning look for quantum-cloud keys, too",
		Long: `GitHub's secret scanning takes custom patterns, of an organisation or of one
repository; where it finds one, it makes an alert, and it can refuse the push.
Custom patterns need GitHub Secret Protection, and somebody who administers the
place. qleaks makes them of its rules: for each rule that can do without the rest
of the file, one for each way to tell its keys.`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newPatternsShowCommand(env), newPatternsApplyCommand(env), newPatternsRemoveCommand(env))
	return cmd
}

const patternExits = `
Exit codes: 0 done, or nothing to do · 1 show: GitHub's patterns differ · 2 wrong
command line · 3 GitHub told or took nothing · 130 interrupted`

func newPatternsShowCommand(env Env) *cobra.Command {
	var o patternOptions
	cmd := &cobra.Command{
		Use:   "show [OWNER[/REPOSITORY]]",
		Short: "Show the patterns, as they are typed into GitHub's page; or how those of a place differ",
		Long: `Without an argument nobody is asked: the patterns are shown with the names of the
fields on GitHub's page (Settings, Advanced Security, Custom patterns, New
pattern). With one, GitHub is asked which of them are there.
` + patternExits,
		Example: `  qleaks github patterns show --rule ionq-api-key
  qleaks github patterns show acme --credential "github=cmd:gh auth token"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, args, runPatternsShow)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&o.JSON, "json", false, "write JSON, in the form of GitHub's API")
	addPatternFlags(cmd, &o)
	return cmd
}

func newPatternsApplyCommand(env Env) *cobra.Command {
	var o patternOptions
	cmd := &cobra.Command{
		Use:   "apply OWNER[/REPOSITORY]",
		Short: "Make the patterns that are missing, and change those that differ",
		Long: `What would be done is shown, and you are asked; where nobody can be asked, nothing
is done without --yes. Patterns that others made are left alone. With
--push-protection, pushes to the organisation's repositories are stopped that hold
what the patterns find, as far as GitHub has push protection there; for the
patterns of one repository, only GitHub's page can switch it on.

The token is that of --credential, else GH_TOKEN or GITHUB_TOKEN. A classic one
needs the scope write:org for an organisation, repo for a repository.
` + patternExits,
		Example: `  qleaks github patterns apply acme
  qleaks github patterns apply acme --push-protection --yes
  qleaks github patterns apply acme/vqe --rule ionq-api-key,ibm-cloud-api-key`,
		Args: oneArgument("OWNER or OWNER/REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, args, runPatternsApply)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&o.Push, "push-protection", false, "stop pushes that hold what they find, in an organisation")
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do it without asking")
	addPatternFlags(cmd, &o)
	return cmd
}

func newPatternsRemoveCommand(env Env) *cobra.Command {
	var o patternOptions
	cmd := &cobra.Command{
		Use:   "remove OWNER[/REPOSITORY]",
		Short: "Remove the patterns that qleaks made",
		Long: `Their alerts are resolved, not deleted. Patterns of rules that this version has no
more are removed, too; those that others made are left alone.
` + patternExits,
		Example: `  qleaks github patterns remove acme/vqe`,
		Args:    oneArgument("OWNER or OWNER/REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, args, runPatternsRemove)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do it without asking")
	addPatternFlags(cmd, &o)
	return cmd
}

func addPatternFlags(cmd *cobra.Command, o *patternOptions) {
	cmd.Flags().StringSliceVar(&o.Rules, "rule", nil, "only the patterns of the rule `ID`; may be repeated")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
	if set, err := rules.Builtin(); err == nil {
		completeWords(cmd, "rule", ruleIDs(set)...)
	}
}

func (o *patternOptions) run(cmd *cobra.Command, env Env, args []string, do func(context.Context, *patterns) error) error {
	var err error
	if o.Origins, err = bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
		return err
	}
	o.Of = strings.Join(args, "")
	p := &patterns{env: env, options: *o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}}
	if err := p.prepare(cmd.Context()); err != nil {
		return err
	}
	return do(cmd.Context(), p)
}

// patterns are those of our rules, and what GitHub has of them.
type patterns struct {
	env     Env
	options patternOptions
	say     messages
	scope   github.Scope
	client  *github.Client
	wanted  []github.CustomPattern
	// missing are wanted and not there, wrong is what differs, here what is there
	// and ours.
	missing []github.CustomPattern
	wrong   []difference
	here    []github.CustomPattern
}

// difference is a pattern that GitHub has, and what it should be.
type difference struct{ there, wanted github.CustomPattern }

// prepare makes the patterns, and asks GitHub which it has.
func (p *patterns) prepare(ctx context.Context) error {
	set, err := rules.Builtin()
	if err != nil {
		return err
	}
	for _, id := range p.options.Rules {
		if set.Rule(id) == nil {
			return wrongUsage(fmt.Sprintf("there is no rule %q", clipped(id)), didYouMean(id, ruleIDs(set))...)
		}
	}
	for _, r := range set.Rules() {
		if p.takes(r.ID) {
			for _, one := range custompattern.Of(r) {
				p.wanted = append(p.wanted, github.CustomPattern{
					Name: one.Name, Format: one.Format, Before: one.Before, After: one.After, MustMatch: one.Match, MustNotMatch: one.NotMatch,
				})
			}
		}
	}
	if len(p.wanted) == 0 {
		return wrongUsage("no pattern can be made of "+strings.Join(p.options.Rules, ", "), "GitHub sees only what stands before a key, and such a rule needs more of its file")
	}
	if p.options.Of == "" {
		return nil
	}
	if p.scope, err = github.ParseScope(p.options.Of); err != nil {
		return wrongUsage(err.Error(), "such as acme, or acme/vqe; no address")
	}
	if p.options.Push && p.scope.Repository != "" {
		return wrongUsage("GitHub's API stops pushes for the patterns of an organisation only", "on GitHub's page: Settings, Advanced Security, Custom patterns, the pattern, Push protection")
	}
	return p.ask(ctx)
}

func (p *patterns) takes(id string) bool {
	return len(p.options.Rules) == 0 || slices.Contains(p.options.Rules, id)
}

// ask finds out what GitHub has.
func (p *patterns) ask(ctx context.Context) error {
	access, err := p.options.Network.access()
	if err != nil {
		return err
	}
	config, err := access.github(ctx, p.env, p.say, debugLog(p.env, p.options.Talking))
	if err != nil {
		return err
	}
	config.Patience = defaultPatience
	if p.client, err = gitHubOr(github.New(config)); err != nil {
		return err
	}
	access.tell(github.Kit(), p.say)
	there, err := p.client.Patterns(ctx, p.scope)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return couldNot("GitHub does not tell the custom patterns of "+p.options.Of, err, patternHints()...)
	}
	for _, one := range there {
		if id := custompattern.RuleOf(one.Name); id != "" && p.takes(id) {
			p.here = append(p.here, one)
		}
	}
	for _, wanted := range p.wanted {
		i := slices.IndexFunc(there, func(t github.CustomPattern) bool { return t.Name == wanted.Name })
		switch {
		case i < 0:
			p.missing = append(p.missing, wanted)
		case !there[i].Same(wanted):
			p.wrong = append(p.wrong, difference{there[i], wanted})
		}
	}
	return nil
}

func patternHints() []string {
	return []string{
		"a classic token needs the scope write:org for an organisation, repo for a repository, of somebody who administers it",
		"custom patterns need GitHub Secret Protection; without it: qleaks hook install, and the Action, stop keys as well",
	}
}
