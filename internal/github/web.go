package github

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

// webRate is how many requests for repositories go out in a second; each copy
// takes two or three.
const webRate = 8

// errNoWeb says that nobody knows where the repositories of an API are.
var errNoWeb = errors.New("the address of GitHub's API is https://api.HOST or https://HOST/api/v3; where its repositories are is not known of others")

// Web is where people read what the API at an origin tells of, and where its
// repositories are copied from.
func Web(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", errNoWeb
	}
	path := strings.TrimRight(u.Path, "/")
	before, enterprise := strings.CutSuffix(path, "/api/v3")
	host, hosted := strings.CutPrefix(u.Host, "api.")
	switch {
	case enterprise:
		return u.Scheme + "://" + u.Host + before, nil
	case hosted && path == "":
		return u.Scheme + "://" + host, nil
	}
	return "", errNoWeb
}

// API is where the API is of the GitHub whose pages are at an address.
func API(web string) (string, error) {
	u, err := url.Parse(web)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errNoWeb
	}
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v3")
	host := strings.ToLower(u.Host)
	if path == "" && (host == "github.com" || strings.HasSuffix(host, ".ghe.com")) {
		return u.Scheme + "://api." + host, nil
	}
	return u.Scheme + "://" + u.Host + path + "/api/v3", nil
}

// site is the part of GitHub that people see.
func site(c provider.Config, api string) (*httpx.Client, error) {
	origin, err := Web(api)
	if err != nil {
		return nil, err
	}
	rate := float64(webRate)
	if c.Rate > 0 {
		rate = c.Rate
	}
	return httpx.New(httpx.Options{
		Origin: origin, Named: c.Origins[service] != "", Proxy: c.Proxy, Roots: c.Roots, Rate: rate, Dial: c.Dial, Log: c.Log,
	})
}

// Site is where GitHub's pages are, "" if that is not known.
func (c *Client) Site() string {
	if c.web == nil {
		return ""
	}
	return c.web.Origin()
}

// GistSite is where GitHub's gists are, "" if that is not known.
func (c *Client) GistSite() string {
	site := c.Site()
	host, ours := strings.CutPrefix(site, "https://")
	switch {
	case site == "":
		return ""
	case ours && host == "github.com":
		return "https://gist.github.com"
	}
	return site + "/gist"
}

// Page is where people see a repository, "" if that is not known.
func (c *Client) Page(owner, name string) string {
	if c.web == nil {
		return ""
	}
	return c.web.Origin() + "/" + owner + "/" + name
}

// Git asks for what git needs of a repository, with the token. A wiki is the
// repository of its name and ".wiki".
func (c *Client) Git(owner, name string) func(context.Context, httpx.Request) (*httpx.Stream, error) {
	return func(ctx context.Context, r httpx.Request) (*httpx.Stream, error) {
		switch {
		case c.web == nil:
			return nil, errNoWeb
		case !isName(owner) || !isName(name):
			return nil, ErrName
		}
		r.Path = slices.Concat([]string{owner, name + ".git"}, r.Path)
		token, err := c.token(ctx)
		if err != nil {
			return nil, err
		}
		if !token.IsZero() {
			if r.Header = r.Header.Clone(); r.Header == nil {
				r.Header = http.Header{}
			}
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token.Reveal())))
		}
		return c.web.Open(ctx, r)
	}
}
