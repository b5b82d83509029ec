package pack

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource/pack/packtest"
)

// headers damages headers of entries alone, so that what they say is heard.
func headers(r *rand.Rand, offsets []uint64, data []byte) []byte {
	data = slices.Clone(data)
	for range 1 + r.IntN(3) {
		at := offsets[r.IntN(len(offsets))] + uint64(r.IntN(3))
		if at < uint64(len(data)) {
			data[at] = byte(r.Uint32())
		}
	}
	return data
}

// victim is a repository whose files are damaged.
type victim struct {
	repo
	want  map[string]content
	files map[string][]byte
	names []string
	// offsets of the entries, by pack.
	offsets map[string][]uint64
}

func newVictim(t *testing.T, format string) *victim {
	r := newRepo(t, "--object-format="+format)
	r.grow(1, 4, 12)
	r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
	r.grow(2, 4, 12)
	write(t, filepath.Join(r.dir, "new"), strings.Repeat("a loose one\n", 100))
	r.git("add", ".")
	r.git("commit", "-qm", "loose")
	r.git("multi-pack-index", "write")
	v := &victim{repo: *r, want: r.read(), files: map[string][]byte{}, offsets: map[string][]uint64{}}
	s := open(t, Options{Width: r.width, Directories: r.directories()})
	for _, l := range s.layers {
		if l.name != "" {
			for rank := range uint32(l.ids.len()) {
				v.offsets[l.name+".pack"] = append(v.offsets[l.name+".pack"], l.offsets.at(rank))
			}
		}
	}
	for _, pattern := range []string{"pack/*.pack", "pack/*.idx", "pack/multi-pack-index", "??/*"} {
		for _, name := range glob(t, r.objects(), pattern) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			name, _ = filepath.Rel(r.objects(), name)
			v.files[name] = data
			if !strings.Contains(name, "pack/") || !strings.HasSuffix(name, ".rev") {
				v.names = append(v.names, name)
			}
		}
	}
	return v
}

// damage writes the repository with one file damaged. Without indexes, the
// multi-pack-index is what counts.
func (v *victim) damage(t *testing.T, r *rand.Rand, dir string) {
	bad := v.names[r.IntN(len(v.names))]
	if r.IntN(4) > 0 { // the packs and their indexes most of the time
		bad = v.names[r.IntN(5)]
	}
	indexes := r.IntN(8) > 0
	for name, data := range v.files {
		if name == bad {
			if offsets := v.offsets[name]; offsets != nil && r.IntN(2) == 0 {
				data = headers(r, offsets, data)
			} else {
				data = packtest.Damage(r, data)
			}
		}
		if strings.HasSuffix(name, ".idx") && !indexes {
			data = nil
		}
		write(t, filepath.Join(dir, name), string(data))
	}
}

// TestDamagedRepositoriesAreReadAsFarAsTheyGo damages ten thousand times when
// QLEAKS_REQUIRE names mutations.
func TestDamagedRepositoriesAreReadAsFarAsTheyGo(t *testing.T) {
	rounds := 500
	if testing.Short() {
		rounds = 100
	}
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "mutations") {
		rounds = 5000
	}
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, format)
			dir := t.TempDir()
			visited, refused := 0, 0
			for n := range rounds {
				r := rand.New(rand.NewPCG(uint64(n), 7))
				v.damage(t, r, dir)
				out := walkHostile(t, dir, Options{Width: v.width, Verify: n%3 > 0, Unmapped: n%5 == 0, MaxObject: 1 << 20, Memory: 16 << 20})
				for id, got := range out.seen {
					if n%3 > 0 && v.want[id] != got {
						t.Errorf("round %d: %s has another content", n, id)
					}
				}
				if len(out.seen) < len(v.want) && len(out.refusals) == 0 {
					t.Errorf("round %d: objects are missing and nobody says so", n)
				}
				if out.took > 10*time.Second {
					t.Errorf("round %d took %v", n, out.took)
				}
				visited += len(out.seen)
				refused += len(out.refusals)
				if t.Failed() {
					return
				}
			}
			t.Logf("%d objects visited, %d refusals in %d rounds", visited, refused, rounds)
			if refused < rounds/4 || visited < rounds*len(v.want)/4 {
				t.Error("the damage is too small or too large to test anything")
			}
		})
	}
}

func TestReaderSurvivesDamage(t *testing.T) {
	const rounds = 200
	v := newVictim(t, "sha1")
	dir := t.TempDir()
	for n := range rounds {
		v.damage(t, rand.New(rand.NewPCG(uint64(n), 8)), dir)
		s, err := Open(Options{Width: 20, Verify: true, MaxObject: 1 << 20, Directories: []Directory{{Path: dir, Name: "objects"}}})
		if err != nil {
			t.Fatal(err)
		}
		reader := s.NewReader()
		for i := range uint32(s.Len()) {
			o, err := reader.Read(t.Context(), i)
			if errors.Is(err, errBug) {
				t.Fatalf("round %d: %v", n, err)
			}
			if id := hex.EncodeToString(s.ID(i)); err == nil && v.want[id] != (content{o.Type.String(), string(o.Data)}) {
				t.Errorf("round %d: %s has another content", n, id)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzIndex(f *testing.F) {
	b := newBuilder(20)
	for n := range 5 {
		data := []byte(fmt.Sprint("object ", n))
		b.object(b.id(Blob, data), Blob, data)
	}
	_, idx := b.files()
	f.Add(idx, 20)
	b.width = 32
	f.Add(b.index(make([]byte, 32)), 32)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		if width != 32 {
			width = 20
		}
		x, err := readIndex(bytes.NewReader(data), int64(len(data)), width, 1<<20, 1<<20)
		if err != nil {
			return
		}
		if len(x.ids) != width*x.offsets.len() {
			t.Fatalf("%d bytes of ids for %d offsets", len(x.ids), x.offsets.len())
		}
		l := newIDList(width, x.ids)
		for rank := range uint32(l.len()) {
			got, ok := l.find(l.id(rank))
			if !ok || !bytes.Equal(l.id(got), l.id(rank)) {
				t.Fatalf("id %d is not found", rank)
			}
		}
	})
}

func FuzzEntry(f *testing.F) {
	f.Add(append(entryHeader(3, 10), deflated([]byte("0123456789"))...))
	f.Add(slices.Concat(entryHeader(6, 1000), backward(1<<30)))
	f.Add(slices.Concat(entryHeader(7, int64(1<<40)), make([]byte, 32)))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parseEntry(data, 20)
		if err != nil {
			return
		}
		again := entryHeader(e.kind, e.size)
		if e.kind == offsetDelta {
			again = append(again, backward(uint64(e.back))...)
		}
		again = append(again, e.ref...)
		same, err := parseEntry(again, 20)
		if err != nil || same.kind != e.kind || same.size != e.size || same.back != e.back || !bytes.Equal(same.ref, e.ref) {
			t.Fatalf("%+v was written and read as %+v, %v", e, same, err)
		}
	})
}

func FuzzLooseHeader(f *testing.F) {
	f.Add([]byte("blob 12\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, size, length, ok := parseLooseHeader(data)
		if ok && string(data[:length]) != fmt.Sprintf("%s %d\x00", kind, size) {
			t.Fatalf("%q was read as %s of %d bytes", data, kind, size)
		}
	})
}
