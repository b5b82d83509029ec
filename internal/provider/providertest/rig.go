// Package providertest holds every provider's client and simulator to one
// contract, and its verifier to one catalogue of what can come over a network.
package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Rig is a provider with its simulator, set up for tests.
type Rig struct {
	Kit provider.Kit
	// Start makes a simulated provider with some keys.
	Start func(t *testing.T) World
	// Verifying is the request that asks about a value, as the catalogue breaks
	// it.
	Verifying Verifying
}

// Verifying is a provider's way to ask about a value.
type Verifying struct {
	Service, Path string
	// Method is "" for GET, and Change what a Config needs to have it asked this
	// way; nil is nothing.
	Method string
	Change func(*provider.Config)
	// Alone says that no credential of the operator's is there to be asked about.
	Alone bool
	// Accepts is what comes for a key that works, and Refuses for one that does
	// not, word for word; Refuses is zero where this request cannot tell.
	Accepts, Refuses Reply
}

// Reply is an answer without the means to bring it.
type Reply struct {
	Status int
	Body   string
}

// World is a simulated provider with what the contract needs.
type World struct {
	// Services are its servers, by the names of the kit's services.
	Services map[string]*simhttp.Server
	// Config has the credential of the operator, and what else is needed.
	Config provider.Config

	// Live is a key that works; LiveKey is what the provider says of it, as far
	// as verifying tells.
	Live    secret.Value
	LiveKey key.Key
	// Gone is a key that was revoked, and what verifying it must come to: not
	// every provider tells a dead key from somebody else's.
	Gone       secret.Value
	GoneStatus key.Status
	// MadeUp is what verifying a made-up value must come to.
	MadeUp key.Status

	// Job adds a job that waits or one that is over, Session opens a session;
	// nil where there are none.
	Job     func(pending bool) provider.Job
	Session func() provider.Session
}

// stage is a World whose services are up.
type stage struct {
	World

	rig Rig
	log *lockedBuffer
}

func (r Rig) stage(t *testing.T) *stage {
	t.Helper()
	s := &stage{World: r.Start(t), rig: r, log: &lockedBuffer{}}
	origins, down := s.serveAll()
	t.Cleanup(down)
	s.Config.Origins = origins
	s.Config.Log = slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Config.Rate = 1e6
	s.Config.Patience = time.Nanosecond
	return s
}

// serveAll puts the services up at new addresses. down waits for what they are
// at.
func (s *stage) serveAll() (origins map[string]string, down func()) {
	origins = map[string]string{}
	servers := []*httptest.Server{}
	for name, handler := range s.Services {
		server := httptest.NewServer(handler)
		servers = append(servers, server)
		origins[name] = server.URL + handler.Base()
	}
	return origins, func() {
		for _, server := range servers {
			server.Close()
		}
	}
}

// elsewhere gives a new client and addresses of its own to do, and returns when
// the services there have nothing under way any more: requests that a client
// gave up arrive nowhere else.
func (s *stage) elsewhere(t *testing.T, do func(provider.Client)) {
	t.Helper()
	origins, down := s.serveAll()
	defer down()
	do(s.client(t, func(c *provider.Config) { c.Origins = origins }))
}

// client makes a client, after changes to the Config.
func (s *stage) client(t *testing.T, change ...func(*provider.Config)) provider.Client {
	t.Helper()
	c := s.Config
	for _, f := range change {
		f(&c)
	}
	made, err := s.rig.Kit.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return made
}

// seen returns what all services were asked.
func (s *stage) seen() (all []simhttp.Seen) {
	for _, server := range s.Services {
		all = append(all, server.Seen()...)
	}
	return all
}

func (s *stage) forget() {
	for _, server := range s.Services {
		server.Forget()
	}
}

// breaks adds a fault to all services.
func (s *stage) breaks(f simhttp.Fault) {
	for _, server := range s.Services {
		server.Break(f)
	}
}

func (s *stage) mend() {
	for _, server := range s.Services {
		server.Mend()
	}
}

// lockedBuffer is a buffer for loggers of many goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// keepsTo complains where the material of v is in anything that things print.
func keepsTo(t *testing.T, v secret.Value, things ...any) {
	t.Helper()
	for _, thing := range things {
		text := fmt.Sprintf("%v %+v %#v", thing, thing, thing)
		if encoded, err := json.Marshal(thing); err == nil {
			text += string(encoded)
		}
		if !v.IsZero() && (v.In(text) || strings.Contains(text, v.Reveal()[v.Len()/2:])) {
			t.Errorf("%T tells the key", thing)
		}
	}
}
