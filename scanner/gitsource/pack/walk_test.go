package pack

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// storages are ways in which git stores the same things.
func storages() map[string]func(t testing.TB) *repo {
	grown := func(t testing.TB, args ...string) *repo {
		r := newRepo(t, args...)
		r.grow(1, 12, 60)
		return r
	}
	return once(map[string]func(t testing.TB) *repo{
		"loose": func(t testing.TB) *repo {
			r := newRepo(t)
			r.grow(1, 5, 12)
			unpack(r)
			return r
		},
		"one pack": func(t testing.TB) *repo {
			r := grown(t)
			r.git("repack", "-adfq")
			return r
		},
		"several packs and loose objects": func(t testing.TB) *repo {
			r := grown(t)
			for seed := range uint64(4) {
				r.grow(seed+2, 5, 10)
			}
			write(t, filepath.Join(r.dir, "new"), "a loose one\n")
			r.git("add", ".")
			r.git("commit", "-qm", "loose")
			return r
		},
		"deep chains": func(t testing.TB) *repo {
			r := newRepo(t)
			r.grow(1, 1, 600)
			r.git("repack", "-adfq", "--depth=4095", "--window=3")
			return r
		},
		"reference deltas": func(t testing.TB) *repo {
			r := grown(t)
			r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
			return r
		},
		"multi-pack-index without indexes": func(t testing.TB) *repo {
			r := grown(t)
			r.grow(2, 5, 20)
			r.git("multi-pack-index", "write")
			return r
		},
		"chain of multi-pack-indexes without indexes": func(t testing.TB) *repo {
			r := grown(t)
			r.git("repack", "-adfq")
			chained(t, r)
			r.grow(2, 3, 5)
			chained(t, r)
			return r
		},
		"packs that are kept and promised": func(t testing.TB) *repo {
			r := grown(t)
			r.git("repack", "-adfq")
			r.grow(2, 3, 5)
			for n, name := range glob(t, r.objects(), "pack", "*.pack") {
				write(t, strings.TrimSuffix(name, "pack")+[]string{"keep", "promisor", "mtimes"}[n%3], "")
			}
			return r
		},
		"index of version 1": func(t testing.TB) *repo {
			r := grown(t)
			r.git("-c", "pack.indexVersion=1", "repack", "-adfq")
			return r
		},
		"index with long offsets": func(t testing.TB) *repo {
			r := grown(t)
			r.git("repack", "-adfq")
			longOffsets(t, r)
			return r
		},
		"SHA-256": func(t testing.TB) *repo {
			r := grown(t, "--object-format=sha256")
			r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
			r.grow(2, 3, 5)
			write(t, filepath.Join(r.dir, "new"), "a loose one\n")
			r.git("add", ".")
			r.git("commit", "-qm", "loose")
			return r
		},
		"duplicates": func(t testing.TB) *repo {
			r := grown(t)
			r.git("repack", "-q", "-a", "-f")
			r.git("repack", "-q", "-a", "-f", "--depth=2")
			twin(t, r)
			return r
		},
		"large objects": func(t testing.TB) *repo {
			r := newRepo(t)
			write(t, filepath.Join(r.dir, "big"), strings.Repeat("0123456789", 200_000))
			write(t, filepath.Join(r.dir, "bigger"), strings.Repeat("0123456789", 200_000)+"and more")
			write(t, filepath.Join(r.dir, "empty"), "")
			r.git("add", ".")
			r.git("commit", "-qm", "big")
			r.git("repack", "-adfq")
			return r
		},
	})
}

