package github

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"golang.org/x/crypto/nacl/box"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// Place is one secret: of an organisation, of a repository, or of an environment
// of one.
type Place struct {
	Kind                           Kind
	Owner, Repository, Environment string
	Name                           string
}

// ErrPlace says that something is no place for a secret.
var ErrPlace = errors.New("this is no place for a secret of GitHub: its name has letters, digits and _, and environments have secrets of Actions only")

var secretName = expression.Lazy(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)

// Validate says whether a Place can be one.
func (p Place) Validate() error {
	switch {
	case !isName(p.Owner) || p.Repository != "" && !isName(p.Repository):
		return ErrName
	case !secretName().MatchString(p.Name), !slices.Contains(Kinds(), p.Kind),
		p.Environment != "" && (p.Repository == "" || p.Kind != Actions || strings.Trim(p.Environment, ".") == ""):
		return ErrPlace
	}
	return nil
}

// path is that of what belongs to the place's secrets.
func (p Place) path(more ...string) []string {
	path := []string{"orgs", p.Owner}
	if p.Repository != "" {
		path = []string{"repos", p.Owner, p.Repository}
	}
	if p.Environment != "" {
		path = append(path, "environments", p.Environment)
	} else {
		path = append(path, string(p.Kind))
	}
	return append(append(path, "secrets"), more...)
}

// Kept is what GitHub tells of a secret that it keeps.
type Kept struct {
	Created, Updated time.Time
	// Visibility is which repositories of an organisation get it: "all",
	// "private", "selected"; "" for other places. Selected are their ids.
	Visibility string
	Selected   []int64
}

// Look tells of one secret; ErrNotFound also means that the token may not see it.
func (c *Client) Look(ctx context.Context, p Place) (Kept, error) {
	if err := p.Validate(); err != nil {
		return Kept{}, err
	}
	var told github.Secret
	path := p.path(p.Name)
	if err := c.ask(ctx, path, tells("name", "created_at", "updated_at"), c.call(http.MethodGet, path, nil, &told)); err != nil {
		return Kept{}, err
	}
	k := Kept{Created: told.CreatedAt.UTC(), Updated: told.UpdatedAt.UTC()}
	if p.Repository != "" {
		return k, nil
	}
	if k.Visibility = told.Visibility; !slices.Contains([]string{"all", "private", "selected"}, k.Visibility) {
		return Kept{}, &provider.CallError{Request: c.wire.Line(http.MethodGet, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	var err error
	if k.Visibility == "selected" {
		k.Selected, err = c.selected(ctx, p)
	}
	return k, err
}

// selected are the ids of the repositories that get an organisation's secret.
func (c *Client) selected(ctx context.Context, p Place) ([]int64, error) {
	path := p.path(p.Name, "repositories")
	found, err := steady(func(page int) (ids map[string]int64, next int, err error) {
		var told struct {
			Repositories []*github.Repository `json:"repositories"`
		}
		query := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}
		err = c.ask(ctx, path, has("repositories"), func(ctx context.Context) error {
			answer, failed := c.do(ctx, http.MethodGet, path, query, nil, &told)
			ids, next = map[string]int64{}, nextPage(answer)
			for _, r := range told.Repositories {
				if r.GetID() == 0 {
					return provider.ErrUnexpected
				}
				ids[itoa(int(r.GetID()))] = r.GetID()
			}
			return failed
		})
		return ids, next, err
	})
	slices.Sort(found)
	return found, err
}

// Ready makes sure that a secret could be written as far as can be told without
// writing: GitHub tells its public key to who may.
func (c *Client) Ready(ctx context.Context, p Place) error {
	if err := p.Validate(); err != nil {
		return err
	}
	_, err := c.publicKey(ctx, p)
	return err
}

func (c *Client) publicKey(ctx context.Context, p Place) (*github.PublicKey, error) {
	path := p.path("public-key")
	var told github.PublicKey
	err := c.ask(ctx, path, tells("key_id", "key"), c.call(http.MethodGet, path, nil, &told))
	return &told, err
}

// sealed is the body with which a secret is written.
type sealed struct {
	Value      string  `json:"encrypted_value"`
	KeyID      string  `json:"key_id"`
	Visibility string  `json:"visibility,omitempty"`
	Selected   []int64 `json:"selected_repository_ids,omitempty"`
}

// Write writes a secret, sealed for GitHub. Who may read an organisation's secret
// is said each time, so it is given as it was told by Look.
func (c *Client) Write(ctx context.Context, p Place, v secret.Value, as Kept) error {
	if err := p.Validate(); err != nil {
		return err
	}
	for again := false; ; again = true {
		key, err := c.publicKey(ctx, p)
		if err != nil {
			return err
		}
		body, err := seal(v, key)
		if err != nil {
			return &provider.CallError{Request: c.wire.Line(http.MethodGet, p.path("public-key")...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
		}
		if p.Repository == "" {
			body.Visibility, body.Selected = as.Visibility, as.Selected
		}
		path := p.path(p.Name)
		good := func(answer httpx.Response) bool {
			return answer.Status == http.StatusCreated || answer.Status == http.StatusNoContent
		}
		err = c.exchange(ctx, c.wire.Line(http.MethodPut, path...), good, func(httpx.Response) bool { return true }, c.call(http.MethodPut, path, body, nil))
		// GitHub changes its key now and then, and refuses what was sealed for the
		// one before.
		if e, ok := errors.AsType[*provider.CallError](err); !ok || e.Status != http.StatusUnprocessableEntity || again {
			return err
		}
	}
}

func seal(v secret.Value, key *github.PublicKey) (sealed, error) {
	raw, err := base64.StdEncoding.DecodeString(key.GetKey())
	if err != nil || len(raw) != 32 {
		return sealed{}, provider.ErrUnexpected
	}
	closed, err := box.SealAnonymous(nil, []byte(v.Reveal()), (*[32]byte)(raw), rand.Reader)
	return sealed{Value: base64.StdEncoding.EncodeToString(closed), KeyID: key.GetKeyID()}, err
}

// call is one call over the library, as ask takes it.
func (c *Client) call(method string, path []string, body, into any) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.do(ctx, method, path, nil, body, into)
		return err
	}
}

// do makes a request of the library's, at an address of ours: it has no call for
// some kinds, and asks for environments where nobody answers any more.
func (c *Client) do(ctx context.Context, method string, path []string, query url.Values, body, into any) (*github.Response, error) {
	escaped := make([]string, len(path))
	for i, part := range path {
		escaped[i] = url.PathEscape(part)
	}
	address := strings.Join(escaped, "/")
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := c.api.NewRequest(method, address, body)
	if err != nil {
		return nil, err
	}
	return c.api.Do(ctx, request, into)
}
