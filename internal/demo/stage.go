package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	"github.com/qleaks/qleaks/internal/secret"
	console "github.com/qleaks/qleaks/remediate/console/sim"
)

// StateName is the file by which a demonstration that runs is found; a directory
// without it is none.
const StateName = "demo.json"

// State is where a demonstration that runs can be spoken to.
type State struct {
	// Process is its id, for people; it is ended by Stop.
	Process int    `json:"process"`
	Control string `json:"control"`
	// Token keeps others on this computer from speaking to it.
	Token string `json:"token"`
	// Console is the page of IonQ's simulated console.
	Console string `json:"console"`
}

// stage is a world that others can speak to.
type stage struct {
	world *World
	state State
	stop  context.CancelFunc
}

const (
	// longest is how long a forgotten demonstration stays up.
	longest = 24 * time.Hour
	// glance is how often it looks whether its directory is still there.
	glance = 5 * time.Second
)

// Serve keeps a world up in this process until Stop is asked for, ctx ends, its
// directory goes or a day is over, and tells ready when it can be spoken to.
func (w *World) Serve(ctx context.Context, dir string, ready func(State) error) error {
	ctx, stop := context.WithTimeout(ctx, longest)
	defer stop()
	s := &stage{world: w, stop: stop, state: State{Process: os.Getpid(), Token: rand.Text()}}
	var err error
	if s.state.Control, err = w.listen(ctx, s.handler()); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	page, err := w.listen(ctx, console.New(console.Options{Provider: "ionq", Open: true, Account: w.account()}))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s.state.Console = page + "/"
	text, err := json.MarshalIndent(s.state, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, StateName), append(text, '\n'), 0o600)
	}
	if err == nil {
		err = ready(s.state)
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	looks := time.NewTicker(glance)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
			if found, err := Find(dir); err != nil || found.Token != s.state.Token {
				return nil // it was removed by hand
			}
		}
	}
}

// account is what the console of IonQ shows and changes.
func (w *World) account() console.Account {
	shownAs := func(k ionq.Key) console.Key {
		return console.Key{ID: k.ID, Name: k.Name, Project: k.Project, Created: k.Created, Used: k.Used}
	}
	return console.Account{
		Projects: []string{"bell-lab", "course-2025", "administration"},
		Keys: func() (all []console.Key) {
			for _, k := range w.IonQ.Keys() {
				all = append(all, shownAs(k))
			}
			return all
		},
		Create: func(name, project string) (console.Key, secret.Value) {
			k, v := w.IonQ.Create(ionq.Key{Name: name, Project: project, Owner: "Ada"})
			return shownAs(k), v
		},
		Revoke: w.IonQ.Revoke,
	}
}

// handler answers what the commands of demo ask.
func (s *stage) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { s.stop() })
	mux.HandleFunc("POST /keys", func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		for _, k := range s.world.IonQ.Keys() {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", k.Name, k.Project, shown(k.Used))
		}
		_, _ = io.WriteString(w, b.String()) // who asked has gone
	})
	mux.HandleFunc("POST /new", func(w http.ResponseWriter, r *http.Request) {
		value, ok := s.world.Make(r.URL.Query().Get("name"), r.URL.Query().Get("project"))
		if !ok {
			w.WriteHeader(http.StatusConflict)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, value.Reveal()) //nolint:gosec // letters and digits, and no browser asks
	})
	mux.HandleFunc("POST /revoke", func(w http.ResponseWriter, r *http.Request) {
		if !s.world.Revoke(r.URL.Query().Get("name")) {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	mux.HandleFunc("POST /jobs", func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		for _, j := range s.world.IonQ.Jobs() {
			if j.Status != "completed" {
				fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", j.ID, j.Name, j.Submitter, j.Status)
			}
		}
		_, _ = io.WriteString(w, b.String()) // who asked has gone
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.state.Token)) != 1 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Errors of demonstrations.
var (
	// ErrNoDemo says that a directory is no demonstration.
	ErrNoDemo = errors.New("there is no demonstration")
	// ErrDown says that its providers do not answer any more.
	ErrDown = errors.New("its simulated providers do not run any more")
	// ErrTaken says that a key of that name is there.
	ErrTaken = errors.New("there is a key of that name")
	// ErrNoKey says that no key of that name is there.
	ErrNoKey = errors.New("there is no key of that name")
)

// maxState is how long a state or an answer may be, in bytes.
const maxState = 64 << 10

// Find reads the state of the demonstration in a directory; ErrNoDemo if there is
// none.
func Find(dir string) (State, error) {
	var s State
	f, err := os.Open(filepath.Join(dir, StateName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNoDemo
	}
	if err != nil {
		return s, fmt.Errorf("demo: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil || !strings.HasPrefix(s.Control, "http://127.0.0.1:") {
		return State{}, ErrNoDemo
	}
	return s, nil
}

// Ask asks a demonstration for something; query says what it is about.
func (s State) Ask(ctx context.Context, what, query string) (answer []byte, err error) {
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Control+"/"+what+"?"+query, nil)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Do(r)
	if err != nil {
		return nil, ErrDown
	}
	defer reply.Body.Close()
	switch reply.StatusCode {
	case http.StatusOK:
		answer, err = io.ReadAll(io.LimitReader(reply.Body, maxState))
		return bytes.TrimSpace(answer), err
	case http.StatusConflict:
		return nil, ErrTaken
	case http.StatusNotFound:
		return nil, ErrNoKey
	}
	return nil, ErrDown // another program has the port by now
}

// Stop ends a demonstration, if it still runs.
func (s State) Stop(ctx context.Context) error {
	if _, err := s.Ask(ctx, "stop", ""); err != nil && !errors.Is(err, ErrDown) {
		return err
	}
	return nil
}
