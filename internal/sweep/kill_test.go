package sweep_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// killsVariable is how often each worker is killed: a sample by default.
const killsVariable = "QLEAKS_KILLS"

// massacre is a sweep whose workers are killed at random.
type massacre struct {
	workers, kills, repositories int
	// restart is done in the middle; nil for nothing.
	restart func()
}

func kills(t *testing.T, sample int) int {
	t.Helper()
	text := os.Getenv(killsVariable)
	if text == "" {
		return sample
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestKilledWorkersLoseNothingOnAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for workers to be missed")
	}
	server := peertest.Postgres(t)
	n, workers := kills(t, 2), 2
	if n > 2 {
		workers = 4
	}
	m := massacre{workers: workers, kills: n, repositories: 60 * n, restart: func() { server.Restart(t) }}
	m.run(t, server.Address)
}

func TestAKilledWorkerLosesNothingInAFile(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for workers to be missed")
	}
	n := kills(t, 2)
	m := massacre{workers: 1, kills: n, repositories: 40 * n}
	m.run(t, filepath.Join(t.TempDir(), "r.db"))
}

func (m massacre) run(t *testing.T, database string) {
	at := newShop(t)
	for i := range m.repositories {
		at.put(t, fmt.Sprintf("r%03d", i), fmt.Sprintf("k%d shared", i))
	}
	s := opened(t, database)
	desk, err := sweep.NewDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	started, err := desk.Start(t.Context(), sweep.Request{Target: at.dir, Steps: []string{"verify", "judge"}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	for range m.workers {
		beside(func() {
			defer func() { done <- struct{}{} }()
			for range m.kills {
				before := at.logged()
				w := alone(t, database, at)
				// It is killed while it reads, or does what comes after.
				for deadline := time.Now().Add(20 * time.Second); at.logged() == before && time.Now().Before(deadline); {
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(rand.N(time.Duration(100+100*m.kills) * time.Millisecond))
				_ = w.Process.Kill() // it may have ended with the server
				_ = w.Wait()
			}
		})
	}
	if m.restart != nil {
		time.Sleep(2 * time.Second)
		m.restart()
	}
	for range m.workers {
		<-done
	}
	before, err := s.Run(t.Context(), started.Seq)
	if err != nil {
		t.Fatal(err)
	}
	for range m.workers {
		w := alone(t, database, at)
		t.Cleanup(func() { _ = w.Process.Kill(); _ = w.Wait() })
	}
	ended := await(t, s, started.Seq)
	again := 0
	for _, n := range at.readings(t) {
		again += n - 1
	}
	t.Logf("%d workers killed %d times each: %d of %d repositories were covered by then, %d readings were done again", m.workers, m.kills, before.Covered, m.repositories, again)
	m.check(t, s, ended, at)
}

// logged is how much was read, by anybody.
func (s shop) logged() int64 {
	info, err := os.Stat(s.log)
	if err != nil {
		return 0
	}
	return info.Size()
}

// alone starts a process that works.
func alone(t *testing.T, database string, at shop) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
	}
	w := exec.Command(self)
	w.Env = append(os.Environ(), workerDatabase+"="+database, workerShop+"="+at.dir, workerLog+"="+at.log)
	if err := w.Start(); err != nil {
		t.Error(err)
	}
	return w
}

// check compares with what a sweep does that nobody disturbs.
func (m massacre) check(t *testing.T, s *records.Store, ended records.Run, at shop) {
	t.Helper()
	n := int64(m.repositories)
	if ended.State != records.Done || ended.Expected != n || ended.Covered != n {
		t.Errorf("the run ended as %+v", ended)
	}
	seen := map[int64]bool{}
	for p := (records.Page{}); ; {
		covered, err := s.Covered(t.Context(), ended.Seq, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range covered {
			p.Before = c.Repository
			if seen[c.Repository] || c.Outcome != records.Read || !c.Complete || c.Findings != 2 {
				t.Errorf("coverage %+v", c)
			}
			seen[c.Repository] = true
		}
		if len(covered) < records.MaxPage {
			break
		}
	}
	if len(seen) != m.repositories {
		t.Errorf("%d repositories are covered, of %d", len(seen), m.repositories)
	}
	var found []string
	for p := (records.Page{}); ; {
		page, err := s.Findings(t.Context(), records.Filter{Life: records.New}, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page {
			p.Before = f.Seq
			found = append(found, f.ID)
			if changes, err := s.Changes(t.Context(), f.Seq); err != nil || len(changes) != 1 {
				t.Errorf("the life of %s: %+v, %v", f.ID, changes, err)
			}
		}
		if len(page) < records.MaxPage {
			break
		}
	}
	if diff := cmp.Diff(at.want(t), sorted(found)); diff != "" {
		t.Errorf("findings, %d of them new (-want +got):\n%.2000s", len(found), diff)
	}
	actions, err := s.Actions(t.Context(), records.ActionFilter{}, records.Page{})
	if err != nil || len(actions) != 2 {
		t.Errorf("the steps were done as %+v, %v", actions, err)
	}
}
