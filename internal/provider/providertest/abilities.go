package providertest

import (
	"errors"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

func controls(t *testing.T, s *stage) {
	c, ok := s.client(t).(provider.Controller)
	if !ok {
		t.Fatal("a client without control questions is never believed")
	}
	if control, err := c.Control(t.Context()); err != nil || control != key.BothControls {
		t.Errorf("%q, %v", control, err)
	}
}

func controlTakesBack(t *testing.T, s *stage) {
	checked := provider.Check(s.client(t))
	verdict, err := checked.Verify(t.Context(), s.Live)
	if err != nil || verdict.Status != key.Active || verdict.Evidence.Control != key.BothControls {
		t.Fatalf("%+v, %v", verdict, err)
	}
	before := len(s.seen())
	if _, err := checked.Verify(t.Context(), s.Live); err != nil {
		t.Fatal(err)
	}
	again := len(s.seen()) - before
	if again > before/2 {
		t.Errorf("the second question took %d requests, the first with its control questions %d", again, before)
	}
	// Everything is accepted: no acceptance counts.
	v := s.rig.Verifying
	s.Services[v.Service].Break(simhttp.Fault{Path: v.Path, Handler: simhttp.Answer(v.Accepts.Status, "application/json", v.Accepts.Body)})
	verdict, err = provider.Check(s.client(t)).Verify(t.Context(), s.Live)
	if err != nil || verdict.Status != key.Unknown || verdict.Reason != provider.ErrAcceptsAnything.Error() {
		t.Errorf("where everything is accepted: %+v, %v", verdict, err)
	}
	if v.Refuses.Status == 0 {
		return
	}
	// Everything is refused: no refusal counts.
	s.mend()
	s.Services[v.Service].Break(simhttp.Fault{Path: v.Path, Handler: simhttp.Answer(v.Refuses.Status, "application/json", v.Refuses.Body)})
	verdict, err = provider.Check(s.client(t)).Verify(t.Context(), s.Live)
	if err != nil || verdict.Status != key.Unknown || verdict.Reason != provider.ErrRefusesOwn.Error() {
		t.Errorf("where everything is refused: %+v, %v", verdict, err)
	}
	s.mend()
}

func describes(t *testing.T, s *stage) {
	c, ok := s.client(t).(provider.Describer)
	if !ok {
		t.Fatal("no Describer")
	}
	d, err := c.Describe(t.Context(), s.Live)
	if err != nil || d.Key.ID != s.LiveKey.ID {
		t.Errorf("%+v, %v", d, err)
	}
	keepsTo(t, s.Live, d)
	if len(d.Reach.Untold) != 0 {
		t.Errorf("untold: %q", d.Reach.Untold)
	}
	if _, err := c.Describe(t.Context(), s.Gone); err == nil {
		t.Error("a key that is gone is described")
	}
	s.breaks(simhttp.Fault{Skip: 1, Handler: simhttp.Answer(http.StatusForbidden, "application/json", "{}")})
	if d, err := c.Describe(t.Context(), s.Live); err == nil && len(d.Reach.Untold) == 0 && d.Key.ID == "" {
		t.Errorf("what is forbidden is not said to be untold: %+v", d)
	}
}

// collect reads a sequence to its end.
func collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for x, failed := range seq {
		if failed != nil {
			if err != nil {
				return all, errors.New("an error that is not the last element")
			}
			err = failed
			continue
		}
		if err != nil {
			return all, errors.New("an element after an error")
		}
		all = append(all, x)
	}
	return all, err
}

func ids[T any](all []T, id func(T) string) map[string]bool {
	set := map[string]bool{}
	for _, x := range all {
		set[id(x)] = true
	}
	return set
}

