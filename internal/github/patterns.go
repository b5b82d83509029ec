package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// CustomPattern is a pattern of secret scanning that an organisation or a
// repository made.
type CustomPattern struct {
	ID                        int64
	Name                      string
	Format, Before, After     string
	MustMatch, MustNotMatch   []string
	Published, PushProtection bool
	// version is the one that a change must name.
	version string
}

// Same reports whether two patterns find the same.
func (p CustomPattern) Same(other CustomPattern) bool {
	return p.Format == other.Format && p.Before == other.Before && p.After == other.After &&
		slices.Equal(p.MustMatch, other.MustMatch) && slices.Equal(p.MustNotMatch, other.MustNotMatch)
}

// patternJSON is a custom pattern as the API has it.
type patternJSON struct {
	ID           int64    `json:"id,omitempty"`
	Name         string   `json:"name,omitempty"`
	Pattern      string   `json:"pattern"`
	Start        string   `json:"start_delimiter"`
	End          string   `json:"end_delimiter"`
	MustMatch    []string `json:"must_match"`
	MustNotMatch []string `json:"must_not_match"`
	Version      string   `json:"custom_pattern_version,omitempty"`
}

func (p CustomPattern) json() patternJSON {
	return patternJSON{
		Name: p.Name, Pattern: p.Format, Start: p.Before, End: p.After,
		MustMatch: append([]string{}, p.MustMatch...), MustNotMatch: append([]string{}, p.MustNotMatch...),
	}
}

// PatternError is a pattern that GitHub does not take.
type PatternError struct {
	Name string
	// Codes are GitHub's words for what is wrong: "start_delimiter".
	Codes []string
}

// Error implements error.
func (e *PatternError) Error() string {
	return fmt.Sprintf("GitHub does not take the pattern %q: %v", e.Name, e.Codes)
}

// patternsPath is where the custom patterns of a place are.
func patternsPath(s Scope, more ...string) []string {
	path := []string{"orgs", s.Owner}
	if s.Repository != "" {
		path = repositoryPath(s.Owner, s.Repository)
	}
	return slices.Concat(path, []string{"secret-scanning", "custom-patterns"}, more)
}

// Patterns lists the custom patterns of an organisation, or of a repository, by
// name. Those of an enterprise, or of the organisation for a repository, are not
// among them.
func (c *Client) Patterns(ctx context.Context, s Scope) ([]CustomPattern, error) {
	if !isName(s.Owner) || s.Repository != "" && !isName(s.Repository) {
		return nil, ErrName
	}
	path := patternsPath(s)
	found, err := steady(func(page int) (named map[string]CustomPattern, next int, err error) {
		err = c.ask(ctx, path, list, func(ctx context.Context) error {
			var told []struct {
				patternJSON

				State string `json:"state"`
				Push  bool   `json:"push_protection_enabled"`
			}
			answer, failed := c.do(ctx, http.MethodGet, path, url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}, nil, &told)
			named, next = map[string]CustomPattern{}, nextPage(answer)
			for _, p := range told {
				if p.ID <= 0 || p.Name == "" {
					return provider.ErrUnexpected
				}
				named[id(p.ID)] = CustomPattern{
					ID: p.ID, Name: provider.Told(secret.Value{}, p.Name), Format: p.Pattern, Before: p.Start, After: p.End,
					MustMatch: p.MustMatch, MustNotMatch: p.MustNotMatch, Published: p.State == "published", PushProtection: p.Push, version: p.Version,
				}
			}
			return failed
		})
		return named, next, err
	})
	slices.SortFunc(found, func(a, b CustomPattern) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return found, err
}

// AddPatterns makes custom patterns, all or none. What GitHub does not take of
// one is a *PatternError among the joined errors.
func (c *Client) AddPatterns(ctx context.Context, s Scope, patterns []CustomPattern) error {
	var body struct {
		Patterns []patternJSON `json:"patterns"`
	}
	for _, p := range patterns {
		body.Patterns = append(body.Patterns, p.json())
	}
	var wrong error
	path := patternsPath(s)
	err := c.change(ctx, http.MethodPost, path, http.StatusCreated, body, func(answer httpx.Response) {
		var told struct {
			Errors map[string]struct {
				Errors []struct {
					Code string `json:"code"`
				} `json:"errors"`
			} `json:"validation_errors"`
		}
		if answer.Status != http.StatusUnprocessableEntity || json.Unmarshal(answer.Body, &told) != nil {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(told.Errors)) {
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(patterns) {
				continue
			}
			e := &PatternError{Name: patterns[i].Name}
			for _, one := range told.Errors[key].Errors {
				e.Codes = append(e.Codes, provider.Told(secret.Value{}, one.Code))
			}
			wrong = errors.Join(wrong, e)
		}
	})
	return cmp.Or(wrong, err)
}

