package cli

import (
	"context"
	"strings"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
)

// commentMarker begins the comment that ci keeps up to date.
const commentMarker = "<!-- qleaks: what this pull request brings -->"

// comment says on the pull request what it brings. A run without findings only
// changes what an earlier one said. Whatever fails here fails nothing else: the
// check itself says the same.
func (c *ciRun) comment(ctx context.Context) {
	if !c.options.Runner.Comment || !c.github || c.scope.Number == 0 {
		return
	}
	switch {
	case c.scope.Fork:
		c.say.note("no comment on the pull request: the token of a run for a fork can only read")
		return
	case c.scope.Privileged && !c.options.Runner.AllowUntrusted:
		c.say.note("no comment on the pull request: this event gives secrets to a run about what strangers brought (--allow-untrusted)")
		return
	}
	if err := c.keepComment(ctx); err != nil {
		c.say.warning("the pull request got no comment: %v", err)
		c.say.hint("the job needs: permissions: pull-requests: write, and GITHUB_TOKEN in the environment of the step")
	}
}

func (c *ciRun) keepComment(ctx context.Context) error {
	owner, name, _ := strings.Cut(c.scope.Repository, "/")
	config := provider.Config{Credential: secret.New([]byte(c.env.Getenv("GITHUB_TOKEN"))), Log: debugLog(c.env, c.options.Talking)}
	// The runner names the host that the token is for.
	if host := strings.TrimSuffix(c.env.Getenv("GITHUB_API_URL"), "/"); host != "" && host != github.Kit().Services[0].Origin {
		config.Origins = map[string]string{"api": host}
	}
	client, err := github.New(config)
	if err != nil {
		return err
	}
	_, err = client.Keep(ctx, github.Comment{
		Owner: owner, Repository: name, Number: c.scope.Number,
		Marker: commentMarker, Body: c.markdown(), Update: finding.Summarize(c.result).Keys == 0,
	})
	return err
}