func jobs(t *testing.T, s *stage) {
	made := s.client(t)
	c, ok := made.(provider.JobLister)
	if !ok || s.Job == nil {
		if ok != (s.Job != nil) {
			t.Error("the test cannot make the jobs that the client lists")
		}
		return
	}
	want := map[string]bool{}
	for range 60 {
		want[s.Job(false).ID] = true
	}
	waiting := s.Job(true)
	all, err := collect(c.Jobs(t.Context(), provider.Window{}))
	if got := ids(all, func(j provider.Job) string { return j.ID }); err != nil || len(got) != len(want)+1 || len(all) != len(got) {
		t.Errorf("%d jobs, %v; want %d", len(got), err, len(want)+1)
	}
	pending, err := collect(c.Jobs(t.Context(), provider.Window{Pending: true}))
	if err != nil || len(pending) != 1 || pending[0].ID != waiting.ID || !pending[0].Pending {
		t.Errorf("pending: %+v, %v", pending, err)
	}
	if future, err := collect(c.Jobs(t.Context(), provider.Window{From: time.Now().Add(24 * time.Hour)})); err != nil || len(future) != 0 {
		t.Errorf("jobs of tomorrow: %d, %v", len(future), err)
	}
	interrupted(t, s, func(c provider.Client) error {
		_, err := collect(must[provider.JobLister](t, c).Jobs(t.Context(), provider.Window{}))
		return err
	})
	done := noGoroutines(t)
	for _, err := range c.Jobs(t.Context(), provider.Window{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	done()
	if costs, ok := c.(provider.Coster); ok {
		if amount, err := costs.Cost(t.Context(), all[0]); err != nil || amount.Unit == "" {
			t.Errorf("cost: %+v, %v", amount, err)
		}
	}
	cancels(t, s, must[provider.JobCanceler](t, made), pending[0], all)
}

func cancels(t *testing.T, s *stage, c provider.JobCanceler, waiting provider.Job, all []provider.Job) {
	t.Helper()
	if err := c.CancelJob(t.Context(), waiting); err != nil {
		t.Errorf("cancel: %v", err)
	}
	if err := c.CancelJob(t.Context(), waiting); !errors.Is(err, provider.ErrOver) {
		t.Errorf("cancel again: %v", err)
	}
	for _, j := range all {
		if j.ID != waiting.ID {
			if err := c.CancelJob(t.Context(), j); !errors.Is(err, provider.ErrOver) {
				t.Errorf("cancel what is over: %v", err)
			}
			break
		}
	}
	unknown := waiting
	unknown.ID = "no-such-job"
	if err := c.CancelJob(t.Context(), unknown); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("cancel what is not there: %v", err)
	}
	for _, j := range all {
		keepsTo(t, s.Config.Credential, j)
	}
}

// interrupted breaks each request of a listing in turn, in several ways, and
// demands an error each time. A new client asks at a new address every time, so
// that its logins are broken too, and what an earlier one still had under way
// when it gave up is not counted.
func interrupted(t *testing.T, s *stage, list func(provider.Client) error) {
	t.Helper()
	s.forget()
	s.elsewhere(t, func(c provider.Client) {
		if err := list(c); err != nil {
			t.Fatalf("the listing fails by itself: %v", err)
		}
	})
	requests := len(s.seen())
	for at := range requests {
		for name, handler := range map[string]http.HandlerFunc{
			"503": simhttp.Answer(http.StatusServiceUnavailable, "text/plain", "busy"),
			"429": simhttp.Answer(http.StatusTooManyRequests, "application/json", "{}"),
			"401": simhttp.Answer(http.StatusUnauthorized, "application/json", "{}"),
			"403": simhttp.Answer(http.StatusForbidden, "application/json", "{}"),
			"404": simhttp.Answer(http.StatusNotFound, "application/json", "{}"),
			"204": simhttp.Answer(http.StatusNoContent, "", ""),
			"{}":  simhttp.Answer(http.StatusOK, "application/json", "{}"),
			"[]":  simhttp.Answer(http.StatusOK, "application/json", "[]"),
			"cut": nil,
		} {
			counted := &nth{at: at, broken: handler}
			s.breaks(simhttp.Fault{Handler: counted.handler(s)})
			s.elsewhere(t, func(c provider.Client) {
				if err := list(c); err == nil {
					t.Errorf("request %d of %d answered with %s, and the list is said to be whole", at+1, requests, name)
				}
			})
			s.mend()
		}
	}
}

func sessions(t *testing.T, s *stage) {
	c, ok := s.client(t).(provider.SessionLister)
	if !ok || s.Session == nil {
		return
	}
	opened := s.Session()
	listed, err := collect(c.Sessions(t.Context()))
	if err != nil || len(listed) != 1 || listed[0].ID != opened.ID {
		t.Fatalf("%+v, %v", listed, err)
	}
	interrupted(t, s, func(c provider.Client) error {
		_, err := collect(must[provider.SessionLister](t, c).Sessions(t.Context()))
		return err
	})
	ender, ok := c.(provider.SessionEnder)
	if !ok {
		return
	}
	if err := ender.EndSession(t.Context(), listed[0]); err != nil {
		t.Errorf("end: %v", err)
	}
	if err := ender.EndSession(t.Context(), listed[0]); !errors.Is(err, provider.ErrOver) {
		t.Errorf("end again: %v", err)
	}
	if listed, err := collect(c.Sessions(t.Context())); err != nil || len(listed) != 0 {
		t.Errorf("after the end: %+v, %v", listed, err)
	}
}

func needsCredential(t *testing.T, s *stage) {
	c := s.client(t, func(c *provider.Config) { c.Credential = secret.Value{} })
	lacks := func(what string, err error) {
		if !errors.Is(err, provider.ErrNoCredential) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if x, ok := c.(provider.JobLister); ok {
		_, err := collect(x.Jobs(t.Context(), provider.Window{}))
		lacks("jobs", err)
	}
	if x, ok := c.(provider.JobCanceler); ok {
		lacks("cancel", x.CancelJob(t.Context(), provider.Job{ID: "x"}))
	}
	if x, ok := c.(provider.SessionLister); ok {
		_, err := collect(x.Sessions(t.Context()))
		lacks("sessions", err)
	}
	if x, ok := c.(provider.SessionEnder); ok {
		lacks("end", x.EndSession(t.Context(), provider.Session{ID: "x"}))
	}
	if x, ok := c.(provider.Lister); ok {
		_, err := collect(x.Keys(t.Context(), provider.Extent{}))
		lacks("keys", err)
	}
	if x, ok := c.(provider.Issuer); ok {
		_, err := x.Issue(t.Context(), provider.Order{Name: "x"})
		lacks("issue", err)
	}
	if x, ok := c.(provider.Revoker); ok {
		lacks("revoke", x.Revoke(t.Context(), "x"))
	}
	if seen := s.seen(); len(seen) != 0 {
		t.Errorf("asked: %v", seen)
	}
}