func write(t testing.TB, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func glob(t testing.TB, parts ...string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// unpack makes loose objects of all.
func unpack(r *repo) {
	for _, name := range glob(r.t, r.objects(), "pack", "*.pack") {
		data, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, file := range glob(r.t, strings.TrimSuffix(name, ".pack")+".*") {
			if err := os.Remove(file); err != nil {
				r.t.Fatal(err)
			}
		}
		r.run(strings.NewReader(string(data)), "unpack-objects", "-q")
	}
}

// twin stores a pack a second time, its objects as they are, and some loose.
func twin(t testing.TB, r *repo) {
	t.Helper()
	name := glob(t, r.objects(), "pack", "*.pack")[0]
	pack, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r.run(strings.NewReader("HEAD\n"), "rev-parse", "--git-dir")
	ids := strings.Fields(r.git("rev-list", "--all", "--objects", "--no-object-names"))
	half := strings.Join(ids[:len(ids)/2], "\n") + "\n"
	r.run(strings.NewReader(half), "pack-objects", "-q", filepath.Join(r.objects(), "pack", "pack"))
	other := newRepo(t)
	other.run(strings.NewReader(string(pack)), "unpack-objects", "-q")
	for _, from := range glob(t, other.objects(), "a?", "*") {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(r.objects(), filepath.Base(filepath.Dir(from)), filepath.Base(from)), string(data))
	}
}

// chained adds a layer for the packs that no layer of the incremental
// multi-pack-index tells of, as later versions of git than the oldest that runs
// these tests write it.
func chained(t testing.TB, r *repo) {
	t.Helper()
	chain := filepath.Join(r.objects(), "pack", "multi-pack-index.d")
	told, err := os.ReadFile(filepath.Join(chain, "multi-pack-index-chain"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var fresh []string
	for _, idx := range glob(t, r.objects(), "pack", "*.idx") {
		if len(glob(t, chain, filepath.Base(idx))) == 0 {
			fresh = append(fresh, filepath.Base(idx))
			write(t, filepath.Join(chain, filepath.Base(idx)), "") // a mark of this test, which git and we pass over
		}
	}
	r.run(strings.NewReader(strings.Join(fresh, "\n")+"\n"), "multi-pack-index", "write", "--stdin-packs")
	index := filepath.Join(r.objects(), "pack", "multi-pack-index")
	data, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	id := hex.EncodeToString(data[len(data)-r.width:])
	write(t, filepath.Join(chain, "multi-pack-index-"+id+".midx"), string(data))
	write(t, filepath.Join(chain, "multi-pack-index-chain"), string(told)+id+"\n")
	if err := os.Remove(index); err != nil {
		t.Fatal(err)
	}
}

// longOffsets has all offsets in the table of those of 64 bits.
func longOffsets(t testing.TB, r *repo) {
	t.Helper()
	name := glob(t, r.objects(), "pack", "*.pack")[0]
	r.git("index-pack", "--index-version=2,0x40", "-o", r.dir+"/long.idx", name)
	idx := glob(t, r.objects(), "pack", "*.idx")[0]
	if err := os.Rename(r.dir+"/long.idx", idx); err != nil {
		t.Fatal(err)
	}
}

func TestObjectsAreReadAsGitReadsThem(t *testing.T) {
	for name, store := range storages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := store(t)
			want := r.read()
			if strings.Contains(name, "without indexes") {
				for _, idx := range glob(t, r.objects(), "pack", "*.idx") {
					if err := os.Remove(idx); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, o := range []Options{{}, {Verify: true}, {Unmapped: true}, {Memory: 10 << 20, BigObject: 1 << 20}} {
				for _, jobs := range []int{1, 8} {
					o.Width, o.Directories = r.width, r.directories()
					s := open(t, o)
					c := walked(t, s, Plan{Jobs: jobs, Ops: true})
					same(t, c.seen, want)
					noRefusals(t, s)
					once := 0
					for i := range uint32(s.Len()) {
						if !s.Twice(i) {
							once++
						}
					}
					if once != len(want) || name == "duplicates" && once == s.Len() {
						t.Errorf("%d of %d objects are there once, git has %d", once, s.Len(), len(want))
					}
					if name != "loose" && (c.withOps == 0 || c.inFamily == 0) {
						t.Errorf("%d objects came with ops, %d with their base", c.withOps, c.inFamily)
					}
					if name == "deep chains" && c.deepest < 100 {
						t.Errorf("the deepest object has depth %d: the test tests nothing", c.deepest)
					}
				}
			}
		})
	}
}

func TestReaderReadsWhatGitReads(t *testing.T) {
	for name, store := range storages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := store(t)
			s := open(t, Options{Width: r.width, Directories: r.directories(), Verify: true})
			reader := s.NewReader()
			for id, want := range r.read() {
				raw, err := hex.DecodeString(id)
				if err != nil {
					t.Fatal(err)
				}
				i, ok := s.Find(raw)
				if !ok {
					t.Fatalf("%s is not found", id)
				}
				o, err := reader.Read(t.Context(), i)
				if err != nil {
					t.Error(err)
				} else if got := (content{o.Type.String(), string(o.Data)}); got != want {
					t.Errorf("%s was read wrongly", id)
				}
			}
			if _, ok := s.Find(make([]byte, r.width)); ok {
				t.Error("an id of zeros is found")
			}
			if _, err := reader.Read(t.Context(), uint32(s.Len())); err == nil {
				t.Error("an object that is not there was read")
			}
		})
	}
}

