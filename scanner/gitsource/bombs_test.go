package gitsource_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// G21: a dozen trees, ten thousand million paths.
func TestTreeBombsEndSoon(t *testing.T) {
	for _, bomb := range []struct{ wide, deep int }{{10, 10}, {2, 30}} {
		t.Run(fmt.Sprint(bomb), func(t *testing.T) {
			r := newRepo(t)
			key := newKey()
			id := r.feed(planted(key), "hash-object", "-w", "--stdin")
			kind := "100644 blob"
			for range bomb.deep {
				var tree strings.Builder
				for i := range bomb.wide {
					fmt.Fprintf(&tree, "%s %s\td%d\n", kind, id, i)
				}
				id, kind = r.feed(tree.String(), "mktree"), "040000 tree"
			}
			r.git("update-ref", "refs/heads/main", r.feed("bomb", "commit-tree", id))
			began := time.Now()
			s := r.search()
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %v", took)
			}
			if n := len(s.of(key)); n == 0 || n > 1000 {
				t.Errorf("%d findings of one blob", n)
			}
			if !s.says(source.Excluded, "more paths than are told") {
				t.Error("nothing says that paths were left out")
			}
		})
	}
}

// packWriter makes a pack and its index by hand, with ids of our choice: git
// does not compare them with the content when it reads.
type packWriter struct {
	pack    bytes.Buffer
	ids     []string
	offsets []uint32
	sums    []uint32
	z       *zlib.Writer
}

func (p *packWriter) add(id string, kind byte, size int64, base string, data []byte) {
	if p.pack.Len() == 0 {
		p.pack.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
	}
	at := p.pack.Len()
	p.ids, p.offsets = append(p.ids, id), append(p.offsets, uint32(at))
	c := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		p.pack.WriteByte(c | 0x80)
		c = byte(size & 0x7f)
	}
	p.pack.WriteByte(c)
	raw, _ := hex.DecodeString(base)
	p.pack.Write(raw)
	if p.z == nil { // a new one for each entry would take 800 kB
		p.z = zlib.NewWriter(&p.pack)
	}
	p.z.Reset(&p.pack)
	_, _ = p.z.Write(data)
	_ = p.z.Close()
	p.sums = append(p.sums, crc32.ChecksumIEEE(p.pack.Bytes()[at:]))
}

func (p *packWriter) write(t *testing.T, r *repo) {
	pack := p.pack.Bytes()
	binary.BigEndian.PutUint32(pack[8:], uint32(len(p.ids)))
	sum := sha1.Sum(pack)
	order := make([]int, len(p.ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(p.ids[a], p.ids[b]) })
	var idx bytes.Buffer
	idx.WriteString("\xfftOc\x00\x00\x00\x02")
	var ids, sums, offsets bytes.Buffer
	var fan [256]uint32
	for _, i := range order {
		raw, err := hex.DecodeString(p.ids[i])
		if err != nil {
			t.Fatal(err)
		}
		ids.Write(raw)
		for b := int(raw[0]); b < 256; b++ {
			fan[b]++
		}
		_ = binary.Write(&sums, binary.BigEndian, p.sums[i])
		_ = binary.Write(&offsets, binary.BigEndian, p.offsets[i])
	}
	_ = binary.Write(&idx, binary.BigEndian, fan)
	for _, part := range [][]byte{ids.Bytes(), sums.Bytes(), offsets.Bytes(), sum[:]} {
		idx.Write(part)
	}
	end := sha1.Sum(idx.Bytes())
	idx.Write(end[:])
	name := ".git/objects/pack/pack-" + hex.EncodeToString(sum[:])
	r.write(name+".pack", string(pack)+string(sum[:]))
	r.write(name+".idx", idx.String())
}

func varint(n int64) []byte {
	var out []byte
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}

// copies is a delta that repeats its base, of 16 MiB less one byte, often.
func copies(base, times int64) []byte {
	out := append(varint(base), varint(base*times)...)
	for range times {
		out = append(out, 0x80|0x70, byte(base), byte(base>>8), byte(base>>16))
	}
	return out
}

// mutations is how many ways a pack is damaged in one run.
const mutations = 40

