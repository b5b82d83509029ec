// Package notify tells people what sweeps found: in Slack, in Teams, by e-mail, to
// a program that takes signed webhooks, and as an issue of GitHub. A channel gets
// one digest of a sweep, or of a day, and only if it has news for it.
//
// No digest holds key material. Names of repositories and paths are hostile text:
// no medium obeys them. Where a webhook is, and every credential, is material: it
// is in no error, no log and no record.
//
// What was sent is in the records. A digest is noted before it is sent and again
// when it was, so that a worker that is killed in between loses nothing: the next
// one sends it again, with the same id, and says so. Receivers of webhooks and
// GitHub know the second copy for one; Slack, Teams and mail cannot.
package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is what a channel may want to hear of.
type Event string

// The events, in the order in which a digest has them.
const (
	// Active: keys that work stand where they should not.
	Active Event = "active"
	// New and Reopened: findings that were not open before.
	New      Event = "new"
	Reopened Event = "reopened"
	// Unused: keys that nobody used for 90 days.
	Unused Event = "unused"
	// Incomplete: repositories that were not read to their end.
	Incomplete Event = "incomplete"
	// Failed: a sweep, or a step of one, did not succeed.
	Failed Event = "failed"
)

// Events lists all of them, in order.
func Events() []Event { return []Event{Failed, Active, New, Reopened, Unused, Incomplete} }

// Kind is a medium.
type Kind string

// The media.
const (
	Slack   Kind = "slack"
	Teams   Kind = "teams"
	Email   Kind = "email"
	Webhook Kind = "webhook"
	Issue   Kind = "github-issue"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Slack, Teams, Email, Webhook, Issue} }

// Channel is one way to people.
type Channel struct {
	Name string
	Kind Kind
	// When are the events that it hears of; none means all.
	When []Event
	// Daily sends one digest a day (in UTC), with the first sweep that ends then,
	// instead of one for each sweep.
	Daily bool
	// After is for how long a finding may be open and undecided before the channel
	// To is told, once; 0 is for ever.
	After time.Duration
	To    string
	// Sender sends what is told.
	Sender Sender
}

// Validate says which part of a channel is wrong.
func (c Channel) Validate() error {
	switch {
	case c.Name == "":
		return errors.New("a channel has a name")
	case !slices.Contains(Kinds(), c.Kind):
		return fmt.Errorf("kind is not one of %s", words(Kinds()))
	case (c.After > 0) != (c.To != ""):
		return errors.New("escalate_after and escalate_to go together")
	case c.After < 0 || c.To == c.Name:
		return errors.New("escalate_to names another channel, escalate_after a time such as 24h")
	}
	for _, e := range c.When {
		if !slices.Contains(Events(), e) {
			return fmt.Errorf("when has something that is not one of %s", words(Events()))
		}
	}
	return nil
}

func words[T ~string](all []T) string {
	var list []string
	for _, one := range all {
		list = append(list, string(one))
	}
	return strings.Join(list, ", ")
}

// wants reports whether a channel hears of an event.
func (c Channel) wants(e Event) bool { return len(c.When) == 0 || slices.Contains(c.When, e) }

// Sender sends messages in one medium.
type Sender interface {
	// Send sends a message, and returns when the medium has taken it. An error that
	// is ErrNotTaken means that it surely has not.
	Send(ctx context.Context, m Message) error
}

// ErrNotTaken says that a message was not taken: nobody has it.
var ErrNotTaken = errors.New("it was not taken")

// LaterError says that another worker is sending to the channel, and when to come
// back.
type LaterError struct{ After time.Duration }

// Error implements error.
func (e *LaterError) Error() string {
	return fmt.Sprintf("another worker is sending to the channel: come back in %v", e.After)
}

// Message is what is sent.
type Message struct {
	// ID is the same whenever the same message is sent.
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// Title and Lead are the first sentences.
	Title string `json:"title"`
	Lead  string `json:"lead,omitempty"`
	// Link is the dashboard, "" if it is not known.
	Link     string    `json:"link,omitempty"`
	Sections []Section `json:"sections"`
	// Again: it may have been sent before, by a worker that was interrupted.
	Again bool `json:"again,omitempty"`
	// Touched are the repositories, by number, of which something changed.
	Touched []int64 `json:"-"`
}

// Section is what is told of one event.
type Section struct {
	Event Event  `json:"event"`
	Title string `json:"title"`
	// Total is how many there are, Told how many of these the channel was told of
	// before; those are not listed.
	Total  int64   `json:"total"`
	Told   int64   `json:"told,omitempty"`
	Groups []Group `json:"groups,omitempty"`
}

// Group are lines about one repository, or one account.
type Group struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
}

// listed is how many lines a section has.
func (s Section) listed() (n int64) {
	for _, g := range s.Groups {
		n += int64(len(g.Lines))
	}
	return n
}

// more says what a section does not list, "" if that is nothing.
func (s Section) more() string {
	var parts []string
	if n := s.Total - s.Told - s.listed(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d more that are new here", n))
	}
	if s.Told > 0 {
		parts = append(parts, fmt.Sprintf("%d that were told before", s.Told))
	}
	if len(parts) == 0 {
		return ""
	}
	return "and " + strings.Join(parts, ", ")
}

// heading is a section's title with its number.
func (s Section) heading() string { return fmt.Sprintf("%s: %d", s.Title, s.Total) }

// copied is the sentence about a second copy.
const copied = "You may have this already: whoever sent it before was interrupted."
