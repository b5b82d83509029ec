package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/scanner/report"
)

// shownTime is how deadlines are told.
const shownTime = "2006-01-02 15:04 UTC"

// lentKey is a key that is lent, as the journal tells it.
type lentKey struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Provider string    `json:"provider"`
	Account  string    `json:"account"`
	Key      string    `json:"key,omitempty"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	// State is "lent", "over" where it is to be revoked, or "unclear" where
	// something is in the way; Why says what.
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

// lent are the keys that are lent and not yet proved to be revoked.
func (r *remedy) lent(now time.Time) ([]lentKey, error) {
	journals, err := r.journals()
	if err != nil {
		return nil, err
	}
	list := []lentKey{}
	for _, j := range journals {
		if j.err != nil {
			return nil, brokenJournals(journals, j.err)
		}
		for _, s := range j.standings {
			if s.Row.Order != remediate.Lend || s.State == remediate.StateDone || s.State == remediate.StateAbandoned {
				continue
			}
			one := lentKey{
				ID: s.Row.ID, Name: s.Row.Key.Name, Provider: s.Row.Key.Provider, Account: s.Row.Key.Account, Key: s.Key,
				Since: s.Opened.UTC(), Until: s.Row.Ends(s.Opened).UTC(), State: "lent",
			}
			switch {
			case s.State == remediate.StateBlocked:
				one.State, one.Why = "unclear", s.Why
			case !now.Before(one.Until):
				one.State = "over"
			case s.State != remediate.StateWaiting:
				one.State, one.Why = "unclear", "who lent it has not said that it was handed over, or how that ended"
			}
			list = append(list, one)
		}
	}
	slices.SortStableFunc(list, func(a, b lentKey) int { return a.Until.Compare(b.Until) })
	return list, nil
}

func runLendList(env Env, o lendOptions) error {
	r, err := newRemedy(env, o.remedyOptions)
	if err != nil {
		return err
	}
	list, err := r.lent(env.Now())
	if err != nil {
		return err
	}
	if o.JSON {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"asOf": env.Now().UTC(), "lent": list})
	}
	if len(list) == 0 {
		_, err = fmt.Fprintln(env.Stdout, "No key is lent.")
		return err
	}
	for _, one := range list {
		state := one.State
		if one.Why != "" {
			state += ": " + one.Why
		}
		if _, err := fmt.Fprintf(env.Stdout, "%s  %s/%s  until %s  %s\n", one.ID, one.Provider, report.Clean(one.Name), one.Until.UTC().Format(shownTime), report.Clean(state)); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(list, func(one lentKey) bool { return one.State != "lent" }) {
		r.say.hint("to revoke one: qleaks lend --end NAME; all whose time is over: qleaks remediate resume")
	}
	return nil
}

func runLendEnd(ctx context.Context, env Env, o lendOptions) error {
	r, err := newRemedy(env, o.remedyOptions)
	if err != nil {
		return err
	}
	list, err := r.lent(env.Now())
	if err != nil {
		return err
	}
	var meant []lentKey
	for _, one := range list {
		if (one.ID == o.End || one.Name == o.End) && (o.Provider == "" || one.Provider == o.Provider) {
			meant = append(meant, one)
		}
	}
	switch {
	case len(meant) == 0:
		return wrongUsage(fmt.Sprintf("no key that is lent is called %q", o.End), "qleaks lend --list tells them")
	case len(meant) > 1:
		return wrongUsage(fmt.Sprintf("%d keys that are lent are called %q", len(meant), o.End), "name one by its id: qleaks lend --list")
	}
	l := &lender{remedy: r}
	if env.isTerminal(env.Stdin) || o.Answers {
		l.person = newTerminalPerson(env)
	}
	var ok bool
	if l.account, ok = r.account(remediate.Target{Provider: meant[0].Provider, Account: meant[0].Account}); !ok {
		return wrongUsage(fmt.Sprintf("there is no account %s of %s here", meant[0].Account, title(meant[0].Provider)), "write it into your configuration: [accounts."+meant[0].Account+"]")
	}
	l.account.name = meant[0].Account // its journal has this name
	if l.place, err = r.openPlace(ctx); err != nil {
		return err
	}
	return l.takeBack(ctx, meant[0].ID)
}
