package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// Kinds of actions in the records; the subject is the channel's name.
const (
	// Action is a digest.
	Action     = "notify"
	escalation = "escalate"
)

// States of such actions.
const (
	sending = "sending"
	// Sent: the medium took it. Nothing: there was nothing that the channel did not
	// know.
	Sent    = "sent"
	Nothing = "nothing new"
	failed  = "failed"
)

const (
	// sendTime is how long sending may take, and inFlight for how long another
	// worker leaves it alone.
	sendTime = time.Minute
	inFlight = 90 * time.Second
	// looked is how many of the last actions of a channel are looked at.
	looked = 100
)

// Notifier tells channels of runs.
type Notifier struct {
	Store    *records.Store
	Channels []Channel
	// Link is the address of the dashboard, "" if there is none.
	Link string
	Now  func() time.Time
}

// Outcome counts channels by what became of a digest.
type Outcome struct {
	Sent      int `json:"sent"`
	Nothing   int `json:"nothingNew"`
	Later     int `json:"later"`
	Escalated int `json:"escalated"`
}

// After tells all channels of a run that ends: those that want a digest of each
// sweep, and those whose day has not had one. What was told already is not told
// again. The error is a *LaterError, or says of each channel that was not told
// why; the others were.
func (n *Notifier) After(ctx context.Context, run records.Run) (Outcome, error) {
	var o Outcome
	var wrong []error
	for _, c := range n.Channels {
		state, err := n.digest(ctx, c, run)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s: %w", c.Name, err))
		case state == Sent:
			o.Sent++
		case state == Nothing:
			o.Nothing++
		default:
			o.Later++
		}
		if c.After == 0 {
			continue
		}
		state, err = n.escalate(ctx, c, run)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s, to %s: %w", c.Name, c.To, err))
		} else if state == Sent {
			o.Escalated++
		}
	}
	return o, errors.Join(wrong...)
}

// job is one message on its way to one channel.
type job struct {
	kind    string
	channel Channel
	// run is what it is about; its number is 0 for what the clock brings.
	run    records.Run
	sender Sender
	// fill reads what is to be told.
	fill func(context.Context, *gatherer) error
	// due says whether it is the time, by the actions before, newest first.
	due func(before []records.Action) bool
}

func (n *Notifier) digest(ctx context.Context, c Channel, run records.Run) (string, error) {
	return n.deliver(ctx, job{
		kind: Action, channel: c, run: run, sender: c.Sender,
		due: func(before []records.Action) bool { return !c.Daily || !sentToday(before, n.Now()) },
		fill: func(ctx context.Context, g *gatherer) (err error) {
			if g.runs, err = n.untold(ctx, run, g.was); err != nil {
				return err
			}
			g.message.Title, g.message.Lead = titles(g.runs)
			return g.gather(ctx)
		},
	})
}

func (n *Notifier) escalate(ctx context.Context, c Channel, run records.Run) (string, error) {
	i := slices.IndexFunc(n.Channels, func(other Channel) bool { return other.Name == c.To })
	if i < 0 {
		return "", fmt.Errorf("there is no channel %s: %w", c.To, ErrNotTaken)
	}
	return n.deliver(ctx, job{
		kind: escalation, channel: c, run: run, sender: n.Channels[i].Sender,
		due: func([]records.Action) bool { return true },
		fill: func(ctx context.Context, g *gatherer) error {
			g.then = g.then.after(run.Seq, g.now)
			g.message.Title = "Leaked keys that nobody decided about"
			g.message.Lead = "The channel " + c.Name + " was told; nobody fixed, revoked or ignored these."
			return g.overdue(ctx)
		},
	})
}

func titles(runs []records.Run) (title, lead string) {
	var targets []string
	for _, r := range runs {
		if t := plain(r.Target); !slices.Contains(targets, t) {
			targets = append(targets, t)
		}
	}
	slices.Sort(targets)
	lead = "Swept: " + strings.Join(targets[:min(len(targets), 5)], ", ")
	if len(targets) > 5 {
		lead += fmt.Sprintf(" and %d more", len(targets)-5)
	}
	if len(runs) == 1 {
		return fmt.Sprintf("Sweep %d", runs[0].Seq), lead
	}
	return fmt.Sprintf("%d sweeps", len(runs)), lead
}

// untold are the runs that a channel was not told of: this one, and those that
// ended since it began to hear.
func (n *Notifier) untold(ctx context.Context, run records.Run, m memory) ([]records.Run, error) {
	runs := []records.Run{run}
	if m.Since.IsZero() {
		return runs, nil
	}
	recent, err := n.Store.Runs(ctx, records.Page{Most: rememberedRuns / 2})
	if err != nil {
		return nil, err
	}
	for _, r := range recent {
		if r.Seq != run.Seq && r.State.Over() && r.Ended.After(m.Since) && !slices.Contains(m.Runs, r.Seq) {
			runs = append(runs, r)
		}
	}
	slices.SortFunc(runs, func(a, b records.Run) int { return int(a.Seq - b.Seq) })
	return runs, nil
}

