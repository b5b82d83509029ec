// Package pages is the dashboard of the server: pages for people, made from the
// records when they are asked for. They are HTML that needs no script to be read,
// to be filled in or to be sent; htmx renews what is going on. Nothing comes from
// elsewhere, and nothing stands inline that a strict content security policy
// forbids.
//
// What a repository controls (names, paths, authors, addresses) is hostile: it is
// escaped, invisible characters are shown, and an address becomes a link only if it
// is http or https. No page has key material, since the records have none.
package pages

import (
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/remediate"
)

// Options are what the pages are made of.
type Options struct {
	Store *records.Store
	// Sweeps tells of the jobs.
	Sweeps *sweep.Desk
	// Gate lets people in; Desk is where they change something.
	Gate *access.Gate
	Desk *desk.Desk
	// Policy reads what the operator allows; nil where there is no configuration.
	Policy func() (remediate.Policy, error)
	// About is told on the page about this server.
	About About
	// Now is the time; nil is the clock.
	Now func() time.Time
	// Log gets what went wrong, in words of ours; nil for none.
	Log *slog.Logger
}

// About is what the server says of itself.
type About struct {
	Version string
	// Database is the kind of database, without its address.
	Database string
}

// Pages is the dashboard.
type Pages struct {
	Options

	templates map[string]*template.Template
	assets    map[string]asset
}

// New makes the dashboard.
func New(o Options) (*Pages, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pages{Options: o}
	var err error
	if p.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	p.templates, err = p.parse()
	return p, err
}

// page answers a request. An error becomes a page that says what happened.
type page func(w http.ResponseWriter, r *http.Request) error
