package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
)

// askAll asks for the keys of all accounts that can be asked, and keeps the
// lists. An account that fails does not keep the others from being asked.
func (l *keysListing) askAll(ctx context.Context) error {
	for _, a := range l.accounts {
		if !a.canBeAsked() {
			continue
		}
		err := l.ask(ctx, a)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			continue
		}
		l.fail(a.name, err.Error())
		for _, hint := range append(hintsFor(err), listHints(err)...) {
			l.say.line("hint", hint)
		}
	}
	return nil
}

// canBeAsked reports whether the provider, or a program, tells the keys.
func (a account) canBeAsked() bool {
	if len(a.ListCommand) > 0 {
		return true
	}
	kit, ok := all.Named(a.Provider)
	if !ok {
		return false
	}
	for _, call := range kit.Calls {
		if call.Ability == provider.List {
			return true
		}
	}
	return false
}

// listHints says what to do where a provider did not list its keys.
func listHints(err error) []string {
	switch {
	case errors.Is(err, provider.ErrRefused):
		return []string{"the credential itself may have been revoked or disabled"}
	case errors.Is(err, provider.ErrNotAllowed):
		return []string{"without --everybody, one's own keys need no role; those of the account need Administrator of the identity service"}
	case errors.Is(err, inventory.ErrProgram):
		return []string{"run it by hand to see why: what it says is not shown here, for it may hold keys"}
	case errors.Is(err, provider.ErrBusy):
		return []string{"try again later; --use none asks less"}
	}
	return nil
}

// ask reads and keeps the list of one account. What came before an error is
// kept as a list that is not whole.
func (l *keysListing) ask(ctx context.Context, a account) error {
	list, err := l.read(ctx, a)
	if err != nil && len(list.Keys) == 0 {
		return err
	}
	if kept := l.store.Keep(list); kept != nil {
		return errors.Join(err, kept)
	}
	return err
}

func (l *keysListing) read(ctx context.Context, a account) (inventory.Snapshot, error) {
	var none inventory.Snapshot
	if len(a.ListCommand) > 0 {
		program := inventory.Command{Words: a.ListCommand}
		var list inventory.Snapshot
		var err error
		l.during(ctx, func() string { return "waiting for " + filepath.Base(a.ListCommand[0]) }, func() {
			list, err = program.List(ctx, a.model(), l.env.Now())
		})
		return list, err
	}
	client, err := l.access.accountClient(ctx, l.env, a, provider.Config{Patience: l.options.Patience, Log: debugLog(l.env, l.options.Talking)}, l.say)
	if err != nil {
		return none, err
	}
	lister, ok := client.(provider.Lister)
	if !ok {
		return none, fmt.Errorf("%s has no call that lists keys", a.Provider)
	}
	var count atomic.Int64
	listing := inventory.Listing{Account: a.model(), Extent: l.extent(a), Now: l.env.Now, Told: func(n int) { count.Store(int64(n)) }}
	var list inventory.Snapshot
	var stripped []string
	l.during(ctx, func() string { return fmt.Sprintf("listing %s: %s", a.name, plural(count.Load(), "key")) }, func() {
		list, stripped, err = listing.List(ctx, lister)
	})
	for _, id := range stripped {
		l.say.warning("%s: the record of %s holds what looks like a key; that part was left out", a.name, id)
		l.say.hint("look at its name and description in the console: whoever reads the list could use such a key")
	}
	return list, err
}

// extent is what is asked for: the flags count more than the account.
func (l *keysListing) extent(a account) provider.Extent {
	flag := func(name string, flagged bool, said *bool) bool {
		if l.options.Origins[name] != "" || said == nil {
			return flagged
		}
		return *said
	}
	e := provider.Extent{Everybody: flag("everybody", l.options.Everybody, a.Everybody), Services: flag("services", l.options.Services, a.Services)}
	use := l.options.Use
	if l.options.Origins["use"] == "" && a.Use != "" {
		use = a.Use
	}
	switch use {
	case "key":
		e.Use = provider.UseByKey
	case "report":
		e.Use = provider.UseReport
	}
	return e
}

// during shows a line while something is done, where somebody sees it.
func (l *keysListing) during(ctx context.Context, told func() string, work func()) {
	width, _ := l.env.Terminal(l.env.Stderr)
	if !showsProgress(l.env, l.options.Talking) {
		work()
		return
	}
	(&progress{w: l.env.Stderr, width: width, told: told, begin: l.env.Now(), now: l.env.Now}).during(ctx, work)
}
