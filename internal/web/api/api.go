// Package api is the JSON API of the server, below /api/v1/. openapi.json describes
// it; a test holds the two to each other.
package api

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
)

// Prefix is what the paths of the API begin with.
const Prefix = "/api/v1/"

//go:embed openapi.json
var description []byte

// Description returns the description of the API: OpenAPI 3.
func Description() []byte { return bytes.Clone(description) }

// API answers programs.
type API struct {
	*desk.Desk

	Gate *access.Gate
	// Log gets what went wrong; nil for none.
	Log *slog.Logger
}

// question answers a request with what is to be written as JSON, nil for nothing.
type question func(r *http.Request) (any, error)

// created is an answer to what made something.
type created struct{ what any }

func (a *API) route(method, path string, role access.Role, do question) access.Route {
	return access.Route{Method: method, Pattern: Prefix + path, Role: role, Handler: a.answer(do)}
}

// Routes are those of the API, for the table of the server.
func (a *API) Routes() []access.Route {
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	viewer, triager, approver, admin := access.Viewer, access.Triager, access.Approver, access.Admin
	routes := []access.Route{
		{Method: get, Pattern: Prefix + "openapi.json", Public: true, Handler: http.HandlerFunc(serveDescription)},
		{Method: get, Pattern: Prefix + "runs/{seq}/events", Role: viewer, Stream: true, Handler: http.HandlerFunc(a.follow)},
		a.route(get, "me", viewer, me),
		a.route(get, "counts", viewer, a.counts),
		a.route(get, "findings", viewer, a.findings), a.route(get, "findings/{seq}", viewer, a.finding), a.route(get, "findings/{seq}/changes", viewer, a.changes),
		a.route(get, "decisions", viewer, a.decisions), a.route(post, "decisions", triager, a.ignore), a.route(post, "decisions/{seq}/end", triager, a.takeBack),
		a.route(get, "keys", viewer, a.keys), a.route(get, "keys/{seq}", viewer, a.key), a.route(get, "keys/{seq}/uses", viewer, a.uses),
		a.route(get, "repositories", viewer, a.repositories), a.route(get, "repositories/{seq}", viewer, a.repository), a.route(get, "repositories/{seq}/coverage", viewer, a.coverage),
		a.route(get, "runs", viewer, a.runs), a.route(post, "runs", triager, a.start), a.route(get, "runs/{seq}", viewer, a.run),
		a.route(get, "runs/{seq}/coverage", viewer, a.covered), a.route(get, "runs/{seq}/changes", viewer, a.changed), a.route(post, "runs/{seq}/cancel", triager, a.cancel),
		a.route(get, "schedules", viewer, a.schedules), a.route(put, "schedules/{name}", admin, a.putSchedule), a.route(del, "schedules/{name}", admin, a.deleteSchedule),
		a.route(get, "plans", viewer, a.plans), a.route(get, "plans/{hash}", viewer, a.plan), a.route(get, "plans/{hash}/votes", viewer, a.votes),
		a.route(post, "plans/{hash}/approve", approver, a.approve), a.route(post, "plans/{hash}/reject", approver, a.reject),
		a.route(get, "jobs", viewer, a.jobs), a.route(post, "jobs/{seq}/retry", triager, a.retry), a.route(get, "workers", viewer, a.workers),
		a.route(get, "actions", viewer, a.actions),
		a.route(get, "users", admin, a.users), a.route(post, "users", admin, a.addUser), a.route(put, "users/{name}", admin, a.changeUser),
		a.route(put, "users/{name}/password", admin, a.setPassword), a.route(del, "users/{name}", admin, a.deleteUser),
		a.route(get, "tokens", viewer, a.tokens), a.route(post, "tokens", viewer, a.newToken), a.route(post, "tokens/{seq}/end", viewer, a.endToken),
	}
	bring := a.route(post, "plans", triager, a.addPlan)
	bring.Body = largestPlan
	return append(routes, bring)
}

// largestPlan is how large a plan may be, in bytes.
const largestPlan = 16 << 20

func serveDescription(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(description)
}

// answer writes what a question comes to.
func (a *API) answer(do question) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := do(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		status := http.StatusOK
		if made, ok := got.(created); ok {
			got, status = made.what, http.StatusCreated
		}
		if got == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		write(w, status, "application/json", got)
	})
}

func write(w http.ResponseWriter, status int, kind string, what any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(true) // a browser that takes it for a page finds no elements
	if err := e.Encode(what); err != nil {
		status, kind = http.StatusInternalServerError, problemType
		b.Reset()
		b.WriteString(`{"status":500,"title":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

const problemType = "application/problem+json"

// Problem is why a request was not answered, as RFC 9457 has it.
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
}

// WriteProblem says why a request was not answered.
func WriteProblem(w http.ResponseWriter, status int, detail string) {
	write(w, status, problemType, Problem{Status: status, Title: http.StatusText(status), Detail: detail})
}

// requestError says that a request is wrong; the text is for who made it.
type requestError string

func (e requestError) Error() string { return string(e) }

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var asked requestError
	var large *http.MaxBytesError
	var wait *access.ThrottledError
	switch {
	case errors.As(err, &asked), errors.Is(err, desk.ErrInput), errors.Is(err, access.ErrToken):
		WriteProblem(w, http.StatusBadRequest, err.Error())
	case errors.As(err, &large):
		WriteProblem(w, http.StatusRequestEntityTooLarge, "the body is too large")
	case errors.Is(err, access.ErrForbidden):
		WriteProblem(w, http.StatusForbidden, err.Error())
	case errors.Is(err, records.ErrNotFound):
		WriteProblem(w, http.StatusNotFound, "there is no such record")
	case errors.Is(err, desk.ErrConflict):
		WriteProblem(w, http.StatusConflict, err.Error())
	case errors.As(err, &wait):
		WriteProblem(w, http.StatusTooManyRequests, err.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		WriteProblem(w, http.StatusServiceUnavailable, "the answer took too long")
	default:
		a.Log.Error("a question of the API failed", "route", r.Pattern, "error", err)
		WriteProblem(w, http.StatusInternalServerError, "something went wrong here; the log of the server has it")
	}
}

// read reads a body of JSON. A member that is not known is an error.
func read(r *http.Request, to any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return requestError("the body must be application/json")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return large
		}
		if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return requestError("the body has a member that is not known: " + clip(unknown))
		}
		return requestError("the body is not the JSON that is described in " + Prefix + "openapi.json")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return requestError("something stands behind the JSON of the body")
	}
	return nil
}

func clip(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func me(r *http.Request) (any, error) {
	who := access.From(r.Context())
	return map[string]any{"name": who.Name, "role": who.Role}, nil
}
