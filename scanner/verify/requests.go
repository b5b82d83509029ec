package verify

import (
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/provider"
)

// Holder says whose key a request carries.
type Holder string

// Whose keys requests carry.
const (
	HoldsKey    Holder = "the key that was found"
	HoldsMadeUp Holder = "a made-up value"
	HoldsOwn    Holder = "your own credential"
)

// Request is one kind of request that verifying makes.
type Request struct {
	// Provider is how people write it.
	Provider string
	// Purpose is what it is for, in a clause.
	Purpose string
	Method  string
	// URL is scheme, host and path; parts in braces vary.
	URL string
	// Holds are the keys that it carries, in a header or a body.
	Holds []Holder
	// Keys is how many keys it is made for, once each; zero is once in all, or
	// once a minute; or it is AsNeeded.
	Keys int
	// Accounts is with how many of the operator's credentials it is made, at most;
	// one where it carries none of them.
	Accounts int
}

// AsNeeded is for requests of which nobody knows beforehand how many there are.
const AsNeeded = -1

const (
	toControl  = "to see that refusals and acceptances look as they should"
	toList     = "to keep the list of your keys first"
	toVerify   = "to ask whether the key works"
	toLogIn    = "to log in as yourself"
	toDescribe = "to find out what a key that works can get at"
)

// Requests are all kinds of requests to one provider that a plan leads to, and
// nothing else is sent. There are none where nobody can be asked. Accounts is as
// how many operators the provider can be asked.
func Requests(kit provider.Kit, c provider.Config, describe bool, keys, accounts int) []Request {
	if keys == 0 {
		return nil
	}
	l := listing{kit: kit, config: c, keys: keys, own: !c.Credential.IsZero(), accounts: max(accounts, 1)}
	var logins, asks []provider.Call
	for _, call := range kit.Calls {
		if call.Ability != provider.Verify {
			continue
		}
		switch call.Carries {
		case provider.Own:
			if l.own {
				logins = append(logins, call)
			}
		case provider.Found:
			asks = append(asks, call)
		case provider.Both:
			if l.own {
				asks = append(asks, call)
			}
		case provider.FoundIfAllowed:
			if c.LoginCheck {
				asks = append(asks, call)
			}
		}
	}
	if len(asks) == 0 {
		return nil
	}
	for _, call := range logins {
		l.add(call, toLogIn, 0, HoldsOwn)
	}
	for i, call := range asks {
		l.add(call, toControl, 0, l.holds(call, HoldsMadeUp)...)
		if i == 0 && l.own {
			l.add(call, toControl, 0, HoldsOwn)
		}
	}
	for _, call := range asks {
		l.add(call, toVerify, keys, l.holds(call, HoldsKey)...)
	}
	if describe {
		l.describe()
	}
	return l.requests
}

// Listings are all kinds of requests with which a provider's list of keys is
// read; which of them are needed depends on the list.
func Listings(kit provider.Kit, c provider.Config, accounts int) []Request {
	l := listing{kit: kit, config: c, own: true, accounts: max(accounts, 1)}
	for _, call := range kit.Calls {
		if call.Ability == provider.List {
			l.add(call, toList, AsNeeded, HoldsOwn)
		}
	}
	return l.requests
}

// listing collects the requests to one provider.
type listing struct {
	kit      provider.Kit
	config   provider.Config
	keys     int
	own      bool
	accounts int
	requests []Request
}

// holds is what a request carries whose question is about a value.
func (l *listing) holds(call provider.Call, about Holder) []Holder {
	if call.Carries == provider.Both {
		return []Holder{about, HoldsOwn}
	}
	return []Holder{about}
}

func (l *listing) describe() {
	for _, call := range l.kit.Calls {
		if call.Ability != provider.Describe {
			continue
		}
		switch {
		case call.Carries == provider.Found, call.Carries == provider.Both && l.own:
			l.add(call, toDescribe, l.keys, l.holds(call, HoldsKey)...)
		case l.own:
			l.add(call, toDescribe, l.keys, HoldsOwn)
		default:
			// Without a credential the key asks for itself.
			l.add(call, toDescribe, l.keys, HoldsKey)
		}
	}
}

func (l *listing) add(call provider.Call, purpose string, keys int, holds ...Holder) {
	origin := l.config.Origins[call.Service]
	for _, s := range l.kit.Services {
		if s.Name == call.Service && origin == "" {
			origin = s.Origin
		}
	}
	as := 1
	if slices.Contains(holds, HoldsOwn) {
		as = l.accounts
	}
	l.requests = append(l.requests, Request{
		Provider: l.kit.Title, Purpose: purpose, Method: call.Method, URL: strings.TrimRight(origin, "/") + call.Path, Holds: holds, Keys: keys, Accounts: as,
	})
}
