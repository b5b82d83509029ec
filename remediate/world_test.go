package remediate_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/scanner/finding"
)

// crash is what a killed process leaves: a test panics with it, and goes on as
// the next process.
type crash struct{ point string }

// world is one account of a simulated provider, with stores, a person, a journal
// and a vault in memory. It outlives crashes.
type world struct {
	t        *testing.T
	provider string
	ibm      *ibm.Sim
	ionq     *ionq.Sim
	qbraid   *qbraid.Sim
	origins  map[string]string
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	stop     func()

	own, old, bystander secret.Value
	target              key.Key
	owner               string
	order               remediate.Order

	stores  map[string]*memoryStore
	journal *memoryJournal
	vault   *memoryVault
	person  *fakePerson
	// desk is the web console, where a driver works it; nil is nobody.
	desk *fakeDesk
	plan remediate.Plan

	// book is the journal on disk, in this process; nil is memory only.
	book *remediate.Book
	disk *diskOfTest

	// ahead is by how much the provider's clock is ahead of this computer's.
	ahead time.Duration

	// running is what the plan knows to run; alone is that nobody else sees it.
	running remediate.Running
	alone   bool
	// alerts are those of GitHub that the plan names; closed is asked to close one.
	alerts []string
	closed func(alert, comment string) error
	// ctx is that of the present run, which cancel ends: at the event cancelAt, or at
	// the request cutAt, late if that has its effect all the same.
	ctx                       context.Context
	cancel                    func()
	cancelAt, requests, cutAt int
	late                      bool

	// events counts what happened in this process; it dies at dieAt.
	events, dieAt int
	trace         []string
	check         func(point string)
}

// pipeListener serves connections in memory: in a bubble of synctest there is
// no network.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// newWorld makes an account in which Ada's key is to be replaced. It must be
// called in a bubble.
func newWorld(t *testing.T, name string, lag time.Duration) *world {
	t.Helper()
	w := &world{t: t, provider: name, stores: map[string]*memoryStore{}, origins: map[string]string{}}
	w.journal, w.vault, w.person = &memoryJournal{w: w}, &memoryVault{w: w, sealed: map[string]secret.Value{}}, &fakePerson{w: w}
	created := time.Now().Add(-200 * days)
	var handler http.Handler
	switch name {
	case "ibm":
		s := ibm.New(ibm.Options{Lag: lag})
		ada := s.Join(ibm.Identity{Name: "Ada", Administrator: true})
		ownKey, own := s.Create(ibm.Key{Name: "qleaks", Owner: ada.ID})
		k, old := s.Create(ibm.Key{Name: "laptop", Owner: ada.ID})
		other, bystander := s.Create(ibm.Key{Name: "other", Owner: ada.ID})
		for _, id := range []string{ownKey.ID, k.ID, other.ID} {
			s.Age(id, created, time.Now().Add(-days), 9)
		}
		w.ibm, w.own, w.old, w.bystander, w.owner, handler = s, own, old, bystander, ada.ID, s
		for service, server := range s.Servers() {
			w.origins[service] = "http://127.0.0.1:1" + server.Base()
		}
		w.target = key.Key{Provider: name, ID: k.ID, Name: "laptop", Kind: "user", Owner: key.Party{ID: ada.ID}, Account: key.Party{ID: s.Account}}
	case "ionq":
		s := ionq.New(ionq.Options{Lag: lag})
		_, w.own = s.Create(ionq.Key{Name: "qleaks", Project: "p", Created: created})
		k, old := s.Create(ionq.Key{Name: "laptop", Project: "p", Created: created})
		_, w.bystander = s.Create(ionq.Key{Name: "other", Project: "p", Created: created})
		w.ionq, w.old, handler = s, old, s
		w.origins["api"] = "http://127.0.0.1:1" + s.Base()
		w.target = key.Key{Provider: name, ID: k.ID, Name: "laptop", Owner: key.Party{Name: "Ada"}, Project: key.Party{ID: "p"}}
	case "qbraid":
		s := qbraid.New(qbraid.Options{Lag: lag})
		ada := s.Join(qbraid.User{Name: "ada"})
		w.own = s.Create(qbraid.Key{Name: "qleaks", User: ada.ID, Created: created})
		w.old = s.Create(qbraid.Key{Name: "laptop", User: ada.ID, Created: created})
		w.bystander = s.Create(qbraid.Key{Name: "other", User: ada.ID, Created: created})
		w.qbraid, w.owner, handler = s, ada.ID, s
		w.origins["api"] = "http://127.0.0.1:1" + s.Base()
		w.target = key.Key{Provider: name, Name: "laptop", Owner: key.Party{ID: ada.ID}, Account: key.Party{ID: s.Organisation}}
	}
	w.target.Dates.Created = created
	w.target.Use = key.Use{Known: true, Last: time.Now().Add(-days)}
	w.serve(handler)
	for _, store := range []string{"ci", "laptop"} {
		w.stores[store] = &memoryStore{w: w, name: store, versions: []secret.Value{w.old}}
	}
	return w
}