func sentToday(before []records.Action, now time.Time) bool {
	const day = "2006-01-02"
	return slices.ContainsFunc(before, func(a records.Action) bool { return a.State == Sent && a.At.UTC().Format(day) == now.UTC().Format(day) })
}

// remember reads what a channel knows from what was done before.
func remember(before []records.Action) (memory, error) {
	for _, a := range before {
		if a.State != Sent && a.State != Nothing {
			continue
		}
		var n note
		if err := json.Unmarshal(a.Detail, &n); err != nil || n.Memory == nil {
			return memory{}, fmt.Errorf("the record %d of what was told cannot be read", a.Seq)
		}
		return *n.Memory, nil
	}
	return memory{}, nil
}

// deliver tells a channel, once.
func (n *Notifier) deliver(ctx context.Context, j job) (string, error) {
	var g *gatherer
	state := ""
	err := n.Store.Locked(ctx, func(ctx context.Context) (err error) {
		g, state, err = n.claim(ctx, j)
		return err
	})
	if err != nil || g == nil {
		return state, err
	}
	bound, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	err = j.sender.Send(bound, g.message)
	switch {
	case err == nil:
		return Sent, n.note(ctx, j, Sent, note{ID: g.message.ID, Memory: &g.then})
	case errors.Is(err, ErrNotTaken):
		return failed, errors.Join(err, n.note(ctx, j, failed, note{ID: g.message.ID, Why: err.Error()}))
	}
	// Whether it arrived is not known, and the note that it is being sent stays.
	return sending, err
}

// claim decides whether there is something to send, and notes that it is being
// sent. Without a gatherer there is nothing to do.
func (n *Notifier) claim(ctx context.Context, j job) (*gatherer, string, error) {
	before, err := n.before(ctx, j)
	if err != nil {
		return nil, "", err
	}
	m, err := remember(before)
	if err != nil {
		return nil, "", err
	}
	now := n.Now().UTC()
	if j.run.Seq > 0 && slices.Contains(m.Runs, j.run.Seq) {
		return nil, stateOf(before, j.run.Seq), nil
	}
	again := len(before) > 0 && before[0].State == sending
	if again && now.Sub(before[0].At) < inFlight && before[0].At.Sub(now) < inFlight {
		return nil, "", &LaterError{After: inFlight}
	}
	if !j.due(before) {
		return nil, "", nil
	}
	g := &gatherer{store: n.Store, channel: j.channel, now: now, was: m, then: m}
	if err := j.fill(ctx, g); err != nil {
		return nil, "", err
	}
	if !g.news && (j.channel.Kind != Issue || len(g.message.Touched) == 0) {
		if j.run.Seq == 0 {
			return nil, Nothing, nil
		}
		return nil, Nothing, n.note(ctx, j, Nothing, note{Memory: &g.then})
	}
	g.message.ID, g.message.At, g.message.Link, g.message.Again = identity(j, m), now, n.Link, again
	return g, sending, n.note(ctx, j, sending, note{ID: g.message.ID})
}

// before are the last actions of a channel, newest first, back to the last that
// holds what it knows.
func (n *Notifier) before(ctx context.Context, j job) ([]records.Action, error) {
	var all []records.Action
	for p := (records.Page{Most: looked}); ; {
		page, err := n.Store.Actions(ctx, records.ActionFilter{Kind: j.kind, Subject: j.channel.Name}, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		told := slices.ContainsFunc(page, func(a records.Action) bool { return a.State == Sent || a.State == Nothing })
		if told || len(page) < looked {
			return all, nil
		}
		p.Before = page[len(page)-1].Seq
	}
}

// stateOf is what became of a run's digest: it was told with this one or another.
func stateOf(before []records.Action, run int64) string {
	for _, a := range before {
		if a.Run == run && (a.State == Sent || a.State == Nothing) {
			return a.State
		}
	}
	return Sent
}

// identity names a message: another attempt to tell the same run, or the same that is
// overdue, has the same name.
func identity(j job, m memory) string {
	if j.kind == escalation {
		j.run, m.Runs = records.Run{Seq: m.Until.UnixMicro()}, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d\x00%d", j.kind, j.channel.Name, j.run.Seq, j.run.Started.UnixMicro(), len(m.Runs)))
	return "qleaks_" + hex.EncodeToString(sum[:12])
}

func (n *Notifier) note(ctx context.Context, j job, state string, what note) error {
	detail, err := what.detail()
	if err != nil {
		return err
	}
	return n.Store.Update(ctx, func(tx *records.Tx) error {
		_, err := tx.Act(ctx, records.Action{Kind: j.kind, Subject: j.channel.Name, State: state, Who: "sweep", Run: j.run.Seq, Detail: detail})
		return err
	})
}
