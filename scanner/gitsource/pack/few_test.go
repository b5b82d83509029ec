package pack

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// asked reads what is told by its id, as far as it is found and readable.
func asked(t *testing.T, s *Store, want map[string]content) map[string]content {
	t.Helper()
	got := map[string]content{}
	reader := s.NewReader()
	for id := range want {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		i, ok := s.Find(raw)
		if !ok {
			continue
		}
		o, err := reader.Read(t.Context(), i)
		if errors.Is(err, errBug) {
			t.Fatal(err)
		}
		if err == nil {
			got[id] = content{o.Type.String(), string(o.Data)}
			if s.Type(i) != Unknown || hex.EncodeToString(s.ID(i)) != id {
				t.Errorf("object %d is %x, not %s", i, s.ID(i), id)
			}
		}
	}
	return got
}

func TestAFewObjectsAreFoundWithoutReadingIndexes(t *testing.T) {
	for name, pack := range map[string]func(r *repo){
		"loose":     func(*repo) {},
		"packed":    func(r *repo) { r.git("repack", "-adfq") },
		"some":      func(r *repo) { r.git("repack", "-adfq"); r.grow(5, 2, 4) },
		"refdelta":  func(r *repo) { r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq") },
		"version1":  func(r *repo) { r.git("-c", "pack.indexVersion=1", "repack", "-adfq") },
		"multipack": func(r *repo) { r.git("repack", "-adfq", "--write-midx"); removeIndexes(r) },
		"long": func(r *repo) {
			r.git("repack", "-adfq")
			pack := glob(r.t, r.objects(), "pack/*.pack")[0]
			index := pack[:len(pack)-len("pack")] + "idx"
			if err := os.Remove(index); err != nil {
				r.t.Fatal(err)
			}
			r.git("index-pack", "--index-version=2,0x40", "-o", index, pack)
		},
	} {
		for _, format := range []string{"sha1", "sha256"} {
			if name == "version1" && format == "sha256" {
				continue // git does not write it
			}
			t.Run(name+"/"+format, func(t *testing.T) {
				t.Parallel()
				r := newRepo(t, "--object-format="+format)
				r.grow(3, 3, 30)
				want := r.read()
				pack(r)
				s := open(t, Options{Width: r.width, Directories: r.directories(), Few: true})
				same(t, asked(t, s, want), want)
				if _, ok := s.Find(make([]byte, r.width)); ok {
					t.Error("an object was found that is not there")
				}
				noRefusals(t, s)
				if s.Walk(t.Context(), Plan{}, func(int) Visitor { return nil }) == nil {
					t.Error("a store for few objects was walked")
				}
			})
		}
	}
}

func removeIndexes(r *repo) {
	for _, name := range glob(r.t, r.objects(), "pack/pack-*.idx") {
		if err := os.Remove(name); err != nil {
			r.t.Fatal(err)
		}
	}
}

// What is not found or not read is for the caller to tell; what is read must
// be right.
func TestAFewObjectsOfDamagedRepositoriesAreReadRightlyOrNot(t *testing.T) {
	v := newVictim(t, "sha1")
	dir := t.TempDir()
	read := 0
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	for n := range rounds {
		v.damage(t, rand.New(rand.NewPCG(uint64(n), 9)), dir)
		s, err := Open(Options{Width: 20, Verify: true, Few: true, MaxObject: 1 << 20, Directories: []Directory{{Path: dir, Name: "objects"}}})
		if err != nil {
			t.Fatal(err)
		}
		for id, got := range asked(t, s, v.want) {
			if v.want[id] != got {
				t.Errorf("round %d: %s has another content", n, id)
			}
			read++
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if read < rounds*len(v.want)/2 || read == rounds*len(v.want) {
		t.Errorf("%d of %d objects were read: the damage tests nothing", read, rounds*len(v.want))
	}
}

func TestAnIndexThatIsCutOffWhileItIsSearchedIsTold(t *testing.T) {
	r := newRepo(t)
	r.grow(4, 2, 10)
	r.git("repack", "-adfq")
	want := r.read()
	s := open(t, Options{Width: 20, Directories: r.directories(), Few: true})
	for _, name := range glob(t, filepath.Join(r.objects(), "pack"), "*.idx") {
		if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, 1100); err != nil {
			t.Fatal(err)
		}
	}
	if got := asked(t, s, want); len(got) == len(want) {
		t.Error("all objects were found")
	}
	if list, _ := s.Refusals(); len(list) == 0 {
		t.Error("nobody says that the index was cut off")
	}
}