func (w *world) serve(handler http.Handler) {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	told := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.requests++; w.requests == w.cutAt {
			if w.late {
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
			w.cancel()
			panic(http.ErrAbortHandler)
		}
		rw.Header().Set("Date", time.Now().Add(w.ahead).UTC().Format(http.TimeFormat))
		handler.ServeHTTP(rw, r)
	})
	server := &http.Server{Handler: told, ReadHeaderTimeout: time.Hour}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	w.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case l.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	w.stop = func() { _ = server.Close(); <-served }
}

// server is where faults are put.
func (w *world) server() *simhttp.Server {
	switch w.provider {
	case "ibm":
		return w.ibm.IAM
	case "ionq":
		return w.ionq.Server
	}
	return w.qbraid.Server
}

func (w *world) works(v secret.Value) bool {
	switch w.provider {
	case "ibm":
		return w.ibm.Works(v)
	case "ionq":
		return w.ionq.Works(v)
	}
	return w.qbraid.Works(v)
}

// ours counts the live keys that qleaks made.
func (w *world) ours() (n int) {
	var names []string
	switch w.provider {
	case "ibm":
		for _, id := range w.ibm.IDs() {
			names = append(names, w.ibm.NameOf(id))
		}
	case "ionq":
		for _, k := range w.ionq.Keys() {
			names = append(names, k.Name)
		}
	case "qbraid":
		for _, k := range w.qbraid.Keys() {
			names = append(names, k.Name)
		}
	}
	for _, name := range names {
		if strings.Contains(name, "--qleaks-") {
			n++
		}
	}
	return n
}

