package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/scanner/report"
)

// githubSecretsOptions say whose secrets to list, and how.
type githubSecretsOptions struct {
	Of    string
	Kinds []string
	// Patience is how long GitHub is waited for where it is busy.
	Patience time.Duration
	Network  networkOptions
	Output   outputOptions
	Talking  talkOptions
	Origins  map[string]origin
}

// defaultPatience is how long somebody who waits for a list is kept waiting.
const defaultPatience = 2 * time.Minute

func kindNames() []string {
	var names []string
	for _, k := range github.Kinds() {
		names = append(names, string(k))
	}
	return names
}

func newGitHubSecretsCommand(env Env) *cobra.Command {
	var o githubSecretsOptions
	cmd := &cobra.Command{
		Use:   "secrets OWNER[/REPOSITORY]",
		Short: "List secrets that GitHub keeps, by name and time",
		Long: `Nobody can read the value of such a secret. Its name says whose key it holds, and
when it was set how old that is at least; qleaks audit judges both.

OWNER is an organisation, or you; all repositories that the token sees are looked
at, with their environments. Only questions are asked: nothing is changed.

The token is that of --credential, else GH_TOKEN or GITHUB_TOKEN. A classic one
needs the scope repo, and admin:org for an organisation's own secrets; a
fine-grained one the permission to read Secrets, Environments, Dependabot secrets
and Codespaces secrets. GitHub Enterprise is named by --endpoint, and its token
by --credential.

Exit codes: 0 listed · 2 wrong command line · 3 GitHub told nothing · 4 listed,
but some place is not shown to the token, or the list was cut short · 130
interrupted`,
		Example: `  qleaks github secrets acme/vqe --credential "github=cmd:gh auth token"
  qleaks github secrets acme --json -o secrets.json; qleaks audit --secrets secrets.json
  qleaks github secrets acme --kind actions
  qleaks github secrets acme --endpoint github=https://github.acme.example/api/v3 --credential github=env:GH_ENTERPRISE_TOKEN`,
		Args: oneArgument("OWNER or OWNER/REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Origins, err = bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Of = args[0]
			return runGitHubSecrets(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&o.Kinds, "kind", kindNames(), "list these: `KIND` is "+strings.Join(kindNames(), ", "))
	f.DurationVar(&o.Patience, "patience", defaultPatience, "how long to wait, at most, for GitHub if it is busy")
	addReachFlags(cmd, &o.Network)
	f.StringVar(&o.Output.Format, "format", defaultFormat, "`NAME`: "+strings.Join(secretsFormats(), ", "))
	f.BoolVar(&o.Output.JSON, "json", false, "the same as --format json")
	f.StringVarP(&o.Output.File, "output", "o", "", "write to `FILE`, in one step")
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "kind", kindNames()...)
	completeWords(cmd, "format", secretsFormats()...)
	return cmd
}

func secretsFormats() []string { return []string{"text", "json"} }

func runGitHubSecrets(ctx context.Context, env Env, o githubSecretsOptions) error {
	if err := o.Output.chooseFormat(secretsFormats(), o.Origins); err != nil {
		return err
	}
	scope, err := secretsScope(o.Of, o.Kinds)
	if err != nil {
		return err
	}
	asking := secretsAsking{env: env, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}, talk: o.Talking, patience: max(o.Patience, 1)}
	if asking.access, err = o.Network.access(); err != nil {
		return err
	}
	d, err := asking.read(ctx, scope)
	if err != nil {
		return err
	}
	out, err := o.Output.open(env)
	if err != nil {
		return err
	}
	if o.Output.Format == "json" {
		err = writeIndented(out, d)
	} else {
		err = writeSecrets(out, d)
	}
	if err != nil {
		return couldNot("cannot write the list of secrets", errors.Join(err, out.abandon()))
	}
	if err := out.finish(); err != nil {
		return err
	}
	if !d.Whole {
		for _, hint := range githubHints(nil, d) {
			asking.say.hint("%s", hint)
		}
		return exitStatusError(exitIncomplete)
	}
	return nil
}

// secretsScope reads whose secrets are meant.
func secretsScope(of string, names []string) (github.Scope, error) {
	var kinds []github.Kind
	for _, name := range names {
		if !slices.Contains(kindNames(), name) {
			return github.Scope{}, wrongUsage(fmt.Sprintf("--kind %q is not one of %s", clipped(name), strings.Join(kindNames(), ", ")), didYouMean(name, kindNames())...)
		}
		if !slices.Contains(kinds, github.Kind(name)) {
			kinds = append(kinds, github.Kind(name))
		}
	}
	scope, err := github.ParseScope(of, kinds...)
	if err != nil {
		return scope, wrongUsage(err.Error(), "such as acme, or acme/vqe; no address")
	}
	return scope, nil
}

// writeSecrets writes a table, those that hold keys of a provider first.
func writeSecrets(w io.Writer, d github.Document) error {
	var b strings.Builder
	quantum := 0
	rows := [][]string{{"SECRET", "OF", "FOR", "SET", "HOLDS A KEY OF"}}
	for _, holds := range []bool{true, false} {
		for _, s := range d.Secrets {
			if (s.Provider != "") != holds {
				continue
			}
			whose := ""
			if holds {
				quantum++
				whose = title(s.Provider)
			}
			rows = append(rows, []string{s.Name, s.Where, kindTitle(s.Kind), dayOf(s.Updated), whose})
		}
	}
	fmt.Fprintf(&b, "%s: %s, %s by name a key that qleaks knows, on %s\n", d.Of, plural(len(d.Secrets), "secret"), holding(quantum), minute(d.AsOf))
	for _, u := range d.Untold {
		fmt.Fprintf(&b, "  not whole: %s\n", report.Clean(untoldWords(u)))
	}
	if len(d.Secrets) > 0 {
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range withoutEmptyColumns(rows) {
			for i, field := range row {
				if row[i] = report.Clean(field); field == "" {
					row[i] = "-"
				}
			}
			fmt.Fprintln(table, "  "+strings.Join(row, "\t"))
		}
		_ = table.Flush() // to memory
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func holding(n int) string {
	if n == 1 {
		return "1 holds"
	}
	return fmt.Sprintf("%d hold", n)
}
