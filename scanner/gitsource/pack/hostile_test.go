package pack

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// objectDirectory is an empty one.
func objectDirectory(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pack"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outcome is what a walk over a directory gave.
type outcome struct {
	seen     map[string]content
	refusals []Refusal
	took     time.Duration
}

// refused returns the reason for an object, or "".
func (o *outcome) refused(id string) string {
	for _, r := range o.refusals {
		if r.ID == id {
			return r.Reason
		}
	}
	return ""
}

// said reports whether some refusal without an object has a reason.
func (o *outcome) said(part string) bool {
	return slices.ContainsFunc(o.refusals, func(r Refusal) bool { return r.ID == "" && strings.Contains(r.Reason, part) })
}

// walkHostile walks a directory; every object must be visited or refused.
func walkHostile(t testing.TB, dir string, o Options) *outcome {
	t.Helper()
	begin := time.Now()
	if o.Width == 0 {
		o.Width = 20
	}
	o.Directories = append([]Directory{{Path: dir, Name: "objects"}}, o.Directories...)
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := walked(t, s, Plan{Jobs: 2, Ops: true})
	list, more := s.Refusals()
	out := &outcome{seen: c.seen, refusals: list, took: time.Since(begin)}
	known := map[string]bool{}
	for _, r := range list {
		known[r.ID] = true
	}
	for i := range uint32(s.Len()) {
		id := hex.EncodeToString(s.ID(i))
		if _, ok := c.seen[id]; !ok && !known[id] && more == 0 {
			t.Errorf("%s was neither visited nor refused", id)
		}
	}
	return out
}

// hostilePacks are packs in which one object must be refused, for a reason, and
// the object "good" must be read.
func hostilePacks() map[string]struct {
	reason string
	build  func(b *builder) (bad string)
} {
	type hostile = struct {
		reason string
		build  func(b *builder) (bad string)
	}
	entry := func(reason string, of func(b *builder) []byte) hostile {
		return hostile{reason, func(b *builder) string {
			b.raw(b.fake(0), of(b))
			return b.fake(0)
		}}
	}
	delta := func(reason string, delta []byte) hostile {
		return hostile{reason, func(b *builder) string {
			b.offset(b.fake(0), b.object(b.id(Blob, []byte("0123456789")), Blob, []byte("0123456789")), delta)
			return b.fake(0)
		}}
	}
	blob := deflated([]byte("0123456789"))
	list := map[string]hostile{
		"a size that is too small":  entry("inflate", func(*builder) []byte { return append(entryHeader(3, 9), blob...) }),
		"a size that is too large":  entry("inflate", func(*builder) []byte { return append(entryHeader(3, 11), blob...) }),
		"a size of 64 GB":           entry("larger than the limit", func(*builder) []byte { return append(entryHeader(3, int64(64<<30)), blob...) }),
		"a size nothing can unpack": entry("ends before", func(*builder) []byte { return append(entryHeader(3, 1_000_000), blob...) }),
		"an endless size":           entry("broken header", func(*builder) []byte { return bytes.Repeat([]byte{0xb0 | 0x80}, 40) }),
		"type 0":                    entry("unknown type", func(*builder) []byte { return append(entryHeader(0, 10), blob...) }),
		"type 5":                    entry("unknown type", func(*builder) []byte { return append(entryHeader(5, 10), blob...) }),
		"no stream":                 entry("inflate", func(*builder) []byte { return append(entryHeader(3, 10), "no stream, no stream"...) }),
		"a base before the pack":    entry("base is missing", func(*builder) []byte { return slices.Concat(entryHeader(6, 4), backward(1<<20), blob) }),
		"a base that is itself":     entry("base is missing", func(*builder) []byte { return slices.Concat(entryHeader(6, 4), []byte{0}, blob) }),
		"an endless distance":       entry("broken header", func(*builder) []byte { return slices.Concat(entryHeader(6, 4), bytes.Repeat([]byte{0xff}, 30)) }),
		"a base that is not there":  entry("base is missing", func(b *builder) []byte { return slices.Concat(entryHeader(7, 4), b.sum([]byte("x")), blob) }),
		"a base that is no entry": entry("", func(b *builder) []byte {
			return slices.Concat(entryHeader(6, 4), backward(uint64(b.pack.Len()-14)), blob)
		}),
		"a delta without a header":   delta("broken delta", nil),
		"a delta for another base":   delta("another size", append(varint(11), varint(1)...)),
		"a copy from beyond":         delta("broken delta", append(append(varint(10), varint(5)...), 0x91, 6, 5)),
		"a copy cut off":             delta("broken delta", append(append(varint(10), varint(5)...), 0xff)),
		"an insert cut off":          delta("broken delta", append(append(varint(10), varint(5)...), 5, 'a')),
		"instruction 0":              delta("broken delta", append(append(varint(10), varint(5)...), 0, 0)),
		"a delta that makes less":    delta("another size than it says", append(append(varint(10), varint(5)...), 1, 'a')),
		"a delta that makes more":    delta("another size than it says", append(append(varint(10), varint(5)...), 0x90, 6)),
		"a delta of 64 GB":           delta("larger than the limit", append(append(varint(10), varint(int64(64<<30))...), 0x90, 6)),
		"a result above the cap":     delta("larger than the limit", copyAll(10, 1<<17)),
		"an offset beyond the end":   {"out of range", func(b *builder) string { b.entries[b.fake(0)] = 1 << 30; return b.fake(0) }},
		"an offset in the header":    {"out of range", func(b *builder) string { b.entries[b.fake(0)] = 4; return b.fake(0) }},
		"a long offset of any size":  {"out of range", func(b *builder) string { b.entries[b.fake(0)] = 1<<64 - 1; return b.fake(0) }},
		"a long offset beyond 8 TiB": {"out of range", func(b *builder) string { b.entries[b.fake(0)] = 1 << 50; return b.fake(0) }},
	}
	list["an object inside another"] = hostile{"", func(b *builder) string {
		at := b.object(b.id(Blob, []byte("0123456789")), Blob, []byte("0123456789"))
		b.entries[b.fake(0)] = at + 3
		return b.fake(0)
	}}
	list["two objects at one offset"] = hostile{"overlaps", func(b *builder) string {
		b.entries[strings.Repeat("f", 2*b.width)] = b.object(b.id(Blob, []byte("0123456789")), Blob, []byte("0123456789"))
		return strings.Repeat("f", 2*b.width)
	}}
	list["a cycle"] = hostile{"cycle", func(b *builder) string {
		for n := range 3 {
			next, _ := hex.DecodeString(b.fake((n + 1) % 3))
			b.reference(b.fake(n), next, insertAll(1, []byte("x")))
		}
		return b.fake(1)
	}}
	list["a reference to itself"] = hostile{"cycle", func(b *builder) string {
		self, _ := hex.DecodeString(b.fake(0))
		b.reference(b.fake(0), self, insertAll(1, []byte("x")))
		return b.fake(0)
	}}
	list["a chain of 4,096 deltas"] = hostile{"too deep", func(b *builder) string {
		at := b.object(b.id(Blob, []byte("0")), Blob, []byte("0"))
		for n := range maxDepth + 1 {
			at = b.offset(b.fake(n), at, insertAll(1, []byte("1")))
		}
		return b.fake(maxDepth)
	}}
	list["a base that is refused"] = hostile{"base could not be read", func(b *builder) string {
		at := b.raw(b.fake(1), append(entryHeader(3, 10), "no stream, no stream"...))
		b.offset(b.fake(0), at, insertAll(10, []byte("x")))
		return b.fake(0)
	}}
	return list
}

func TestWhatIsBrokenIsRefusedAndTheRestIsRead(t *testing.T) {
	for name, hostile := range hostilePacks() {
		t.Run(name, func(t *testing.T) {
			for _, width := range []int{20, 32} {
				dir := objectDirectory(t)
				b := newBuilder(width)
				first := []byte("the first good object")
				last := []byte("the last good object")
				b.object(b.id(Blob, first), Blob, first)
				bad := hostile.build(b)
				b.object(b.id(Blob, last), Blob, last)
				b.write(t, dir)
				for _, unmapped := range []bool{false, true} {
					out := walkHostile(t, dir, Options{Width: width, MaxObject: 1 << 20, Unmapped: unmapped})
					if reason := out.refused(bad); reason == "" || !strings.Contains(reason, hostile.reason) {
						t.Errorf("%s is refused with %q", bad, reason)
					}
					for _, data := range [][]byte{first, last} {
						if got := out.seen[b.id(Blob, data)]; got.data != string(data) {
							t.Errorf("%q was not read", data)
						}
					}
					if out.took > 5*time.Second {
						t.Errorf("it took %v", out.took)
					}
				}
			}
		})
	}
}

func TestAChainOf4095DeltasIsRead(t *testing.T) {
	dir := objectDirectory(t)
	b := newBuilder(20)
	at := b.object(b.id(Blob, []byte("0")), Blob, []byte("0"))
	length := 1
	for n := range maxDepth {
		data := []byte(fmt.Sprint(n))
		at = b.offset(b.id(Blob, data), at, insertAll(length, data))
		length = len(data)
	}
	b.write(t, dir)
	out := walkHostile(t, dir, Options{Verify: true})
	if len(out.seen) != maxDepth || len(out.refusals) > 0 { // "0" is there twice
		t.Errorf("%d objects, refused: %v", len(out.seen), out.refusals)
	}
	s := open(t, Options{Width: 20, Directories: []Directory{{Path: dir}}})
	last := fmt.Sprint(maxDepth - 1)
	o, err := s.NewReader().Read(t.Context(), indexOf(t, s, b.id(Blob, []byte(last))))
	if err != nil || string(o.Data) != last {
		t.Errorf("read %q, %v", o.Data, err)
	}
}

func TestACycleThroughTwoPacksIsRefused(t *testing.T) {
	dir := objectDirectory(t)
	one, two := newBuilder(20), newBuilder(20)
	first, _ := hex.DecodeString(one.fake(0))
	second, _ := hex.DecodeString(one.fake(1))
	one.reference(one.fake(0), second, insertAll(1, []byte("x")))
	two.reference(two.fake(1), first, insertAll(1, []byte("y")))
	one.write(t, dir)
	two.write(t, dir)
	out := walkHostile(t, dir, Options{})
	if len(out.seen) > 0 || out.refused(one.fake(0)) == "" || out.refused(one.fake(1)) == "" {
		t.Errorf("read %v, refused %v", out.seen, out.refusals)
	}
}

func TestIndexesThatLie(t *testing.T) {
	good := []byte("a good object")
	tests := map[string]struct {
		said   string
		read   bool
		change func(pack, idx []byte) ([]byte, []byte)
	}{
		"fan-out of nonsense": {"fan-out", true, func(p, x []byte) ([]byte, []byte) { x[8+50*4] = 0xff; return p, x }},
		"more objects than fit": {"more objects", false, func(p, x []byte) ([]byte, []byte) {
			binary.BigEndian.PutUint32(x[8+255*4:], 1<<31)
			return p, x
		}},
		"one object too many": {"size does not fit", false, func(p, x []byte) ([]byte, []byte) { x[8+255*4+3]++; return p, x }},
		"unknown version":     {"unknown version", false, func(p, x []byte) ([]byte, []byte) { x[7] = 3; return p, x }},
		"nothing":             {"too short", false, func(p, _ []byte) ([]byte, []byte) { return p, nil }},
		"half":                {"size does not fit", false, func(p, x []byte) ([]byte, []byte) { return p, x[:len(x)-30] }},
		"of another pack":     {"another pack", true, func(p, x []byte) ([]byte, []byte) { x[len(x)-40] ^= 1; return p, x }},
		"no pack":             {"not a pack", true, func(p, x []byte) ([]byte, []byte) { p[0] = 'X'; return p, x }},
		"version of a pack":   {"unknown version", true, func(p, x []byte) ([]byte, []byte) { p[7] = 9; return p, x }},
		"another number":      {"another number", true, func(p, x []byte) ([]byte, []byte) { p[11]++; return p, x }},
		"an empty pack":       {"more objects", false, func(_, x []byte) ([]byte, []byte) { return nil, x }},
		"one id twice": {"an id twice", true, func(p, x []byte) ([]byte, []byte) {
			copy(x[8+fanSize:][40:60], x[8+fanSize:][60:80])
			return p, x
		}},
		"out of order": {"out of order", true, func(p, x []byte) ([]byte, []byte) {
			ids := x[8+fanSize:]
			swapped := append(slices.Clone(ids[20:40]), ids[:20]...)
			copy(ids, swapped)
			offsets := ids[20*4+4*4:]
			copy(offsets, append(slices.Clone(offsets[4:8]), offsets[:4]...))
			return p, x
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := objectDirectory(t)
			b := newBuilder(20)
			b.object(b.id(Blob, good), Blob, good)
			for n := range 3 {
				data := []byte(fmt.Sprint("object ", n))
				b.object(b.id(Blob, data), Blob, data)
			}
			pack, idx := b.files()
			pack, idx = test.change(pack, idx)
			write(t, filepath.Join(dir, "pack", "pack-1.pack"), string(pack))
			write(t, filepath.Join(dir, "pack", "pack-1.idx"), string(idx))
			out := walkHostile(t, dir, Options{})
			if !out.said(test.said) {
				t.Errorf("refusals: %v", out.refusals)
			}
			if _, ok := out.seen[b.id(Blob, good)]; ok != test.read {
				t.Errorf("the good object was read: %v", ok)
			}
		})
	}
}

func TestAnIndexOfAnotherPackGivesNoContentAFalseID(t *testing.T) {
	dir := objectDirectory(t)
	b := newBuilder(20)
	b.object(b.fake(0), Blob, []byte("not what the id says"))
	pack, idx := b.files()
	pack[len(pack)-1] ^= 1
	write(t, filepath.Join(dir, "pack", "pack-1.pack"), string(pack))
	write(t, filepath.Join(dir, "pack", "pack-1.idx"), string(idx))
	out := walkHostile(t, dir, Options{})
	if len(out.seen) > 0 || !strings.Contains(out.refused(b.fake(0)), "does not have this id") {
		t.Errorf("read %v, refused %v", out.seen, out.refusals)
	}
}

func TestBombsStayWithinTheirBudget(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	var zeros bytes.Buffer
	z, _ := zlib.NewWriterLevel(&zeros, 9)
	z.Write(make([]byte, 8<<20))
	z.Close()
	dir := objectDirectory(t)
	b := newBuilder(20)
	var at uint64
	for n := range 40 {
		at = b.raw(b.fake(n), append(entryHeader(3, 8<<20), zeros.Bytes()...))
	}
	for n := range 2000 {
		b.offset(b.fake(1000+n), at, copyAll(8<<20, 1))
	}
	b.write(t, dir)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := open(t, Options{Width: 20, Directories: []Directory{{Path: dir, Name: "objects"}}, MaxTotal: 1 << 30, Memory: 64 << 20})
	counters := make([]counter, 2)
	if err := s.Walk(t.Context(), Plan{Jobs: 2, Ops: true}, func(n int) Visitor { return &counters[n] }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := counters[0].bytes + counters[1].bytes; got > 1100<<20 || got < 500<<20 {
		t.Errorf("%d MB were unpacked", got>>20)
	}
	if list, more := s.Refusals(); len(list)+more+counters[0].objects+counters[1].objects != s.Len() {
		t.Errorf("%d objects were refused, %d visited", len(list)+more, counters[0].objects+counters[1].objects)
	}
	if after.Sys > before.Sys+160<<20 {
		t.Errorf("memory grew from %d to %d MB", before.Sys>>20, after.Sys>>20)
	}
}

// counter is a visitor that only counts.
type counter struct {
	objects int
	bytes   int64
}

func (c *counter) Visit(o *Object) error {
	c.objects++
	c.bytes += int64(len(o.Data))
	return nil
}

// tree puts two deltas on an object, two on each of those, and so on.
func (b *builder) tree(at uint64, data []byte, depth int) {
	if depth == 0 {
		return
	}
	for branch := range 2 {
		child := slices.Clone(data)
		child[depth*2+branch]++
		delta := slices.Concat(varint(len(data)), varint(len(data)), []byte{30}, child[:30], []byte{0x80 | 0x71, 30, byte(len(data) - 30), byte((len(data) - 30) >> 8), byte((len(data) - 30) >> 16)})
		b.tree(b.offset(b.id(Blob, child), at, delta), child, depth-1)
	}
}

func TestBasesAreMadeAgainWhenMemoryIsShort(t *testing.T) {
	dir := objectDirectory(t)
	b := newBuilder(20)
	data := make([]byte, 1_000_000)
	b.tree(b.object(b.id(Blob, data), Blob, data), data, 6)
	b.write(t, dir)
	for _, memory := range []int64{5 << 20, 8 << 20, 64 << 20} {
		out := walkHostile(t, dir, Options{Verify: true, Memory: memory, MaxTotal: 1 << 30})
		if len(out.seen) != 127 || len(out.refusals) > 0 {
			t.Errorf("%d of 127 objects with %d MB, refused: %v", len(out.seen), memory>>20, out.refusals)
		}
	}
	if out := walkHostile(t, dir, Options{Memory: 1 << 19}); len(out.seen) > 0 {
		t.Errorf("%d objects of 1 MB were read in half of that", len(out.seen))
	}
}

func TestRefusalsAreToldUpToALimitAndCountedBeyond(t *testing.T) {
	dir := objectDirectory(t)
	b := newBuilder(20)
	for n := range maxRefusals + 1000 {
		b.raw(b.fake(n), append(entryHeader(3, 10), "no stream"...))
	}
	b.write(t, dir)
	s := open(t, Options{Width: 20, Directories: []Directory{{Path: dir, Name: "objects"}}})
	for range 2 {
		walked(t, s, Plan{Jobs: 2})
	}
	list, more := s.Refusals()
	if len(list) != maxRefusals || more < 1000 {
		t.Errorf("%d refusals and %d more", len(list), more)
	}
	if got, want := list[0].String(), s.Packs()[0].File+": object "+b.fake(0)+": "; !strings.HasPrefix(got, want) {
		t.Errorf("%q does not begin with %q", got, want)
	}
}

func TestLooseObjectsThatLie(t *testing.T) {
	good := []byte("a good object")
	b := newBuilder(20)
	for name, data := range map[string][]byte{
		"empty":            nil,
		"not a stream":     []byte("blob 3\x00abc"),
		"no header":        deflated([]byte("blob")),
		"no size":          deflated([]byte("blob \x00abc")),
		"an unknown type":  deflated([]byte("bulb 3\x00abc")),
		"a negative size":  deflated([]byte("blob -3\x00abc")),
		"a padded size":    deflated([]byte("blob 03\x00abc")),
		"a size too small": deflated([]byte("blob 2\x00abc")),
		"a size too large": deflated([]byte("blob 4\x00abc")),
		"a size of 64 GB":  deflated([]byte("blob 68719476736\x00abc")),
		"an endless size":  deflated([]byte("blob " + strings.Repeat("9", 40) + "\x00abc")),
		"cut off":          deflated([]byte("blob 3\x00abc"))[:10],
	} {
		t.Run(name, func(t *testing.T) {
			dir := objectDirectory(t)
			id := b.id(Blob, good)
			write(t, filepath.Join(dir, id[:2], id[2:]), string(deflated([]byte(fmt.Sprintf("blob %d\x00%s", len(good), good)))))
			bad := b.fake(0)
			write(t, filepath.Join(dir, bad[:2], bad[2:]), string(data))
			write(t, filepath.Join(dir, bad[:2], "tmp_obj_123456"), "not an object")
			out := walkHostile(t, dir, Options{MaxObject: 1 << 20})
			if out.refused(bad) == "" || out.seen[id].data != string(good) {
				t.Errorf("read %v, refused %v", out.seen, out.refusals)
			}
		})
	}
}

func TestOddFilesAreRefused(t *testing.T) {
	dir := objectDirectory(t)
	pack := filepath.Join(dir, "pack")
	for _, name := range []string{"pack-1.pack", "pack-2.idx"} {
		if err := os.Mkdir(filepath.Join(pack, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(pack, "pack-2.pack"), "PACK")
	write(t, filepath.Join(pack, "pack-3.pack"), "PACK")
	write(t, filepath.Join(dir, "ab"), "not a directory")
	names := []string{"objects/pack/pack-1.pack", "objects/pack/pack-2.pack", "objects/pack/pack-3.pack", "objects/ab"}
	out := walkHostile(t, dir, Options{})
	for _, name := range names {
		if !slices.ContainsFunc(out.refusals, func(r Refusal) bool { return r.File == name }) {
			t.Errorf("nothing is said about %s in %v", name, out.refusals)
		}
	}
}

func TestNothingLeadsOutOfABoundary(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(top, "r", "objects")
	elsewhere := filepath.Join(top, "other")
	for _, dir := range []string{filepath.Join(inside, "pack"), filepath.Join(elsewhere, "pack")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b := newBuilder(20)
	data := []byte("somebody else's")
	b.object(b.id(Blob, data), Blob, data)
	name := b.write(t, elsewhere)
	for _, end := range []string{".pack", ".idx"} {
		if err := os.Symlink(filepath.Join("..", "..", "..", "other", "pack", filepath.Base(name)+end), filepath.Join(inside, "pack", filepath.Base(name)+end)); err != nil {
			t.Fatal(err)
		}
	}
	for _, within := range []string{"", top, filepath.Join(top, "r")} {
		s := open(t, Options{Width: 20, Directories: []Directory{{Path: inside, Name: "objects", Within: within}}})
		c := walked(t, s, Plan{})
		list, _ := s.Refusals()
		if free := within != filepath.Join(top, "r"); free != (len(c.seen) == 1) || free != (len(list) == 0) {
			t.Errorf("within %q: read %d objects, refused %v", within, len(c.seen), list)
		}
	}
}

func TestOpenNeedsADirectory(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := Open(Options{Width: 20, Directories: []Directory{{Path: missing}}}); err == nil {
		t.Error("a missing directory was opened")
	}
	if _, err := Open(Options{Width: 21}); err == nil {
		t.Error("ids of 21 bytes were accepted")
	}
	s := open(t, Options{Width: 20, Directories: []Directory{{Path: objectDirectory(t)}, {Path: missing, Name: "alternate"}}})
	if list, _ := s.Refusals(); len(list) != 1 || list[0].File != "alternate" {
		t.Errorf("refused %v", list)
	}
}
