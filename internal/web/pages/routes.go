package pages

import (
	"net/http"

	"github.com/qleaks/qleaks/internal/web/access"
)

// Routes are the pages, for the table of the server.
func (p *Pages) Routes() []access.Route {
	look := func(pattern string, do page) access.Route {
		return access.Route{Method: http.MethodGet, Pattern: pattern, Role: access.Viewer, Handler: p.guard(do)}
	}
	return []access.Route{
		{Method: http.MethodGet, Pattern: assetPrefix + "{name}", Public: true, Handler: http.HandlerFunc(p.serveAsset)},
		{Method: http.MethodPost, Pattern: "/theme", Public: true, Handler: p.guard(p.chooseTheme)},
		look("/{$}", p.overview), look("/findings", p.findings), look("/findings/{seq}", p.finding),
		look("/keys", p.keys), look("/keys/{seq}", p.key),
		look("/repositories", p.repositories), look("/repositories/{seq}", p.repository),
		look("/runs", p.runs), look("/runs/{seq}", p.run), look("/schedules", p.schedules), look("/jobs", p.jobs),
		look("/policies", p.policies), look("/audit", p.audit), look("/about", p.about),
	}
}
