package remediate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	keylist "github.com/qleaks/qleaks/internal/inventory/page"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/console"
)

// ConsoleDriver works the web console of a provider, as console.Driver does. Of
// an error that is no *console.StopError, and of one that was not sent, nothing
// was changed.
type ConsoleDriver interface {
	List(ctx context.Context) (console.Table, error)
	Create(ctx context.Context, o console.Order) (secret.Value, error)
	Revoke(ctx context.Context, t console.Target) error
}

var _ ConsoleDriver = (*console.Driver)(nil)

// Console carries out deeds in a provider's web console, in the session of the
// operator. What came of it is proved by the API.
type Console struct {
	// Open starts a driver for one deed, shut ends it. An error says that nobody
	// can work the console here.
	Open func(ctx context.Context) (d ConsoleDriver, shut func(), err error)
	// Stopped is told where the driver stopped, such as for keeping its picture;
	// optional.
	Stopped func(e *console.StopError)
}

// ErrNoConsole says that the console cannot be worked now: no browser starts, or
// nobody is signed in. Nothing was changed, and other hands can take over.
var ErrNoConsole = errors.New("the console cannot be worked now")

var _ Performer = Console{}

// Can implements Performer. Consoles cannot suspend.
func (c Console) Can(d Deed) bool { return d == Issuing || d == Revoking || d == Seeking }

// Do implements Performer.
func (c Console) Do(ctx context.Context, t Task) (Done, error) {
	if t.Deed != Issuing && t.Deed != Revoking {
		return Done{}, fmt.Errorf("%w: %w", ErrNotDone, ErrHands)
	}
	var done Done
	err := c.with(ctx, func(d ConsoleDriver) error {
		if t.Deed == Revoking {
			return revokeAt(ctx, d, t)
		}
		project, err := projectAt(ctx, d, t.Target)
		if err != nil {
			return err
		}
		v, err := d.Create(ctx, console.Order{Name: t.Name, Project: project})
		done = Done{Key: key.Key{Provider: t.Target.Provider, Name: t.Name}, Value: v}
		return err
	})
	return done, err
}

// Seek implements Performer.
func (c Console) Seek(ctx context.Context, t Task) (found []key.Key, err error) {
	err = c.with(ctx, func(d ConsoleDriver) error {
		rows, err := rowsOf(ctx, d, t.Target.Provider, t.Name)
		for _, r := range rows {
			found = append(found, r.key)
		}
		return err
	})
	return found, err
}

// with does something at the console, and says of its error what that means.
func (c Console) with(ctx context.Context, do func(d ConsoleDriver) error) error {
	d, shut, err := c.Open(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w: %w", ErrNotDone, ErrNoConsole, err)
	}
	defer shut()
	err = do(d)
	stop, stopped := errors.AsType[*console.StopError](err)
	if stopped && c.Stopped != nil {
		c.Stopped(stop)
	}
	switch {
	case err == nil:
		return nil
	case stopped && stop.Sent:
		return err // nobody knows what became of it
	case errors.Is(err, console.ErrSignedOut):
		return fmt.Errorf("%w: %w: %w", ErrNotDone, ErrNoConsole, err)
	}
	return fmt.Errorf("%w: %w", ErrNotDone, err)
}

// consoleRow is a row of the console's list, with what it says of its key.
type consoleRow struct {
	target console.Target
	key    key.Key
}

// rowsOf reads the rows of all keys of a name.
func rowsOf(ctx context.Context, d ConsoleDriver, provider, name string) ([]consoleRow, error) {
	table, err := d.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []consoleRow
	for _, cells := range table.Rows {
		one := console.Table{Header: table.Header, Rows: [][]string{cells}}
		r := consoleRow{target: console.Target{Name: name, Cells: map[string]string{}}, key: key.Key{Provider: provider, Name: name}}
		if read, err := keylist.Read([]byte(one.Text()), keylist.Options{Provider: provider, AsOf: time.Now()}); err == nil && len(read.Keys) == 1 {
			r.key = read.Keys[0]
			r.key.Provider = provider
		} else if !slices.Contains(cells, name) {
			continue
		}
		if r.key.Name != name {
			continue
		}
		for i, h := range table.Header {
			// A key that works is used meanwhile.
			if i < len(cells) && !strings.Contains(strings.ToLower(h), "use") {
				r.target.Cells[h] = cells[i]
			}
		}
		found = append(found, r)
	}
	return found, nil
}

// errNotListed says that the list has no such key, although the provider knows
// it: somebody else may be signed in there.
var errNotListed = errors.New("the console does not list the key: look as whom you are signed in there, and in which organisation")

// revokeAt revokes the one key of the list that agrees with everything that is
// known of it.
func revokeAt(ctx context.Context, d ConsoleDriver, t Task) error {
	rows, err := rowsOf(ctx, d, t.Target.Provider, t.Name)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errNotListed
	}
	if t.Name == t.Target.Name {
		rows = slices.DeleteFunc(rows, func(r consoleRow) bool { return contradicts(t.Target, r.key) })
	}
	switch len(rows) {
	case 0:
		return errors.New("the console lists a key of this name, but with another project or another date")
	case 1:
		return d.Revoke(ctx, rows[0].target)
	}
	return console.ErrSeveral
}

// contradicts reports whether a row of a console is of another key than the one
// that is meant. Consoles show days, each in a time zone of its own.
func contradicts(t Target, k key.Key) bool {
	made, shown := t.Facts.Created, k.Dates.Created
	switch {
	case t.Project.Name != "" && k.Project.Name != "" && t.Project.Name != k.Project.Name:
		return true
	case made.IsZero() || shown.IsZero():
		return false
	}
	return made.Sub(shown).Abs() > 2*day
}

// projectAt is the name of the project in which a new key is to be: consoles
// know projects by their names.
func projectAt(ctx context.Context, d ConsoleDriver, t Target) (string, error) {
	if t.Project.Name != "" || t.Project.ID == "" || t.Name == "" {
		return t.Project.Name, nil
	}
	rows, err := rowsOf(ctx, d, t.Provider, t.Name)
	if err != nil || len(rows) != 1 {
		return "", err // whether it is in the right place is proved afterwards
	}
	return rows[0].key.Project.Name, nil
}

// FirstOf carries out deeds by the first of several who can. Where one cannot
// work at all just now, and surely changed nothing, the next takes over, and told
// is told so.
func FirstOf(told func(text string), list ...Performer) Performer {
	return firstOf{told: told, list: list}
}

type firstOf struct {
	told func(text string)
	list []Performer
}

// Can implements Performer.
func (f firstOf) Can(d Deed) bool {
	return slices.ContainsFunc(f.list, func(p Performer) bool { return p.Can(d) })
}

// Do implements Performer.
func (f firstOf) Do(ctx context.Context, t Task) (done Done, err error) {
	err = fmt.Errorf("%w: %w", ErrNotDone, ErrHands)
	f.each(t.Deed, func(p Performer) error { done, err = p.Do(ctx, t); return err })
	return done, err
}

// Seek implements Performer.
func (f firstOf) Seek(ctx context.Context, t Task) (found []key.Key, err error) {
	err = ErrHands
	f.each(Seeking, func(p Performer) error { found, err = p.Seek(ctx, t); return err })
	return found, err
}

func (f firstOf) each(d Deed, try func(p Performer) error) {
	able := slices.DeleteFunc(slices.Clone(f.list), func(p Performer) bool { return !p.Can(d) })
	for i, p := range able {
		err := try(p)
		if !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrNoConsole) {
			return
		}
		if i < len(able)-1 && f.told != nil {
			f.told(reasonOf(err))
		}
	}
}