func TestOnlyWantedTypesAreVisited(t *testing.T) {
	for name, store := range storages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := store(t)
			all := r.read()
			s := open(t, Options{Width: r.width, Directories: r.directories()})
			for _, types := range []Types{Only(Blob, Commit, Tag), Only(Tree), Only(Tag)} {
				want := map[string]content{}
				for id, c := range all {
					if types.Has(typeByName(c.kind)) {
						want[id] = c
					}
				}
				same(t, walked(t, s, Plan{Types: types, Jobs: 2}).seen, want)
			}
			noRefusals(t, s)
		})
	}
}

func TestOnlyWantedObjectsAreVisited(t *testing.T) {
	for name, store := range storages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := store(t)
			all := r.read()
			for _, planted := range []bool{false, true} {
				s := open(t, Options{Width: r.width, Directories: r.directories()})
				if planted {
					walked(t, s, Plan{Jobs: 2})
				}
				want := map[string]content{}
				var list []uint32
				for id, c := range all {
					raw, err := hex.DecodeString(id)
					if err != nil {
						t.Fatal(err)
					}
					if raw[2]%7 == 0 {
						i, _ := s.Find(raw)
						list = append(list, i, i)
						want[id] = c
					}
				}
				list = append(list, uint32(s.Len()), None) // which are nothing
				same(t, walked(t, s, Plan{Want: list, Jobs: 3}).seen, want)
				if len(walked(t, s, Plan{Want: []uint32{}}).seen) > 0 {
					t.Error("something was visited though nothing was wanted")
				}
				noRefusals(t, s)
			}
		})
	}
}

func TestAlternatesAreReadAndMayHoldBases(t *testing.T) {
	r := newRepo(t)
	r.grow(1, 6, 30)
	r.git("repack", "-adfq")
	borrower := newRepo(t)
	write(t, filepath.Join(borrower.objects(), "info", "alternates"), r.objects()+"\n")
	head := r.git("rev-parse", "refs/heads/b1")
	borrower.git("update-ref", "refs/heads/b1", head)
	borrower.grow(2, 4, 10)
	want := borrower.read()
	// A thin pack leaves its bases out; here it stays so.
	object := r.git("rev-parse", "b1:dir0/file0.py")
	changed := strings.TrimSpace(string(borrower.run(strings.NewReader(want[object].data+"one more line\n"), "hash-object", "-w", "--stdin")))
	want[changed] = content{"blob", want[object].data + "one more line\n"}
	thin(t, borrower, changed, object)
	dirs := append(borrower.directories(), Directory{Path: r.objects(), Name: "alternate"})
	s := open(t, Options{Width: 20, Directories: dirs, Verify: true})
	same(t, walked(t, s, Plan{Jobs: 2}).seen, want)
	noRefusals(t, s)
	o, err := s.NewReader().Read(t.Context(), indexOf(t, s, changed))
	if err != nil || string(o.Data) != want[changed].data {
		t.Errorf("read of a delta whose base is elsewhere: %v", err)
	}
}

// indexOf finds an object by its id in hex.
func indexOf(t testing.TB, s *Store, id string) uint32 {
	t.Helper()
	raw, err := hex.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	i, ok := s.Find(raw)
	if !ok {
		t.Fatalf("%s is not there", id)
	}
	return i
}