// ChangePattern makes a pattern find what another one does. It fails if somebody
// changed it since it was listed.
func (c *Client) ChangePattern(ctx context.Context, s Scope, there, wanted CustomPattern) error {
	body := wanted.json()
	body.Name, body.Version = "", there.version
	return c.change(ctx, http.MethodPatch, patternsPath(s, id(there.ID)), http.StatusOK, body, nil)
}

// RemovePatterns removes custom patterns. Their alerts are not deleted: they are
// resolved, and can still be read.
func (c *Client) RemovePatterns(ctx context.Context, s Scope, patterns []CustomPattern) error {
	type reference struct {
		ID      int64  `json:"pattern_id"`
		Version string `json:"custom_pattern_version,omitempty"`
	}
	body := struct {
		Patterns []reference `json:"patterns"`
		After    string      `json:"post_delete_action"`
	}{After: "resolve_alerts"}
	for _, p := range patterns {
		body.Patterns = append(body.Patterns, reference{p.ID, p.version})
	}
	return c.change(ctx, http.MethodDelete, patternsPath(s), http.StatusNoContent, body, nil)
}

// ErrNoSetting says that GitHub's settings do not list a pattern: those that are
// not published are not among them.
var ErrNoSetting = errors.New("GitHub's settings of push protection do not list the pattern")

// ProtectPushes has pushes stopped that hold what custom patterns of an
// organisation find. Patterns that the settings do not list are named by the
// error, and the others are set all the same.
func (c *Client) ProtectPushes(ctx context.Context, owner string, patterns []CustomPattern) error {
	if !isName(owner) {
		return ErrName
	}
	path := []string{"orgs", owner, "secret-scanning", "pattern-configurations"}
	type override struct {
		Type    string `json:"token_type"`
		Version string `json:"custom_pattern_version"`
		Name    string `json:"display_name"`
		Setting string `json:"setting"`
	}
	var told struct {
		Version string     `json:"pattern_config_version"`
		Custom  []override `json:"custom_pattern_overrides"`
	}
	whole := func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		return err == nil && provider.Has(members, "custom_pattern_overrides")
	}
	if err := c.ask(ctx, path, whole, c.call(http.MethodGet, path, nil, &told)); err != nil {
		return err
	}
	type setting struct {
		Type    string `json:"token_type"`
		Version string `json:"custom_pattern_version,omitempty"`
		Setting string `json:"push_protection_setting"`
	}
	body := struct {
		Version string    `json:"pattern_config_version,omitempty"`
		Custom  []setting `json:"custom_pattern_settings"`
	}{Version: told.Version}
	var missing error
	for _, p := range patterns {
		i := slices.IndexFunc(told.Custom, func(o override) bool { return o.Name == p.Name && o.Type != "" })
		switch {
		case i < 0:
			missing = errors.Join(missing, fmt.Errorf("%s: %w", p.Name, ErrNoSetting))
		case told.Custom[i].Setting != "enabled":
			body.Custom = append(body.Custom, setting{told.Custom[i].Type, told.Custom[i].Version, "enabled"})
		}
	}
	if len(body.Custom) == 0 {
		return missing
	}
	return errors.Join(missing, c.change(ctx, http.MethodPatch, path, http.StatusOK, body, nil))
}

// change makes a request that changes something. Refused sees an answer that is
// not the one hoped for.
func (c *Client) change(ctx context.Context, method string, path []string, status int, body any, refused func(httpx.Response)) error {
	good := func(answer httpx.Response) bool {
		if answer.Status != status && refused != nil {
			refused(answer)
		}
		return answer.Status == status
	}
	return c.exchange(ctx, c.wire.Line(method, path...), good, func(httpx.Response) bool { return true }, c.call(method, path, body, nil))
}
