package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

func newGitHubCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "github",
		Short: "Ask GitHub which secrets it keeps; have it look for keys",
		Example: `  qleaks github secrets acme            an organisation with its repositories
  qleaks github secrets acme/vqe        one repository with its environments
  qleaks github patterns apply acme     have its secret scanning look for keys`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newGitHubSecretsCommand(env), newGitHubPatternsCommand(env))
	return cmd
}

// secretsAsking reads the secrets that GitHub keeps for an owner.
type secretsAsking struct {
	env    Env
	say    messages
	talk   talkOptions
	access access
	// patience is how long GitHub is waited for where it is busy.
	patience time.Duration
}

// read asks for the secrets of a scope, and says of each whose key it holds. It
// is an error if nothing was told.
func (s secretsAsking) read(ctx context.Context, scope github.Scope) (github.Document, error) {
	config, err := s.access.github(ctx, s.env, s.say, debugLog(s.env, s.talk))
	if err != nil {
		return github.Document{}, err
	}
	config.Patience = s.patience
	client, err := github.New(config)
	if err != nil {
		return github.Document{}, &problem{code: exitUsage, message: "GitHub cannot be asked", err: err}
	}
	s.access.tell(github.Kit(), s.say)
	var count atomic.Int64
	var d github.Document
	l := &keysListing{env: s.env, options: keysListOptions{Talking: s.talk}}
	l.during(ctx, func() string { return "listing " + plural(count.Load(), "secret") }, func() {
		d, err = client.Document(ctx, scope, s.env.Now(), func(n int) { count.Store(int64(n)) })
	})
	if ctx.Err() != nil {
		return d, context.Cause(ctx)
	}
	for i := range d.Secrets {
		r := &d.Secrets[i]
		r.Provider = hygiene.ProviderOfName(r.Name)
		if len(inventory.Material(r.Name)) > 0 {
			r.Name, r.Provider = secret.Redacted, ""
		}
	}
	if len(d.Secrets) == 0 && !d.Whole && (err != nil || nothingTold(d, scope)) {
		return d, couldNot("GitHub tells nothing of the secrets of "+d.Of, cmp.Or(err, errors.New(d.Untold[0].Why)), githubHints(err, d)...)
	}
	return d, nil
}

// nothingTold reports whether the owner, or the repository, is among what was
// not told for every kind: then there is no place that was.
func nothingTold(d github.Document, scope github.Scope) bool {
	for _, k := range scope.Kinds {
		if k == github.Agents && len(scope.Kinds) > 1 {
			continue // older servers know none
		}
		if !slices.ContainsFunc(d.Untold, func(u github.UntoldRecord) bool { return u.Where == d.Of && u.What == string(k) }) {
			return false
		}
	}
	return true
}

// githubHints says what to do where GitHub did not tell.
func githubHints(err error, d github.Document) []string {
	if errors.Is(err, provider.ErrRefused) {
		return []string{"the token may have ended: gh auth status, or make another one"}
	}
	if errors.Is(err, provider.ErrBusy) {
		return []string{"GitHub's limit begins anew within an hour; one repository asks less: OWNER/REPOSITORY"}
	}
	if len(d.Untold) > 0 {
		return []string{
			"a classic token needs the scope repo, and admin:org for those of an organisation; a fine-grained one the permission to read Secrets, Dependabot secrets, Codespaces secrets and Environments",
			"GitHub says \"not found\" of what the token may not see: look at the name, too",
		}
	}
	return nil
}

// github is how GitHub is asked: with the token of --credential, or at its own
// host with the one that gh would use.
func (a access) github(ctx context.Context, env Env, say messages, log *slog.Logger) (provider.Config, error) {
	kit := github.Kit()
	if a.hasCredential(kit.Name) {
		return a.config(ctx, env, kit.Name, log)
	}
	if len(a.origins[kit.Name]) > 0 {
		return provider.Config{}, wrongUsage("a token of your variables is for github.com, and not sent elsewhere", "name the one for that host: --credential github=env:GH_ENTERPRISE_TOKEN")
	}
	for _, name := range []string{"GH_TOKEN", "GITHUB_TOKEN"} {
		if value := env.Getenv(name); value != "" {
			say.note("asking GitHub with the token in %s", name)
			return provider.Config{Credential: secret.New([]byte(value)), Proxy: a.options.Proxy, Log: log}, nil
		}
	}
	return provider.Config{}, wrongUsage("there is no token for GitHub",
		"if you are logged in with gh: --credential \"github=cmd:gh auth token\"",
		"or name where it is: --credential github=env:NAME, keychain:NAME and others; GH_TOKEN and GITHUB_TOKEN count by themselves")
}

// secretPlace is where a secret is, in words: Actions are what most are for.
func secretPlace(r github.SecretRecord) string {
	if r.Kind == github.Actions || r.Kind == "" {
		return r.Where
	}
	return r.Where + ", for " + kindTitle(r.Kind)
}

func kindTitle(k github.Kind) string {
	text := string(k)
	return strings.ToUpper(text[:1]) + text[1:]
}

func untoldWords(u github.UntoldRecord) string {
	if u.Where == "" {
		return u.Why
	}
	return fmt.Sprintf("%s, %s: %s", u.Where, u.What, u.Why)
}
