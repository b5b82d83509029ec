package sweep_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/sweep"
)

// shop is an organisation for tests: a directory in which each file is a
// repository, and each line of it a finding. A line can say what goes wrong.
type shop struct {
	dir string
	// log is a file to which each reading adds the repository's name; "" for none.
	log string
	// slow is how long a reading takes.
	slow time.Duration
}

func (s shop) List(_ context.Context, target string) ([]sweep.Listed, error) {
	entries, err := os.ReadDir(target)
	if errors.Is(err, os.ErrNotExist) {
		return nil, sweep.ErrGone
	}
	if err != nil {
		return nil, err
	}
	var listed []sweep.Listed
	for _, e := range entries {
		path := filepath.Join(target, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		h := fnv.New64a()
		_, _ = h.Write(text)
		listed = append(listed, sweep.Listed{Name: path, Location: path, State: fmt.Sprintf("%x", h.Sum64()), Pushed: time.Now()})
	}
	return listed, nil
}

func (s shop) Fetch(_ context.Context, r records.Repository) (sweep.Copy, error) {
	text, err := os.ReadFile(r.Location)
	if errors.Is(err, os.ErrNotExist) || strings.HasPrefix(string(text), "vanished") {
		return sweep.Copy{}, sweep.ErrGone
	}
	if busy := r.Location + ".busy"; strings.HasPrefix(string(text), "busy") {
		busy = filepath.Join(filepath.Dir(s.log), filepath.Base(busy))
		if _, err := os.Stat(busy); err != nil {
			return sweep.Copy{}, errors.Join(&sweep.BusyError{After: time.Second}, os.WriteFile(busy, nil, 0o600))
		}
	}
	return sweep.Copy{Dir: r.Location}, err
}

func (s shop) Read(ctx context.Context, c sweep.Copy) (sweep.Reading, error) {
	if s.log != "" {
		f, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return sweep.Reading{}, err
		}
		_, err = f.WriteString(filepath.Base(c.Dir) + "\n")
		if err = errors.Join(err, f.Close()); err != nil {
			return sweep.Reading{}, err
		}
	}
	select {
	case <-ctx.Done():
		return sweep.Reading{}, context.Cause(ctx)
	case <-time.After(s.slow):
	}
	text, err := os.ReadFile(c.Dir)
	got := sweep.Reading{Complete: !strings.HasPrefix(string(text), "partial")}
	if strings.HasPrefix(string(text), "broken") {
		return got, fmt.Errorf("it is broken: %w", sweep.ErrUnreadable)
	}
	for line := range strings.FieldsSeq(string(text)) {
		got.Sightings = append(got.Sightings, records.Sighting{
			ID: filepath.Base(c.Dir) + "/" + line, Path: line, Referenced: true,
			Kind: records.Kind{Fingerprint: line, Rule: "rule", Provider: "ionq", Confidence: "high"},
		})
	}
	return got, err
}

// step is a step that says that it was done.
func step(name string, fails bool) sweep.NamedStep {
	return sweep.NamedStep{Name: name, Do: func(context.Context, records.Run) (json.RawMessage, error) {
		if fails {
			return json.RawMessage(`{"failed":1}`), sweep.ErrPartly
		}
		return json.RawMessage(`{"name":"` + name + `"}`), nil
	}}
}

func (s shop) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// want is what each repository's findings must be.
func (s shop) want(t *testing.T) []string {
	t.Helper()
	listed, err := s.List(t.Context(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range listed {
		text, err := os.ReadFile(l.Location)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.FieldsSeq(string(text)) {
			want = append(want, filepath.Base(l.Name)+"/"+line)
		}
	}
	slices.Sort(want)
	return want
}

// opened opens a database with all its tables.
func opened(t *testing.T, name string) *records.Store {
	t.Helper()
	s, err := records.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		recordstest.Sound(t, s)
		_ = s.Close()
	})
	if err := sweep.Migrate(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// working runs a worker beside the test.
func working(t *testing.T, o sweep.Options) {
	t.Helper()
	w, err := sweep.NewWorker(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	beside(func() { ended <- w.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the worker ended with: %v", err)
		}
	})
}

// await waits for the end of a run.
func await(t *testing.T, s *records.Store, run int64) records.Run {
	t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r, err := s.Run(t.Context(), run)
		if err == nil && r.State.Over() {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("the run is %+v, %v", r, err)
		}
	}
}

// open are the findings of a database that are open.
func openFindings(t *testing.T, s *records.Store) []string {
	t.Helper()
	found, err := s.Findings(t.Context(), records.Filter{Open: true}, records.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	return sorted(ids)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
