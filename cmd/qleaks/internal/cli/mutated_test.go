package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/cmd/qleaks/internal/cli"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/gitsource/pack/packtest"
)

// victim makes a repository of every kind of storage, with a key in each of
// some files, and returns its directory of objects with what is in it.
func victim(t *testing.T) (objects string, files map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	values := sample.NewValues(22)
	change := func(round int) {
		for n := range 6 {
			lines := strings.Repeat(fmt.Sprintf("line %d of file %d\n", round*n, n), 30)
			key := "IONQ_API_KEY=" + values.From(sample.Alphabet("A-Za-z0-9"), 32) + "\n"
			must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d.env", n)), []byte(lines+key+lines), 0o600))
		}
		git(t, dir, "add", ".")
		git(t, dir, "commit", "-qm", fmt.Sprint("round ", round))
	}
	change(0)
	change(1)
	git(t, dir, "-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
	change(2)
	change(3)
	git(t, dir, "repack", "-dq")
	git(t, dir, "multi-pack-index", "write")
	change(4)
	objects, files = filepath.Join(dir, ".git", "objects"), map[string][]byte{}
	must(t, filepath.WalkDir(objects, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		must(t, os.Chmod(name, 0o600))
		files[name], err = os.ReadFile(name)
		return err
	}))
	return objects, files
}

// scanned is what the program says of a repository.
type scanned struct {
	code     int
	found    []string
	unread   int
	complete bool
}

func scanDamaged(t *testing.T, dir string) scanned {
	t.Helper()
	var out, log bytes.Buffer
	env := cli.Process()
	env.Args = []string{"scan", "--json", "--no-worktree", "--memory", "32MiB", dir}
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), &out, &log
	env.Getenv = func(string) string { return "" }
	s := scanned{code: cli.Main(t.Context(), env)}
	var report struct {
		Findings []reported
		Coverage struct {
			Unread   int
			Complete bool
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("exit %d, %v\n%s", s.code, err, log.String())
	}
	s.unread, s.complete = report.Coverage.Unread, report.Coverage.Complete
	for _, f := range report.Findings {
		s.found = append(s.found, f.Fingerprint+" "+f.Path)
	}
	slices.Sort(s.found)
	return s
}

// The whole program on damaged storage: it finds what it found before, or says
// what it did not read. Package gitsource damages ten thousand times.
func TestDamagedStorageIsScannedOrTold(t *testing.T) {
	t.Parallel()
	const rounds = 60
	objects, files := victim(t)
	dir := filepath.Dir(filepath.Dir(objects))
	whole := scanDamaged(t, dir)
	if whole.code != 1 || len(whole.found) != 30 || !whole.complete {
		t.Fatalf("before the damage: %+v", whole)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	inPacks := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return filepath.Base(filepath.Dir(name)) != "pack" })
	told := 0
	for n := range rounds {
		random := rand.New(rand.NewPCG(uint64(n), 23))
		from := names
		if n%4 > 0 {
			from = inPacks
		}
		name := from[random.IntN(len(from))]
		must(t, os.WriteFile(name, packtest.Damage(random, files[name]), 0o600))
		begin := time.Now()
		got := scanDamaged(t, dir)
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("round %d took %v", n, took)
		}
		must(t, os.WriteFile(name, files[name], 0o600))
		lost := slices.ContainsFunc(whole.found, func(f string) bool { return !slices.Contains(got.found, f) })
		switch {
		case got.code != 1 && got.code != 4, got.code == 4 && got.complete, len(got.found) == 0 && got.code == 1:
			t.Errorf("round %d, %s: exit %d with %d findings, complete is %t", n, filepath.Base(name), got.code, len(got.found), got.complete)
		case lost && (got.complete || got.unread == 0):
			t.Errorf("round %d, %s: keys are lost and nobody says so", n, filepath.Base(name))
		}
		if !got.complete {
			told++
		}
	}
	if told < rounds/4 {
		t.Errorf("only %d of %d rounds were not complete: the damage is too small to test anything", told, rounds)
	}
}
