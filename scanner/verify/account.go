package verify

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/scanner/finding"
)

// Account is a way to ask a provider: as one operator.
type Account struct {
	// Name is how the operator calls it; "" where there is one without a name.
	Name   string
	Client provider.Client
}

// accounts are one provider being asked as several operators: in order, and the
// next one only where a credential was not shown the key's record. A key that a
// provider is asked with by itself goes out once, whatever accounts there are.
type accounts struct {
	all []*asking

	mu sync.Mutex
	// ready says of the accounts that were tried whether their control questions
	// came out as they must; why is what the first one failed by.
	ready []bool
	why   error
}

func (v *Verifier) accounts(name string) *accounts {
	one := &accounts{}
	for _, account := range v.Clients[name] {
		one.all = append(one.all, &asking{
			name: name, account: account.Name, client: account.Client, checked: provider.Check(account.Client),
			describe: v.Describe, deadline: time.Now().Add(v.patience()),
		})
	}
	return one
}

// at returns the account of that number once its control questions were asked;
// nil where they did not come out as they must.
func (s *accounts) at(ctx context.Context, n int) *asking {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ready) <= n {
		err := s.all[len(s.ready)].control(ctx)
		if err != nil && s.why == nil {
			s.why = err
		}
		if provider.Ended(ctx) != nil {
			return nil
		}
		s.ready = append(s.ready, err == nil)
	}
	if !s.ready[n] {
		return nil
	}
	return s.all[n]
}

// first asks the control questions of one account after the other until they
// come out as they must, before any key goes out.
func (s *accounts) first(ctx context.Context) error {
	for n := range s.all {
		if s.at(ctx, n) != nil {
			return nil
		}
	}
	return s.why
}

// about asks about one key.
func (s *accounts) about(ctx context.Context, q Question) (check *finding.Check) {
	var not []string
	for n, account := range s.all {
		a := s.at(ctx, n)
		if a == nil {
			not = append(not, account.account)
			continue
		}
		check = a.about(ctx, q)
		if check.Verdict.Record != key.Hidden {
			return check
		}
	}
	if check == nil {
		return &finding.Check{Provider: q.Provider, Verdict: key.Doubt(whyCutShort, key.Evidence{})}
	}
	if asked := len(s.all) - len(not); len(s.all) > 1 {
		check.Verdict.Reason = fmt.Sprintf("none of the %d accounts that were asked sees such a key: it is somebody else's, or gone", asked)
		if len(not) > 0 {
			check.Verdict.Reason += "; not asked: " + strings.Join(not, ", ")
		}
	}
	return check
}

// failed names the accounts whose control questions did not come out as they
// must.
func (s *accounts) failed() (names []string) {
	for n, ready := range s.ready {
		if !ready {
			names = append(names, s.all[n].account)
		}
	}
	return names
}