const (
	packBlob     = 3
	packRefDelta = 7
)

// G22: what unpacks to more than the limit is not unpacked, nor what is made
// from it.
func TestDeltaBombsAreNotUnpacked(t *testing.T) {
	r := newRepo(t)
	key := newKey()
	r.write("a.txt", planted(key))
	r.commit("one")
	id := func(n int) string { return fmt.Sprintf("%040x", n+1) }
	const base = 1<<24 - 1
	var p packWriter
	p.add(id(0), packBlob, base, "", make([]byte, base))
	for i, times := range []int64{128, 4096} { // 2 GB, 64 GB
		delta := copies(base, times)
		p.add(id(i+1), packRefDelta, int64(len(delta)), id(0), delta)
	}
	small := append(varint(base*128), 1, 1, 'x')
	p.add(id(3), packRefDelta, int64(len(small)), id(1), small)
	p.write(t, r)
	began := time.Now()
	s := r.search()
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
	s.one(t, key)
	for _, n := range []int{1, 2, 3} {
		if !s.says(source.Unread, "objects/"+id(n)) {
			t.Errorf("object %s is not told as unread: %q", id(n), s.unread())
		}
	}
}

// Git itself never comes back from such a pack.
func TestPacksWithoutAnEndAreRefused(t *testing.T) {
	t.Parallel()
	id := func(n int) string { return fmt.Sprintf("%040x", n+1) }
	ring := []byte{1, 1, 1, 'y'}
	for name, fill := range map[string]func(p *packWriter){
		"two objects made from each other": func(p *packWriter) {
			p.add(id(0), packRefDelta, int64(len(ring)), id(1), ring)
			p.add(id(1), packRefDelta, int64(len(ring)), id(0), ring)
		},
		"an object made from itself": func(p *packWriter) {
			p.add(id(0), packRefDelta, int64(len(ring)), id(0), ring)
		},
		"a chain without measure": func(p *packWriter) {
			p.add(id(0), packBlob, 1, "", []byte("x"))
			for n := range 5000 {
				p.add(id(n+1), packRefDelta, int64(len(ring)), id(n), ring)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			key := newKey()
			r.write("a.txt", planted(key))
			r.commit("one")
			var p packWriter
			fill(&p)
			p.write(t, r)
			s := r.search()
			s.one(t, key)
			if !s.says(source.Unread, "objects/0000", "the delta chain is") {
				t.Errorf("not told: %q", s.unread())
			}
		})
	}
}

// G23: whatever a pack is damaged to, the search ends, and what it does not
// read it tells.
func TestMutatedPacksEndInFindingsOrNotes(t *testing.T) {
	r := newRepo(t)
	key := newKey()
	for n := range 6 {
		r.write("a.txt", strings.Repeat(fmt.Sprintf("line %d\n", n), 200)+planted(key))
		r.commit("more")
	}
	r.git("repack", "-q", "-a", "-d", "--depth=50")
	var files []string
	for _, ext := range []string{"pack", "idx"} {
		list, err := filepath.Glob(filepath.Join(r.dir, ".git/objects/pack/*."+ext))
		if err != nil || len(list) != 1 {
			t.Fatalf("%q, %v", list, err)
		}
		check(t, os.Chmod(list[0], 0o600))
		files = append(files, list[0])
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range mutations {
		file := files[random.IntN(len(files))]
		whole, err := os.ReadFile(file)
		check(t, err)
		data := slices.Clone(whole)
		at := random.IntN(len(data))
		switch random.IntN(3) {
		case 0:
			data = data[:at]
		case 1:
			data[at] ^= byte(1 + random.IntN(255))
		case 2:
			copy(data[at:], whole[random.IntN(len(whole)):])
		}
		check(t, os.WriteFile(file, data, 0o600))
		began := time.Now()
		s := search(t, discover(t, r.dir, gitsource.Options{}))
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("byte %d of %s: took %v", at, filepath.Ext(file), took)
		}
		if len(s.of(key)) == 0 && len(s.unread()) == 0 && s.err == nil {
			t.Errorf("byte %d of %s: nothing found and nothing told", at, filepath.Ext(file))
		}
		check(t, os.WriteFile(file, whole, 0o600))
	}
}
