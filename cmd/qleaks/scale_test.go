package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// The variables of TestScale: how many repositories are made, and which others are
// swept with them, with colons between. The database is a file, or that of
// scaleDatabase.
const (
	scaleRepositories = "QLEAKS_SCALE"
	scaleOthers       = "QLEAKS_SCALE_OTHERS"
	scaleDatabase     = "QLEAKS_SCALE_DATABASE"
)

// scale is an organisation that is swept, and what that costs.
type scale struct {
	t        *testing.T
	qleaks   string
	dir      string
	config   string
	database string
	env      []string
	values   *sample.Values
	rule     *rules.Rule
}

// TestScale tells what sweeps cost: the first one, one in which nothing changed, and
// one in which every hundredth repository did. It is for docs/operations.md.
func TestScale(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(scaleRepositories))
	if err != nil {
		t.Skip("it takes long: " + scaleRepositories + "=2000 runs it")
	}
	s := newScale(t)
	for i := range n {
		s.repository(i)
	}
	s.account(1000)
	s.sweep("first, with the keys of an account", "--step", "keys")
	s.sweep("unchanged")
	s.sweep("unchanged, with the keys of the account", "--step", "keys")
	for i := 0; i < n; i += 100 {
		s.commit(i, 1)
	}
	s.sweep("one in a hundred changed")
	s.sweep("unchanged once more")
}

func newScale(t *testing.T) *scale {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s := &scale{t: t, dir: t.TempDir(), values: sample.NewValues(1), rule: set.Rule("ionq-api-key")}
	s.qleaks = filepath.Join(s.dir, "qleaks")
	if out, err := exec.Command("go", "build", "-o", s.qleaks, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.database = os.Getenv(scaleDatabase)
	if s.database == "" {
		s.database = filepath.Join(s.dir, "records.db")
	}
	s.config = filepath.Join(s.dir, "config.toml")
	s.env = append(os.Environ(), "QLEAKS_DATABASE="+s.database, "QLEAKS_INVENTORY="+filepath.Join(s.dir, "inventory"), "HOME="+s.dir)
	targets := "organisation\n" + strings.ReplaceAll(os.Getenv(scaleOthers), ":", "\n") + "\n"
	s.write("targets.txt", targets)
	s.write("config.toml", "[accounts.lab]\nprovider = \"ibm\"\ncredential = \"env:SCALE_OPERATOR\"\neverybody = true\n")
	return s
}

func (s *scale) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// account is one of IBM's with so many keys.
func (s *scale) account(keys int) {
	at := ibm.New(ibm.Options{})
	admin := at.Join(ibm.Identity{Name: "Grace", Email: "grace@example.test", Administrator: true})
	_, operator := at.Create(ibm.Key{Name: "operator", Owner: admin.ID})
	for i := range keys - 1 {
		at.Create(ibm.Key{Name: fmt.Sprintf("job-%d", i), Owner: admin.ID})
	}
	server := httptest.NewServer(at)
	s.t.Cleanup(server.Close)
	var endpoints []string
	for name, service := range at.Servers() {
		endpoints = append(endpoints, "ibm."+name+"="+server.URL+service.Base())
	}
	s.env = append(s.env, "SCALE_OPERATOR="+operator.Reveal(), "QLEAKS_ENDPOINT="+strings.Join(endpoints, ","))
}

// repository makes one with some files and ten commits; every second has a key.
func (s *scale) repository(i int) {
	dir := s.path(i)
	s.git("", "init", "-q", "--bare", "-b", "main", dir)
	s.commit(i, 10)
}

func (s *scale) path(i int) string {
	return filepath.Join(s.dir, "organisation", fmt.Sprintf("team%02d", i%40), fmt.Sprintf("repository%05d.git", i))
}

// commit adds commits to a repository, each of which changes some files.
func (s *scale) commit(i, commits int) {
	r := rand.New(rand.NewPCG(uint64(i), uint64(commits)))
	var b strings.Builder
	for c := range commits {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter a <a@example.test> %d +0000\ndata 6\nchange\n", 1_700_000_000+i+c)
		if c == 0 && commits == 1 {
			b.WriteString("from refs/heads/main^0\n")
		}
		for f := range 4 {
			text := s.text(r, i, commits, c, f)
			fmt.Fprintf(&b, "M 100644 inline src/module%d/circuit%d.py\ndata %d\n%s\n", f, r.IntN(6), len(text), text)
		}
	}
	b.WriteString("done\n")
	cmd := exec.Command("git", "--git-dir="+s.path(i), "fast-import", "--quiet", "--done")
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
}

// text is a program of some kilobytes, in one of two repositories with a key.
func (s *scale) text(r *rand.Rand, i, commits, c, f int) string {
	var b strings.Builder
	b.WriteString("from qiskit_ionq import IonQProvider\n")
	for range 20 + r.IntN(60) {
		fmt.Fprintf(&b, "circuit.cx(%d, %d)  # %x\nangles[%d] = %f\n", r.IntN(30), r.IntN(30), r.Uint64(), r.IntN(99), r.Float64())
	}
	if i%2 == 0 && c == commits-1 && f == 0 {
		fmt.Fprintf(&b, "provider = IonQProvider(%q)\n", sample.Key(s.rule, s.values))
	}
	return b.String()
}

func (s *scale) git(dir string, args ...string) {
	s.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// sweep sweeps, and tells what that cost: the program and all that it started.
func (s *scale) sweep(what string, more ...string) {
	s.t.Helper()
	cmd := exec.Command(s.qleaks, append([]string{"sweep", "run", "@" + filepath.Join(s.dir, "targets.txt"), "--config", s.config, "--quiet"}, more...)...)
	cmd.Env = s.env
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		s.t.Fatalf("%v\n%s", err, out)
	}
	size := int64(0)
	for _, name := range []string{s.database, s.database + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	s.t.Logf("%s: %v, CPU %v, at most %d MiB in one process, database %.1f MiB\n%s",
		what, time.Since(began).Round(time.Millisecond), cpu.Round(time.Millisecond), mostMemory(cmd.ProcessState)>>20, float64(size)/(1<<20), out)
}
