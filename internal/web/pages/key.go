package pages

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// keyView is the page of one key.
type keyView struct {
	records.Key

	Use      string
	Late     bool
	Uses     []records.Use
	Findings []records.Finding
	More     bool
	Timeline *timeline
	Idle     *idleDrawing
	Events   []event
	Answer   *verdict
	Asked    time.Time
	Actions  []records.Action
}

// Standing is what the provider last said of the value, "" if it was not asked.
func (v keyView) Standing() string {
	for _, f := range v.Findings {
		if !f.Asked.IsZero() {
			return f.Standing
		}
	}
	return ""
}

// event is something that happened to a key.
type event struct {
	At time.Time
	// Kind is made, used, leaked, asked, rotated, ends or gone.
	Kind, Text, Address string
}

// key shows one key: what is known of it, and what happened to it.
func (p *Pages) key(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	k, err := p.Store.Key(ctx, seq)
	if err != nil {
		return err
	}
	v := keyView{Key: k}
	v.Use, v.Late = useWords(p.Now(), k)
	if v.Uses, err = p.Store.Uses(ctx, seq); err != nil {
		return err
	}
	if k.Fingerprint != "" {
		if v.Findings, err = p.Store.Findings(ctx, records.Filter{Fingerprint: k.Fingerprint}, records.Page{Most: rows + 1}); err != nil {
			return err
		}
		if v.More = len(v.Findings) > rows; v.More {
			v.Findings = v.Findings[:rows]
		}
	}
	for _, subject := range []string{k.Fingerprint, k.ID} {
		if subject == "" {
			continue
		}
		actions, err := p.Store.Actions(ctx, records.ActionFilter{Subject: subject}, records.Page{Most: rows})
		if err != nil {
			return err
		}
		v.Actions = append(v.Actions, actions...)
	}
	v.Events = p.events(r, &v)
	v.Timeline = newTimeline(p.Now(), v.Events)
	v.Idle = newIdleDrawing(p.Now(), k, v.Uses)
	slices.Reverse(v.Events)
	return p.show(w, r, "key", frame{Title: called(k.Name, k.ID), Section: "/keys", View: v})
}

// events are what happened to a key, oldest first.
func (p *Pages) events(r *http.Request, v *keyView) (all []event) {
	add := func(at time.Time, kind, text, address string) {
		if !at.IsZero() {
			all = append(all, event{at, kind, text, address})
		}
	}
	dates := v.Record.Dates
	add(dates.Created, "made", "made", "")
	add(dates.Expires, "ends", "ends by itself", "")
	add(v.Gone, "gone", "no list has it any more", "")
	for _, u := range v.Uses {
		add(u.Last, "used", "used", "")
	}
	for _, f := range v.Findings {
		address := "/findings/" + decimal(f.Seq)
		if at := p.introduced(r, f); !at.IsZero() {
			add(at, "leaked", "committed to "+f.Name+", "+f.Path, address)
		} else {
			add(f.First, "leaked", "first seen in "+f.Name+", "+f.Path, address)
		}
		if f.Life == records.Fixed {
			add(f.FixedAt, "fixed", "gone from "+f.Name+", "+f.Path, address)
		}
	}
	for _, f := range v.Findings {
		if f.Asked.IsZero() {
			continue
		}
		v.Asked = f.Asked
		add(f.Asked, "asked", "its provider said: "+standingTag(f.Standing).Text, "")
		var said verdict
		if json.Unmarshal(f.Verdict, &said) == nil {
			v.Answer = &said
		}
		break
	}
	for _, a := range v.Actions {
		add(a.At, "rotated", a.Kind+": "+a.State+", by "+a.Who, "")
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(all, func(a, b event) bool { return a == b })
}

// introduced is when a commit first brought a key to a place, zero if that is not
// known.
func (p *Pages) introduced(r *http.Request, f records.Finding) (at time.Time) {
	full, err := p.Store.Finding(r.Context(), f.Seq)
	if err != nil {
		return at
	}
	var spots []place
	if json.Unmarshal(full.Places, &spots) != nil {
		return at
	}
	for _, s := range spots {
		if s.Git != nil && !s.Git.Date.IsZero() && (at.IsZero() || s.Git.Date.Before(at)) {
			at = s.Git.Date
		}
	}
	return at
}
