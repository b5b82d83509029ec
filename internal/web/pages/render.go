package pages

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/scanner/report"
)

//go:embed templates
var templateFiles embed.FS

// frame is what every page shows, around what is its own.
type frame struct {
	Title string
	// Section is the address of the entry in the list of pages that is marked.
	Section string
	Who     access.Identity
	Theme   string
	// Here is the address of the page, for forms that come back to it.
	Here   string
	Notice notice
	View   any
}

// May reports whether who looks has a role.
func (f frame) May(role string) bool {
	needed, err := access.ParseRole(role)
	return err == nil && f.Who.Role.May(needed)
}

// parse reads the templates: each page with the frame around it.
func (p *Pages) parse() (map[string]*template.Template, error) {
	frame, err := template.New("frame").Option("missingkey=error").Funcs(p.words()).ParseFS(templateFiles, "templates/frame/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the dashboard's pages: %w", err)
	}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("read the dashboard's pages: %w", err)
	}
	all := map[string]*template.Template{}
	for _, entry := range names {
		if entry.IsDir() {
			continue
		}
		one, err := frame.Clone()
		if err == nil {
			one, err = one.ParseFS(templateFiles, path.Join("templates", entry.Name()))
		}
		if err != nil {
			return nil, fmt.Errorf("read the dashboard's page %s: %w", entry.Name(), err)
		}
		all[strings.TrimSuffix(entry.Name(), ".html.tmpl")] = one
	}
	return all, nil
}

// show writes a page.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, name string, f frame) error {
	return p.showAs(w, r, http.StatusOK, name, f)
}

func (p *Pages) showAs(w http.ResponseWriter, r *http.Request, status int, name string, f frame) error {
	f.Who, f.Theme, f.Here = access.From(r.Context()), theme(r), r.URL.RequestURI()
	if status >= http.StatusBadRequest {
		f.Here = access.LocalPath(r.URL.EscapedPath()) // nothing of a question that was refused is told
	}
	f.Notice = noticeOf(r)
	var b bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&b, "frame", f); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	write(w, status, b.Bytes())
	return nil
}

// showPart writes a part of a page, for htmx to put in the place of an older one.
func (p *Pages) showPart(w http.ResponseWriter, name, part string, view any) error {
	var b bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&b, part, view); err != nil {
		return fmt.Errorf("write a part of the page %s: %w", name, err)
	}
	write(w, http.StatusOK, b.Bytes())
	return nil
}

func write(w http.ResponseWriter, status int, text []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Hx-Request")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who went away does not want it
}

// sentence is an error whose text people may read.
type sentence struct {
	status int
	text   string
}

// Error implements error.
func (s *sentence) Error() string { return s.text }

func wrong(text string) error { return &sentence{http.StatusUnprocessableEntity, text} }

// guard makes a handler of a page. What went wrong inside is logged, and people
// are told only that something did.
func (p *Pages) guard(do page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := do(w, r)
		if err == nil || r.Context().Err() != nil {
			return
		}
		said, ok := errors.AsType[*sentence](err)
		switch {
		case ok:
		case errors.Is(err, records.ErrNotFound):
			said = &sentence{http.StatusNotFound, "There is no such page, or what it was about was deleted."}
		case errors.Is(err, access.ErrForbidden):
			said = &sentence{http.StatusForbidden, "Your role does not allow that. Ask an administrator of this server for another one."}
		default:
			p.Log.Error("a page could not be made", "path", report.Clean(r.URL.Path), "error", err)
			said = &sentence{http.StatusInternalServerError, "The page could not be made. Try again; if it stays so, the server's log says why."}
		}
		f := frame{Title: http.StatusText(said.status), View: said.text}
		if err := p.showAs(w, r, said.status, "problem", f); err != nil {
			http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		}
	})
}

// Refuse answers who is not let through with a page that says why. The text is for
// people.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	p.guard(func(http.ResponseWriter, *http.Request) error { return &sentence{status, begun(text) + "."} }).ServeHTTP(w, r)
}

// number reads the number of a record from the path.
func number(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || n <= 0 {
		return 0, records.ErrNotFound
	}
	return n, nil
}

// back sends the browser to a page of this server, with a message.
func back(w http.ResponseWriter, r *http.Request, to, message string, count int) error {
	u, err := url.Parse(access.LocalPath(to))
	if err != nil {
		return err
	}
	q := u.Query()
	q.Del("done")
	q.Del("n")
	if message != "" {
		q.Set("done", message)
		q.Set("n", strconv.Itoa(count))
	}
	u.RawQuery = q.Encode()
	return lead(w, r, u.String())
}

// lead sends the browser to an address that access.LocalPath let through.
func lead(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // LocalPath lets nothing through that leads elsewhere
	return nil
}
