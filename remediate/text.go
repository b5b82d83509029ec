package remediate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/textpage"
)

// TextOptions are for whom a text is set.
type TextOptions struct {
	// Width is in columns; 0 is 80.
	Width int
	Color bool
}

// Text writes a plan for a person who is to say yes or no to it.
func (p Plan) Text(w io.Writer, o TextOptions) error {
	t := page{textpage.New(o.Width, o.Color)}
	t.Line(textpage.Bold, fmt.Sprintf("Plan of %s, for %s", moment(p.Made), p.Requester))
	if len(p.Rows) == 0 {
		t.Line(textpage.Plain, "Nothing is to be done.")
	}
	for i, r := range p.Rows {
		t.row(i+1, r)
	}
	if len(p.Left) > 0 {
		t.Heading("Not planned")
		for _, l := range p.Left {
			t.Wrapped(textpage.Plain, "  - ", l.Provider+"/"+l.Key+": "+l.Why)
		}
	}
	if len(p.Gaps) > 0 {
		t.Heading("Not known")
		for _, gap := range p.Gaps {
			t.Wrapped(textpage.Plain, "  - ", gap)
		}
	}
	t.Gap()
	t.Line(textpage.Dim, "hash "+p.Hash())
	_, err := w.Write(t.Bytes())
	return err
}

// page lays out a plan.
type page struct{ *textpage.Page }

func (p page) row(number int, r Row) {
	p.Heading(fmt.Sprintf("%d. %s: %s", number, r.Key.Called(), r.Order))
	p.fact("order", r.OrderWhy)
	p.fact("why", string(r.Reason)+": "+strings.Join(r.Why, "; "))
	p.fact("key id", r.Key.ID)
	p.fact("owner", party(r.Key.Owner))
	p.fact("project", party(r.Key.Project))
	p.fact("account", r.Key.Account)
	p.exposure(r.Exposure)
	p.running(r.Running)
	if r.Order != RevokeOnly {
		p.fact("new key", r.NewName())
	}
	if r.Approval {
		p.fact("approval", "a second person must sign this plan")
	}
	for i, s := range r.Steps {
		text := s.Text
		if s.Wait > 0 {
			text += ", for " + period(time.Duration(s.Wait))
		}
		if s.By != ByOwn {
			text += " [" + string(s.By) + "]"
		}
		p.Wrapped(textpage.Plain, fmt.Sprintf("    %2d. ", i+1), text)
	}
	for _, text := range r.irreversible() {
		p.fact("for good", text)
	}
	for _, text := range r.After {
		p.fact("after that", text)
	}
	for _, text := range r.Unknown {
		p.fact("not known", text)
	}
	p.fact("facts of", moment(r.Key.Facts.AsOf))
}

func (p page) fact(name, text string) {
	if text != "" {
		p.Wrapped(textpage.Plain, fmt.Sprintf("  %-10s ", name), text)
	}
}

func (p page) exposure(e Exposure) {
	if e.Reach == Nowhere {
		return
	}
	text := string(e.Reach)
	if !e.Since.IsZero() {
		text += ", since " + moment(e.Since) + " at the latest"
	}
	p.fact("exposure", text)
	for _, place := range e.Places {
		p.fact("stands in", place)
	}
	if e.MorePlaces > 0 {
		p.fact("", fmt.Sprintf("and in %d more %s", e.MorePlaces, plural(e.MorePlaces, "place", "places")))
	}
}

func (p page) running(r Running) {
	if !r.Asked {
		p.fact("runs now", "not known")
		return
	}
	if len(r.Jobs) == 0 && len(r.Sessions) == 0 {
		p.fact("runs now", "nothing")
	}
	for _, j := range r.Jobs {
		text := jobText(j)
		if slices.Contains(r.Cancel, j.ID) {
			text += "; to be cancelled"
		}
		p.fact("job", text)
	}
	for _, s := range r.Sessions {
		p.fact("session", s.ID+" on "+s.Backend)
	}
}

func jobText(j provider.Job) string {
	parts := []string{j.ID, j.Status}
	if j.Backend != "" {
		parts = append(parts, "on "+j.Backend)
	}
	if j.Owner != "" {
		parts = append(parts, "of "+j.Owner)
	}
	if j.Cost != (key.Amount{}) {
		parts = append(parts, fmt.Sprintf("%g %s", j.Cost.Value, j.Cost.Unit))
	}
	return strings.Join(parts, ", ")
}

// period is a time to wait in words for people.
func period(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%d %s", d/day, plural(int(d/day), "day", "days"))
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func party(p key.Party) string {
	name := p.Name
	if name == "" {
		name = p.Email
	}
	switch {
	case name == "":
		return p.ID
	case p.ID == "" || p.ID == name:
		return name
	}
	return name + " (" + p.ID + ")"
}
