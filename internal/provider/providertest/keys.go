package providertest

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// nth answers the request number at with something broken, and all others as
// the simulator does; without anything to answer with it cuts that connection
// and all that come after it, since net/http itself tries again.
type nth struct {
	at     int
	broken http.HandlerFunc

	mu  sync.Mutex
	met int
}

func (n *nth) handler(s *stage) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		mine := n.met == n.at || n.broken == nil && n.met > n.at
		n.met++
		n.mu.Unlock()
		switch {
		case !mine:
			s.serve(w, r)
		case n.broken != nil:
			n.broken(w, r)
		default:
			simhttp.Cut(w)
		}
	}
}

// serve answers as the simulator does, past its faults.
func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	for _, server := range s.Services {
		if server.Routes(r) {
			server.Pass(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

func lists(t *testing.T, s *stage) {
	c, ok := s.client(t).(provider.Lister)
	if !ok {
		return
	}
	for _, e := range []provider.Extent{{}, {Use: provider.UseByKey}, {Everybody: true, Services: true}} {
		all, err := collect(c.Keys(t.Context(), e))
		if got := ids(all, func(k key.Key) string { return k.ID }); err != nil || !got[s.LiveKey.ID] || len(got) != len(all) {
			t.Errorf("%+v: %d keys, %v", e, len(all), err)
		}
		for _, k := range all {
			keepsTo(t, s.Live, k)
			if k.Provider != s.rig.Kit.Name || (e.Use == provider.UseByKey) != k.Use.Known {
				t.Errorf("%+v of %+v", k, e)
			}
		}
	}
	for _, e := range []provider.Extent{{}, {Use: provider.UseByKey}, {Everybody: true, Services: true}} {
		interrupted(t, s, func(c provider.Client) error {
			_, err := collect(must[provider.Lister](t, c).Keys(t.Context(), e))
			return err
		})
	}
	done := noGoroutines(t)
	for _, err := range c.Keys(t.Context(), provider.Extent{Use: provider.UseByKey}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	done()
}

// lives takes a key from its making to its end.
func lives(t *testing.T, s *stage) {
	c := s.client(t)
	issuer, ok := c.(provider.Issuer)
	if !ok {
		return
	}
	chosen := s.rig.Kit.Sample()
	made, err := issuer.Issue(t.Context(), provider.Order{Name: "issued by the test", Value: chosen})
	if err != nil || made.Key.ID == "" || !made.Value.Equal(chosen) {
		t.Fatalf("issue: %+v, %v", made, err)
	}
	keepsTo(t, chosen, made)
	is := func(what string, want key.Status) {
		t.Helper()
		if verdict, err := c.Verify(t.Context(), chosen); err != nil || verdict.Status != want {
			t.Errorf("%s: %+v, %v; want %s", what, verdict, err, want)
		}
	}
	is("issued", key.Active)
	steps := []struct {
		what string
		do   func() error
		then key.Status
	}{
		{"suspend", func() error { return must[provider.Suspender](t, c).Suspend(t.Context(), made.Key.ID) }, key.Inactive},
		{"suspend again", func() error { return must[provider.Suspender](t, c).Suspend(t.Context(), made.Key.ID) }, key.Inactive},
		{"resume", func() error { return must[provider.Resumer](t, c).Resume(t.Context(), made.Key.ID) }, key.Active},
		{"resume again", func() error { return must[provider.Resumer](t, c).Resume(t.Context(), made.Key.ID) }, key.Active},
		{"lock", func() error { return must[provider.Locker](t, c).Lock(t.Context(), made.Key.ID) }, key.Active},
		{"revoke what is locked", func() error { return refusedWhileLocked(must[provider.Revoker](t, c).Revoke(t.Context(), made.Key.ID)) }, key.Active},
		{"unlock", func() error { return must[provider.Unlocker](t, c).Unlock(t.Context(), made.Key.ID) }, key.Active},
		{"revoke", func() error { return must[provider.Revoker](t, c).Revoke(t.Context(), made.Key.ID) }, s.GoneStatus},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		is("after "+step.what, step.then)
	}
	if err := must[provider.Revoker](t, c).Revoke(t.Context(), made.Key.ID); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("revoke again: %v", err)
	}
	if _, err := must[provider.Finder](t, c).Find(t.Context(), made.Key.ID); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("find what is gone: %v", err)
	}
}

func refusedWhileLocked(err error) error {
	if err == nil {
		return errors.New("a locked key was revoked")
	}
	if _, ok := errors.AsType[*provider.CallError](err); !ok {
		return fmt.Errorf("an error of another kind: %w", err)
	}
	return nil
}

// must returns an ability that goes with another one.
func must[A any](t *testing.T, c provider.Client) A {
	t.Helper()
	a, ok := c.(A)
	if !ok {
		t.Fatalf("no %T", a)
	}
	return a
}