// thin replaces a loose object by a pack in which it is a delta on an object
// that the pack does not hold.
func thin(t testing.TB, r *repo, id, base string) {
	t.Helper()
	from, to := r.read()[base].data, r.read()[id].data
	raw, err := hex.DecodeString(base)
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(r.width)
	b.reference(id, raw, insertAll(len(from), []byte(to)))
	b.write(t, r.objects())
	if err := os.Remove(filepath.Join(r.objects(), id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
}

func TestABrokenObjectIsReadFromItsOtherCopy(t *testing.T) {
	r := newRepo(t)
	r.grow(1, 6, 40)
	r.git("repack", "-adfq")
	want := r.read()
	twin(t, r)
	name := ""
	for _, n := range glob(t, r.objects(), "pack", "*.pack") {
		if info, err := os.Stat(n); err == nil && (name == "" || info.Size() > size(t, name)) {
			name = n
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := 1000; at < len(data)-20; at += 997 {
		data[at] ^= 0x55
	}
	overwrite(t, name, data)
	s := open(t, Options{Width: 20, Directories: r.directories(), Verify: true})
	c := walked(t, s, Plan{Jobs: 2})
	list, _ := s.Refusals()
	if len(list) == 0 {
		t.Fatal("nothing was refused: the test tests nothing")
	}
	missing := map[string]bool{}
	for _, refusal := range list {
		missing[refusal.ID] = true
	}
	elsewhere := 0
	for id, w := range want {
		if c.seen[id] == w {
			elsewhere++
			continue
		}
		if !missing[id] {
			t.Errorf("%s %s was neither visited nor refused", w.kind, id)
		}
		if strings.HasPrefix(id, "a") {
			t.Errorf("%s is there as a loose object and was not read", id)
		}
	}
	t.Logf("%d of %d read, %d refused", elsewhere, len(want), len(list))
}

func size(t testing.TB, name string) int64 {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// overwrite changes a file, though git made it read-only.
func overwrite(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	write(t, name, string(data))
}

// failing is a visitor that fails.
type failing struct{ err error }

func (f failing) Visit(*Object) error { return f.err }

func TestAVisitorsErrorEndsTheWalk(t *testing.T) {
	r := newRepo(t)
	r.grow(1, 6, 40)
	s := open(t, Options{Width: 20, Directories: r.directories()})
	stop := errors.New("enough")
	err := s.Walk(t.Context(), Plan{Jobs: 3}, func(int) Visitor { return failing{stop} })
	if !errors.Is(err, stop) {
		t.Errorf("the walk returned %v", err)
	}
	same(t, walked(t, s, Plan{}).seen, r.read())
}

func TestAContextEndsTheWalk(t *testing.T) {
	r := newRepo(t)
	r.grow(1, 6, 40)
	s := open(t, Options{Width: 20, Directories: r.directories()})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	if err := s.Walk(ctx, Plan{}, func(int) Visitor { return failing{} }); !errors.Is(err, stop) {
		t.Errorf("the walk returned %v", err)
	}
	noRefusals(t, s)
}

func TestPacksAreTold(t *testing.T) {
	r := newRepo(t)
	r.grow(1, 6, 10)
	r.git("repack", "-adq")
	r.grow(2, 3, 3)
	names := glob(t, r.objects(), "pack", "*.pack")
	write(t, strings.TrimSuffix(names[0], ".pack")+".keep", "")
	write(t, strings.TrimSuffix(names[1], ".pack")+".promisor", "")
	s := open(t, Options{Width: 20, Directories: r.directories()})
	packs := s.Packs()
	if len(packs) != 2 || packs[0].Objects < packs[1].Objects || packs[1].First != packs[0].Objects {
		t.Fatalf("packs: %+v", packs)
	}
	for _, p := range packs {
		file := filepath.Join(r.objects(), strings.TrimPrefix(p.File, "objects/"))
		if p.Kept != (file == names[0]) || p.Promisor != (file == names[1]) {
			t.Errorf("%+v", p)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%x", p.Checksum) != fmt.Sprintf("%x", data[len(data)-20:]) || p.Size != int64(len(data)) {
			t.Errorf("checksum %x, size %d", p.Checksum, p.Size)
		}
	}
}
