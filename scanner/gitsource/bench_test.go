//go:build unix

package gitsource

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
)

// benchRepository is the one at QLEAKS_BENCH_REPO, or one that is made: some
// thousand commits of a few hundred files.
func benchRepository(b *testing.B) *Repository {
	dir := os.Getenv("QLEAKS_BENCH_REPO")
	if dir == "" {
		dir = filepath.Join(b.TempDir(), "made.git")
		random := rand.New(rand.NewPCG(1, 2))
		var in strings.Builder
		for n := range 4000 {
			fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 2\nm\n\n", 1_700_000_000+n)
			body := fmt.Sprintf("change %d\n", n)
			fmt.Fprintf(&in, "M 100644 inline d%d/e%d/f%d\ndata %d\n%s\n", random.IntN(10), random.IntN(10), random.IntN(10), len(body), body)
		}
		git(b, "", "init", "-q", "--bare", dir)
		git(b, in.String(), "-C", dir, "fast-import", "--quiet")
		git(b, "", "-C", dir, "gc", "-q")
	}
	r, err := Discover(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func git(b *testing.B, input string, args ...string) {
	command := exec.Command("git", args...)
	command.Stdin = strings.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("git %q: %v: %s", args, err, out)
	}
}

// cpu is the time that the process spent, user and system.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// reportCPU tells the processor's time instead of the clock's, which says
// little on a machine that is shared.
func reportCPU(b *testing.B, spent time.Duration) {
	b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkOpenObjects(b *testing.B) {
	r, before := benchRepository(b), cpu()
	for b.Loop() {
		o, _, err := r.openObjects()
		if err != nil {
			b.Fatal(err)
		}
		if err := o.close(); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, cpu()-before)
}

// BenchmarkLinked examines the commits and the tags by the built-in rules.
func BenchmarkLinked(b *testing.B) {
	set, err := rules.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	s := newSearch(benchRepository(b), &inspect.Inspector{Rules: set}, 0, nil)
	if err := s.open(); err != nil {
		b.Fatal(err)
	}
	defer s.objects.close()
	before := cpu()
	for b.Loop() {
		workers := s.examiners()
		if err := s.read(b.Context(), workers, pack.Only(pack.Commit, pack.Tag), (*examiner).content); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, cpu()-before)
}

// BenchmarkAttribution reads the trees without a hit, and with a thousand blobs
// for hits, and tells where they stand.
func BenchmarkAttribution(b *testing.B) {
	s := newSearch(benchRepository(b), nil, 0, nil)
	if err := s.open(); err != nil {
		b.Fatal(err)
	}
	defer s.objects.close()
	workers := s.examiners()
	var blobs []uint32
	s.jobs = 1
	err := s.read(b.Context(), workers, pack.Only(pack.Blob, pack.Commit, pack.Tag), func(e *examiner, o object) error {
		if o.kind == pack.Blob {
			blobs = append(blobs, o.index)
		} else {
			e.headers.parse(o.data)
			e.link(o, &e.headers, true)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	s.jobs = len(workers)
	s.walked.refs = s.repo.refs(func(string, error) {})
	for _, hits := range []int{0, 10, 1000} {
		clear(s.found)
		for n := range min(hits, len(blobs)) {
			object := blobs[n*len(blobs)/hits]
			s.found[object] = &hit{object: object, kind: pack.Blob}
		}
		b.Run(fmt.Sprintf("hits=%d", hits), func(b *testing.B) {
			before := cpu()
			for b.Loop() {
				attributeOnce(b, s, workers)
			}
			reportCPU(b, cpu()-before)
		})
	}
}

func attributeOnce(b *testing.B, s *search, linked []*examiner) {
	workers := s.examiners()
	for n, w := range workers {
		w.lineage, w.tags = linked[n].lineage, linked[n].tags
	}
	s.logTrees(workers)
	if err := s.read(b.Context(), workers, pack.Only(pack.Tree), (*examiner).tree); err != nil {
		b.Fatal(err)
	}
	s.gather(workers)
	s.makeGraph()
	if _, err := s.attribute(b.Context()); err != nil {
		b.Fatal(err)
	}
}