func (w *world) client(v secret.Value) provider.Client {
	kit, _ := all.Named(w.provider)
	c, err := kit.New(provider.Config{Credential: v, Origins: w.origins, Dial: w.dial, Patience: time.Second})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// draft plans the replacement of the key, with its value sealed.
func (w *world) draft(reach remediate.Reach, order remediate.Order) remediate.Row {
	asOf := time.Now().UTC().Truncate(time.Second)
	e := &inventory.Entry{Key: w.target, Accounts: []string{"lab"}, AsOf: asOf}
	if finder, ok := w.client(w.own).(provider.Finder); ok {
		k, err := finder.Find(w.t.Context(), w.target.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		e.Key = k
	}
	c := remediate.Candidate{Salt: "public", Others: !w.alone, Running: w.running, Order: order, Exposure: remediate.Exposure{Reach: reach, Since: asOf.Add(-time.Hour)}, Alerts: w.alerts}
	c.Case = &hygiene.Case{
		Provider: w.provider, Entry: e, Standing: inventory.Listed, Basis: inventory.ByID, Fingerprints: []secret.Fingerprint{secret.Fingerprinter{}.Of(w.old)},
		Places: []hygiene.Place{{Path: "a.py"}}, Check: &finding.Check{Provider: w.provider, Verdict: key.Verdict{Status: key.Active, Evidence: key.Evidence{Asked: asOf}}},
	}
	m := guided()
	switch {
	case w.provider == "ibm":
		m = allAPI()
	case w.desk != nil:
		m.Hands = handsOf(remediate.ByConsole)
	}
	m.Stores = func(remediate.Target) []string { return []string{"ci", "laptop"} }
	p := remediate.DefaultPolicy()
	p.CloseAlerts = len(w.alerts) > 0
	w.plan = remediate.Draft(remediate.Gathered{Now: asOf, Requester: "grace", Cases: []remediate.Candidate{c}, Entries: []*inventory.Entry{e}}, p, m)
	if len(w.plan.Rows) != 1 {
		w.t.Fatalf("no plan: %+v", w.plan.Left)
	}
	row := w.plan.Rows[0]
	w.vault.sealed[remediate.OldValue(row.ID)] = w.old
	w.order = row.Order
	return row
}

func (w *world) machine() *remediate.Machine {
	p := remediate.DefaultPolicy()
	p.Mode = remediate.ModeAuto
	c := w.client(w.own)
	hands := map[remediate.Hands]remediate.Performer{remediate.ByPerson: remediate.Guided(w.person)}
	if w.provider == "ibm" {
		hands[remediate.ByAPI] = remediate.API(c)
	}
	if w.desk != nil {
		hands[remediate.ByConsole] = w.desk.hands()
	}
	return &remediate.Machine{
		Site: remediate.Site{
			Client: c, Hands: hands, Person: w.person, Store: w.open, Journal: w.journal, Vault: w.vault,
			Value: func(remediate.Target) (secret.Value, bool) { return w.old, true },
			As:    func(v secret.Value) (provider.Client, error) { return w.client(v), nil },
		},
		CloseAlert: func(_ context.Context, alert, comment string) error { return w.closed(alert, comment) },
		Policy:     p, Actor: "grace", Patience: 30 * days, Points: w,
	}
}

func (w *world) open(name string, _ remediate.Row) (remediate.Store, error) {
	if s := w.stores[name]; s != nil {
		return s, nil
	}
	return nil, errors.New("there is no such store")
}

// At implements remediate.Points: every step is looked at, and some kill.
func (w *world) At(point string) { w.event(point) }

func (w *world) event(point string) {
	w.events++
	w.trace = append(w.trace, point)
	if w.check != nil {
		w.check(point)
	}
	if w.events == w.dieAt {
		panic(crash{point})
	}
	if w.events == w.cancelAt {
		w.cancel()
	}
}

// process runs one process to its end or its death.
func (w *world) process(dieAt int, do func(m *remediate.Machine) (remediate.Result, error)) (result remediate.Result, err error, died bool) { //nolint:revive // the death is no error
	w.events, w.dieAt = 0, dieAt
	if w.disk != nil {
		w.disk.open(w)
		defer func() { w.disk.end(w, died) }()
	}
	defer func() {
		if c := recover(); c != nil {
			if _, ok := c.(crash); !ok {
				panic(c)
			}
			died = true
		}
	}()
	result, err = do(w.machine())
	return result, err, false
}

// goOn is what whoever was cut short does: resume, or apply if nothing was begun.
func (w *world) goOn(m *remediate.Machine) (remediate.Result, error) {
	ctx := w.ctx
	if ctx == nil {
		ctx = w.t.Context()
	}
	if len(w.journal.records) == 0 {
		return m.Apply(ctx, w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
	}
	return m.Resume(ctx)
}

// memoryJournal is a journal of which each record is safe or was never written.
type memoryJournal struct {
	w       *world
	records []remediate.Record
	fail    error
}

func (j *memoryJournal) Append(r remediate.Record) error {
	j.w.event("before record " + string(r.Kind) + " " + string(r.Do))
	if j.fail != nil {
		return j.fail
	}
	r.Facts = maps.Clone(r.Facts)
	for name, text := range r.Facts {
		for _, v := range []secret.Value{j.w.old, j.w.own} {
			if v.In(text) {
				j.w.t.Errorf("the journal holds material in %q", name)
			}
		}
	}
	if j.w.book != nil {
		if err := j.w.book.Append(r); err != nil {
			return err
		}
	}
	j.records = append(j.records, r)
	j.w.event("after record " + string(r.Kind) + " " + string(r.Do))
	return nil
}

func (j *memoryJournal) Records() ([]remediate.Record, error) {
	if j.w.book != nil {
		return j.w.book.Records()
	}
	return slices.Clone(j.records), nil
}

// intended reports whether the last word on a kind of step is that it is about
// to be done.
func (j *memoryJournal) intended(actions ...remediate.Action) bool {
	last := map[remediate.Action]remediate.Kind{}
	for _, r := range j.records {
		if r.Step >= 0 {
			last[r.Do] = r.Kind
		}
	}
	for do, kind := range last {
		if slices.ContainsFunc(actions, func(a remediate.Action) bool { return strings.HasPrefix(string(do), string(a)) }) && (kind == remediate.Intent || kind == remediate.NobodyKnows || kind == remediate.Undone) {
			return true
		}
	}
	return false
}

type memoryVault struct {
	w      *world
	sealed map[string]secret.Value
}

func (v *memoryVault) Seal(name string, value secret.Value) error {
	v.w.event("before sealing")
	if before, ok := v.sealed[name]; ok && !before.Equal(value) {
		return errors.New("another value is sealed under the name")
	}
	if v.w.book != nil {
		if err := v.w.book.Seal(name, value); err != nil {
			return err
		}
	}
	v.sealed[name] = value
	v.w.event("after sealing")
	return nil
}

func (v *memoryVault) Open(name string) (secret.Value, error) {
	if v.w.book != nil {
		return v.w.book.Open(name)
	}
	value, ok := v.sealed[name]
	if !ok {
		return value, remediate.ErrNoValue
	}
	return value, nil
}

func (v *memoryVault) Forget(name string) error {
	v.w.event("before forgetting")
	if v.w.book != nil {
		if err := v.w.book.Forget(name); err != nil {
			return err
		}
	}
	delete(v.sealed, name)
	v.w.event("after forgetting")
	return nil
}

// memoryStore keeps versions; its mark is their number.
type memoryStore struct {
	w        *world
	name     string
	versions []secret.Value
	// faults go wrong one after the other: "lost", "late" (after effect), "" is
	// fine.
	faults []string
}

func (s *memoryStore) mark() string { return fmt.Sprint(len(s.versions)) }

func (s *memoryStore) now() secret.Value { return s.versions[len(s.versions)-1] }

func (s *memoryStore) Check(context.Context) (string, error) { return s.mark(), nil }

func (s *memoryStore) Put(_ context.Context, v secret.Value, mark string) (string, error) {
	s.w.event("before put " + s.name)
	if !s.w.journal.intended(remediate.Distribute, "bring back") {
		s.w.t.Error("a store is written without an intent")
	}
	fault := ""
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	if fault == "lost" {
		return "", store.ErrLost
	}
	switch {
	case s.now().Equal(v):
	case mark != s.mark():
		return "", store.ErrChanged
	default:
		s.versions = append(s.versions, v)
	}
	s.w.event("after put " + s.name)
	if fault == "late" {
		return "", store.ErrLost
	}
	return s.mark(), nil
}

func (s *memoryStore) Confirm(_ context.Context, v secret.Value) (bool, error) {
	if !s.now().Equal(v) {
		return false, store.ErrDiffers
	}
	return true, nil
}

func (s *memoryStore) Restore(_ context.Context, mark string) error {
	var n int
	if _, err := fmt.Sscan(mark, &n); err != nil || n < 1 || n > len(s.versions) {
		return errors.New("there is no such version")
	}
	if !s.now().Equal(s.versions[n-1]) {
		s.versions = append(s.versions, s.versions[n-1])
	}
	return nil
}
