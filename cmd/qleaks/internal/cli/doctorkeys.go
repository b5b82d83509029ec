package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/remediate"
)

// accounts looks at the accounts, and at where their credentials are.
func (d *doctor) accounts(ctx context.Context) []checkup {
	silent := messages{w: d.env.Stderr, quiet: true}
	list, err := loadAccounts(d.env, d.options.Config, silent)
	if err != nil {
		return []checkup{{Name: "accounts", State: ailing, Says: err.Error(), Do: hintsFor(err)}}
	}
	d.known = list
	var found []checkup
	for _, a := range list {
		c := checkup{Name: "account " + a.name, State: improvable, Says: a.Provider + ", without a credential: its keys are known from imported lists only", Do: []string{"how to name one: qleaks keys --help"}}
		if !a.reference.IsZero() {
			c = d.credential(ctx, c.Name, a.Provider, a.reference, filepath.Dir(a.file))
		}
		found = append(found, c)
	}
	for _, name := range slices.Sorted(maps.Keys(d.access.references)) {
		found = append(found, d.credential(ctx, "credential", name, d.access.references[name], ""))
	}
	if len(found) == 0 {
		found = append(found, checkup{Name: "accounts", State: improvable, Says: "none: keys are found, but not listed or revoked", Do: []string{"how to write one: qleaks keys --help"}})
	}
	return found
}

// credential looks at the place of one, and fetches it only if that is wished.
func (d *doctor) credential(ctx context.Context, name, of string, at credential.Reference, dir string) checkup {
	c := checkup{Name: name, State: healthy, Says: fmt.Sprintf("%s, with %s", of, at)}
	r := credential.Resolver{Getenv: d.env.Getenv, Dir: dir, Home: cmp.Or(d.env.Getenv("HOME"), d.env.Getenv("USERPROFILE"))}
	known, err := r.Look(at)
	if d.options.Resolve && err == nil {
		_, err = fetch(ctx, d.env, at, dir)
		known = true
	}
	switch {
	case err != nil:
		c.State, c.Says, c.Do = ailing, c.Says+": "+withoutPlace(err), credentialHints(err)
	case !known:
		c.State, c.Says, c.Do = untold, c.Says+", which was not asked", []string{"qleaks doctor --resolve asks it, and shows nothing"}
	case d.options.Resolve:
		c.Says += ", which gives it"
	default:
		c.Says += ", which is there"
	}
	return c
}

// withoutPlace is why a credential could not be had; the line names the place.
func withoutPlace(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return err.Error()
}

// stores counts the declared ones: whether they can be written is another
// command's question, which asks them.
func (d *doctor) stores(context.Context) []checkup {
	list, err := loadStores(d.env, d.options.Config, messages{w: d.env.Stderr, quiet: true})
	switch {
	case err != nil && len(d.known) == 0 && d.ailingAccounts():
		return nil // the same file; accounts said it
	case err != nil:
		return []checkup{{Name: "stores", State: ailing, Says: err.Error(), Do: hintsFor(err)}}
	case len(list) == 0:
		return []checkup{{Name: "stores", State: improvable, Says: "none: where a new key goes, you would do by hand", Do: []string{"how to declare them: docs/stores.md"}}}
	}
	return []checkup{{Name: "stores", State: untold, Says: plural(len(list), "store") + " declared; they were not asked", Do: []string{"qleaks stores check asks them, and writes nothing"}}}
}

func (d *doctor) ailingAccounts() bool {
	return slices.ContainsFunc(d.seen, func(c checkup) bool { return c.Name == "accounts" && c.State == ailing })
}

