package gitsource_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/gitsource/pack/packtest"
	"github.com/qleaks/qleaks/scanner/source"
)

// leaking is a repository in which every kind of storage holds keys: packs with
// both kinds of deltas, a multi-pack-index, loose objects. It returns the files
// of its objects.
func leaking(t *testing.T, format string) (*repo, map[string][]byte) {
	r := newRepo(t, "--object-format="+format)
	change := func(round int) {
		for n := range 6 {
			lines := strings.Repeat(fmt.Sprintf("line %d of file %d\n", round*n, n), 30)
			r.write(fmt.Sprintf("f%d.env", n), lines+planted(newKey())+lines)
		}
		r.commit(fmt.Sprint("round ", round))
	}
	change(0)
	change(1)
	r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
	change(2)
	change(3)
	r.git("repack", "-dq")
	r.git("multi-pack-index", "write")
	change(4)
	files := map[string][]byte{}
	check(t, filepath.WalkDir(filepath.Join(r.dir, ".git", "objects"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		check(t, os.Chmod(name, 0o600))
		files[name], err = os.ReadFile(name)
		return err
	}))
	return r, files
}

// places are what was found: keys with their paths.
func (s *scan) places() []string {
	var out []string
	for _, f := range s.findings {
		out = append(out, f.Secret.Reveal()+" "+f.Path)
	}
	slices.Sort(out)
	return out
}

// A search of damaged storage finds what is there, or says what it did not
// read. QLEAKS_REQUIRE=mutations damages ten thousand times.
func TestDamagedStorageIsSearchedOrTold(t *testing.T) {
	rounds := 150
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "mutations") {
		rounds = 5000
	}
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			r, files := leaking(t, format)
			names := make([]string, 0, len(files))
			for name := range files {
				names = append(names, name)
			}
			slices.Sort(names)
			packs := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return filepath.Base(filepath.Dir(name)) != "pack" })
			whole := r.search()
			if len(whole.findings) != 30 || len(whole.notes) > 0 {
				t.Fatalf("before the damage: %d findings, notes %q", len(whole.findings), whole.notes)
			}
			want, told := whole.places(), 0
			for n := range rounds {
				random := rand.New(rand.NewPCG(uint64(n), 23))
				from := packs
				if n%4 == 0 {
					from = names
				}
				name := from[random.IntN(len(from))]
				write(t, name, string(packtest.Damage(random, files[name])))
				begin := time.Now()
				s := search(t, discover(t, r.dir, gitsource.Options{Memory: 32 << 20}))
				if took := time.Since(begin); s.err != nil || took > 10*time.Second {
					t.Errorf("round %d, %s: %v after %v", n, filepath.Base(name), s.err, took)
				}
				write(t, name, string(files[name]))
				if got := s.places(); len(s.unread()) == 0 && !slices.Equal(got, want) {
					t.Errorf("round %d, %s: %d of %d keys and no note", n, filepath.Base(name), len(got), len(want))
				}
				if len(s.unread()) > 0 {
					told++
				}
			}
			if told < rounds/4 {
				t.Errorf("only %d of %d searches lacked something: the damage shows nothing", told, rounds)
			}
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			if memory.Sys > 1<<30 {
				t.Errorf("%d MiB of memory were taken", memory.Sys>>20)
			}
		})
	}
}

// A pack that is cut while a range is read faults where it is mapped: that is
// told, and ends nothing. Windows does not let anybody cut it.
func TestAPackThatIsCutWhileItIsReadIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	r := newRepo(t)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		noise := make([]byte, 4096)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		r.write(fmt.Sprintf("f%d", n), string(noise))
	}
	r.commit("noise")
	r.git("repack", "-adq")
	packs, err := filepath.Glob(filepath.Join(r.dir, ".git/objects/pack/*.pack"))
	check(t, err)
	check(t, os.Chmod(packs[0], 0o600))
	cut := 0
	selection := gitsource.Selection{Ranges: []string{strings.Repeat("0", 40) + "..HEAD"}, Remark: func(string) {
		cut++
		check(t, os.Truncate(packs[0], 4096))
	}}
	s := &scan{}
	for _, err := range discover(t, r.dir, gitsource.Options{}).SearchRange(t.Context(), newInspector(t), 2, &s.tally, selection) {
		note, isNote := errors.AsType[*source.ItemError](err)
		if !isNote {
			t.Fatal(err)
		}
		s.notes = append(s.notes, note)
	}
	faulted := slices.ContainsFunc(s.notes, func(n *source.ItemError) bool {
		return strings.Contains(fmt.Sprint(n.Reason, n.Err), "cut off while it was read")
	})
	if cut != 1 || !faulted {
		t.Errorf("cut %d times: %q", cut, s.unread())
	}
}
