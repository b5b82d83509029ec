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
	change := func(pattern string, role access.Role, do page) access.Route {
		return access.Route{Method: http.MethodPost, Pattern: pattern, Role: role, Handler: p.guard(do)}
	}
	public := func(method, pattern string, do page) access.Route {
		return access.Route{Method: method, Pattern: pattern, Public: true, Handler: p.guard(do)}
	}
	admins := look("/users", p.users)
	admins.Role = access.Admin
	return []access.Route{
		{Method: http.MethodGet, Pattern: assetPrefix + "{name}", Public: true, Handler: http.HandlerFunc(p.serveAsset)},
		public(http.MethodPost, "/theme", p.chooseTheme),
		public(http.MethodGet, access.SignInPath, p.signIn), public(http.MethodPost, access.SignInPath, p.enter),
		public(http.MethodGet, ownProvider, p.toProvider), public(http.MethodGet, access.CallbackPath, p.fromProvider),
		public(http.MethodGet, setUpPath, p.setUp), public(http.MethodPost, setUpPath, p.makeFirst),
		change("/sign-out", access.Viewer, p.leave),

		look("/{$}", p.overview), look("/findings", p.findings), look("/findings/{seq}", p.finding),
		change("/findings/ignore", access.Triager, p.ignore), change("/decisions/{seq}/end", access.Triager, p.takeBack),
		look("/keys", p.keys), look("/keys/{seq}", p.key),
		look("/repositories", p.repositories), look("/repositories/{seq}", p.repository),

		look("/runs", p.runs), look("/runs/{seq}", p.run),
		change("/runs", access.Triager, p.startRun), change("/runs/{seq}/cancel", access.Triager, p.cancelRun),
		look("/schedules", p.schedules), change("/schedules", access.Admin, p.putSchedule),
		change("/schedules/{name}/pause", access.Admin, p.pauseSchedule(true)), change("/schedules/{name}/resume", access.Admin, p.pauseSchedule(false)),
		change("/schedules/{name}/delete", access.Admin, p.deleteSchedule),
		look("/jobs", p.jobs), change("/jobs/retry", access.Triager, p.retryJobs), change("/jobs/{seq}/retry", access.Triager, p.retryJob),

		look("/plans", p.plans), look("/plans/{hash}", p.plan),
		change("/plans/{hash}/approve", access.Approver, p.approve), change("/plans/{hash}/reject", access.Approver, p.reject),
		look("/policies", p.policies),

		look("/account", p.account), change("/account/password", access.Viewer, p.changePassword),
		change("/account/tokens", access.Viewer, p.makeToken), change("/account/tokens/{seq}/end", access.Viewer, p.endToken),
		admins, change("/users", access.Admin, p.addUser), change("/users/{name}", access.Admin, p.changeUser),
		change("/users/{name}/password", access.Admin, p.resetPassword), change("/users/{name}/delete", access.Admin, p.deleteUser),
		look("/audit", p.audit), look("/about", p.about),
	}
}