// remediations looks for rotations that wait for somebody.
func (d *doctor) remediations(context.Context) []checkup {
	r, err := newRemedy(d.env, remedyOptions{})
	if err != nil {
		return nil // places and accounts say it
	}
	journals, err := r.journals()
	if err != nil {
		return []checkup{{Name: "remediations", State: ailing, Says: err.Error(), Do: hintsFor(err)}}
	}
	open := 0
	for _, j := range journals {
		if j.err != nil {
			return []checkup{{Name: "remediations", State: ailing, Says: j.err.Error(), Do: []string{"docs/journal.md says what to do"}}}
		}
		for _, s := range j.standings {
			if s.State != remediate.StateDone && s.State != remediate.StateAbandoned {
				open++
			}
		}
	}
	if open > 0 {
		return []checkup{{Name: "remediations", State: ailing, Says: plural(open, "rotation") + " open", Do: []string{"qleaks remediate status, then qleaks remediate resume"}}}
	}
	return []checkup{{Name: "remediations", State: healthy, Says: "nothing is open"}}
}

const (
	// reachTime is how long a provider is waited for.
	reachTime = 10 * time.Second
	// skew is by how much a clock may be wrong before signed requests, tokens and
	// the times in a log go wrong.
	skew = time.Minute
)

// network reaches the providers, if that is wished, and compares the clock with
// theirs. Nothing of the operator's goes with a request.
func (d *doctor) network(ctx context.Context) []checkup {
	if !d.options.Ask {
		return []checkup{
			{Name: "reachability", State: untold, Says: "nobody was asked", Do: []string{"qleaks doctor --network reaches the providers, without any key"}},
			{Name: "clock", State: untold, Says: "compared with nobody's", Do: []string{"qleaks doctor --network compares it"}},
		}
	}
	var found []checkup
	var ahead []time.Duration
	for _, kit := range d.asked() {
		for _, s := range kit.Services {
			c, by, told := d.reach(ctx, kit, s.Name)
			if ctx.Err() != nil {
				return nil
			}
			if told {
				ahead = append(ahead, by)
			}
			found = append(found, c)
		}
	}
	return append(found, clockCheckup(ahead))
}

// asked are the providers of the accounts, or all.
func (d *doctor) asked() []provider.Kit {
	var kits []provider.Kit
	for _, kit := range append(all.Kits(), github.Kit()) {
		_, named := d.access.references[kit.Name]
		if named || slices.ContainsFunc(d.known, func(a account) bool { return a.Provider == kit.Name }) {
			kits = append(kits, kit)
		}
	}
	if len(kits) == 0 {
		return all.Kits()
	}
	return kits
}

func (d *doctor) reach(ctx context.Context, kit provider.Kit, service string) (c checkup, ahead time.Duration, told bool) {
	c = checkup{Name: "reach " + kit.Name, State: healthy}
	config := provider.Config{Origins: d.access.origins[kit.Name], Proxy: d.options.Network.Proxy, Timeout: reachTime, Log: debugLog(d.env, d.options.Talking)}
	wire, err := kit.Wire(config, service)
	if err != nil {
		c.State, c.Says, c.Do = ailing, err.Error(), []string{"look at --endpoint and --proxy"}
		return c, 0, false
	}
	defer wire.Close()
	if _, err = wire.Do(ctx, httpx.Request{Method: "HEAD"}); err != nil {
		c.State, c.Says = ailing, wire.Origin()+": "+withoutPlace(err)
		c.Do = []string{"look at the network and its firewall; a proxy is named by --proxy"}
		return c, 0, false
	}
	c.Says = wire.Origin() + " answers"
	ahead, told = wire.Ahead()
	return c, ahead, told
}

// clockCheckup judges by how much the clocks of providers are ahead of ours. One
// that is alone may be wrong itself: the one in the middle counts.
func clockCheckup(ahead []time.Duration) checkup {
	c := checkup{Name: "clock", State: untold, Says: "no provider told its time"}
	if len(ahead) == 0 {
		return c
	}
	slices.Sort(ahead)
	by := ahead[len(ahead)/2].Round(time.Second)
	c.State, c.Says = healthy, "right, to a minute"
	if by.Abs() > skew {
		way := "behind"
		if by < 0 {
			way = "ahead of"
		}
		c.State, c.Says = ailing, fmt.Sprintf("%s %s the providers': signed requests fail, and logs tell wrong times", by.Abs(), way)
		c.Do = []string{"let the system set its clock: timedatectl set-ntp true, or the settings for date and time"}
	}
	return c
}
