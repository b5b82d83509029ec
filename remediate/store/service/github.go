package service

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// githubKinds are the four kinds of secrets that GitHub keeps.
func githubKinds() []store.Kind {
	settings := []store.Setting{
		{Name: "of", Means: "OWNER/REPOSITORY, or the name of an organisation", Required: true, Valid: func(text string) bool {
			_, err := github.ParseScope(text)
			return err == nil
		}},
		{Name: "secret", Means: "the name of the secret, such as IONQ_API_KEY", Required: true, Valid: func(text string) bool {
			return github.Place{Kind: github.Actions, Owner: "x", Name: text}.Validate() == nil
		}},
		{Name: "credential", Means: "where the token is that may write the secret", Required: true, Reference: true},
		{Name: "address", Means: "the API of GitHub Enterprise, such as https://github.example.org/api/v3", Valid: isAddress},
	}
	kind := func(name, title string, of github.Kind, more ...store.Setting) store.Kind {
		return store.Kind{
			Name: name, Title: "a secret of " + title, Settings: append(more, settings...),
			Example: []string{`of = "bell-lab/vqe"`, `secret = "IONQ_API_KEY"`, `credential = "env:GH_TOKEN"`},
			Open: func(d store.Declaration, u store.Use) (store.Store, error) {
				owner, repository, _ := strings.Cut(d.Text("of"), "/")
				g := &githubSecret{declared: d, use: u, place: github.Place{Kind: of, Owner: owner, Repository: repository, Environment: d.Text("environment"), Name: d.Text("secret")}}
				if err := g.place.Validate(); err != nil {
					return nil, err
				}
				if of == github.Codespaces || of == github.Agents {
					return g, nil
				}
				return &runSecret{g}, nil
			},
		}
	}
	return []store.Kind{
		kind("github-actions", "GitHub Actions", github.Actions, store.Setting{Name: "environment", Means: "an environment of the repository", Valid: func(text string) bool { return strings.Trim(text, ".") != "" }}),
		kind("github-dependabot", "Dependabot", github.Dependabot),
		kind("github-codespaces", "Codespaces", github.Codespaces),
		kind("github-agents", "GitHub's agents", github.Agents),
	}
}

// githubSecret is one secret of GitHub's. Nobody can read it, so its mark is the
// time at which it was set, in seconds.
type githubSecret struct {
	declared store.Declaration
	use      store.Use
	place    github.Place
	client   *github.Client
	// wrote is the mark after our own write, and of which value.
	wrote string
	value secret.Value
}

// runSecret is a secret that runs of workflows read.
type runSecret struct{ *githubSecret }

func (g *githubSecret) open(ctx context.Context) error {
	if g.client != nil {
		return nil
	}
	token, err := fetch(ctx, g.declared, g.use, "credential")
	if err != nil {
		return err
	}
	c := provider.Config{Credential: token, Proxy: g.use.Proxy, Rate: g.use.Rate, Log: g.use.Log, Patience: patience}
	if address := g.declared.Text("address"); address != "" {
		c.Origins = map[string]string{"api": address}
	}
	g.client, err = github.New(c)
	return err
}

// look is what is there now; a secret that is not there is Absent.
func (g *githubSecret) look(ctx context.Context) (github.Kept, string, error) {
	if ctx.Err() != nil {
		return github.Kept{}, "", context.Cause(ctx)
	}
	if err := g.open(ctx); err != nil {
		return github.Kept{}, "", err
	}
	kept, err := g.client.Look(ctx, g.place)
	switch {
	case errors.Is(err, provider.ErrNotFound):
		return kept, store.Absent, nil
	case err != nil:
		return kept, "", asked(ctx, err)
	}
	return kept, "set at " + kept.Updated.Format(time.RFC3339), nil
}

// errNew says that a secret of an organisation must be made by a person first:
// who may read it is theirs to say.
var errNew = errors.New("the organisation has no such secret yet: make it once, and say there which repositories may read it")

// Check implements store.Store.
func (g *githubSecret) Check(ctx context.Context) (string, error) {
	_, mark, err := g.look(ctx)
	if err != nil {
		return "", err
	}
	if err := g.client.Ready(ctx, g.place); err != nil {
		return "", asked(ctx, err)
	}
	if mark == store.Absent && g.place.Repository == "" {
		return "", errNew
	}
	return mark, nil
}

// Put implements store.Store.
func (g *githubSecret) Put(ctx context.Context, v secret.Value, mark string) (string, error) {
	if err := store.CheckValue(v); err != nil {
		return "", err
	}
	kept, now, err := g.look(ctx)
	switch {
	case err != nil:
		return "", err
	case g.wrote != "" && now == g.wrote && g.value.Equal(v):
		return now, nil
	case now != mark:
		return "", store.ErrChanged
	case now == store.Absent && g.place.Repository == "":
		return "", errNew
	}
	if err := g.client.Write(ctx, g.place, v, kept); err != nil {
		return "", written(ctx, err)
	}
	after, now, err := g.look(ctx)
	if err != nil || now == store.Absent {
		return "", store.ErrLost // it was taken, and is not to be seen yet
	}
	if after.Visibility != kept.Visibility && now != mark {
		return "", store.ErrLost
	}
	g.wrote, g.value = now, v
	return now, nil
}

// Confirm implements store.Store: the last write is this store's.
func (g *githubSecret) Confirm(ctx context.Context, v secret.Value) (bool, error) {
	_, now, err := g.look(ctx)
	switch {
	case err != nil:
		return false, err
	case now == store.Absent:
		return false, store.ErrDiffers
	case g.wrote != "" && (now != g.wrote || !g.value.Equal(v)):
		return false, store.ErrChanged
	}
	return false, nil
}

// Readers implements store.Drainer.
func (r *runSecret) Readers(ctx context.Context, before time.Time) (int, error) {
	if err := r.open(ctx); err != nil {
		return 0, err
	}
	runs, err := r.client.Runs(ctx, r.place, before)
	if errors.Is(err, github.ErrMany) {
		return 0, err
	}
	if err != nil {
		return 0, asked(ctx, err)
	}
	return len(runs), nil
}
