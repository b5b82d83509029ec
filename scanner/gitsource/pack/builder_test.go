package pack

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// builder makes packs that git would not.
type builder struct {
	width   int
	pack    bytes.Buffer
	entries map[string]uint64
	// count replaces the number of objects in the header.
	count int
}

func newBuilder(width int) *builder {
	b := &builder{width: width, entries: map[string]uint64{}}
	b.pack.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
	return b
}

// writer is one for all entries: a new one takes 800 kB, and chains have
// thousands.
var writer struct {
	sync.Mutex
	z *zlib.Writer
}

func deflated(data []byte) []byte {
	writer.Lock()
	defer writer.Unlock()
	var out bytes.Buffer
	if writer.z == nil {
		writer.z = zlib.NewWriter(&out)
	}
	writer.z.Reset(&out)
	writer.z.Write(data)
	writer.z.Close()
	return out.Bytes()
}

func entryHeader[T int | int64](kind byte, size T) []byte {
	head := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&0x7f))
	}
	return head
}

// raw puts an entry of any bytes at the end; it returns its offset.
func (b *builder) raw(id string, entry []byte) uint64 {
	at := uint64(b.pack.Len())
	b.pack.Write(entry)
	b.entries[id] = at
	return at
}

func (b *builder) object(id string, kind Type, data []byte) uint64 {
	return b.raw(id, append(entryHeader(byte(kind), len(data)), deflated(data)...))
}

func (b *builder) offset(id string, base uint64, delta []byte) uint64 {
	return b.raw(id, slices.Concat(entryHeader(offsetDelta, len(delta)), backward(uint64(b.pack.Len())-base), deflated(delta)))
}

func (b *builder) reference(id string, base, delta []byte) uint64 {
	return b.raw(id, slices.Concat(entryHeader(referenceDelta, len(delta)), base, deflated(delta)))
}

// backward writes the distance to a base.
func backward(n uint64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append(out, 0x80|byte(n&0x7f))
	}
	slices.Reverse(out)
	return out
}

func varint[T int | int64](n T) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// insertAll is a delta that makes to without its base.
func insertAll(from int, to []byte) []byte {
	delta := append(varint(from), varint(len(to))...)
	for part := range slices.Chunk(to, 127) {
		delta = append(append(delta, byte(len(part))), part...)
	}
	return delta
}

// copyAll is a delta that copies its base some times.
func copyAll(from, times int) []byte {
	delta := append(varint(from), varint(from*times)...)
	for range times {
		delta = append(delta, 0x80|0x70, byte(from), byte(from>>8), byte(from>>16))
	}
	return delta
}

// id is that of an object.
func (b *builder) id(kind Type, data []byte) string {
	var h hash.Hash = sha1.New()
	if b.width == 32 {
		h = sha256.New()
	}
	fmt.Fprintf(h, "%s %d\x00%s", kind, len(data), data)
	return hex.EncodeToString(h.Sum(nil))
}

// fake is an id that nothing has.
func (b *builder) fake(n int) string { return fmt.Sprintf("%0*x", 2*b.width, n+1) }

func (b *builder) sum(data []byte) []byte {
	if b.width == 32 {
		s := sha256.Sum256(data)
		return s[:]
	}
	s := sha1.Sum(data)
	return s[:]
}

// files returns the pack and its index.
func (b *builder) files() (pack, idx []byte) {
	pack = b.pack.Bytes()
	count := b.count
	if count == 0 {
		count = len(b.entries)
	}
	binary.BigEndian.PutUint32(pack[8:], uint32(count))
	pack = append(slices.Clone(pack), b.sum(pack)...)
	return pack, b.index(pack[len(pack)-b.width:])
}

func (b *builder) index(packSum []byte) []byte {
	ids := make([]string, 0, len(b.entries))
	for id := range b.entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var fan [256]uint32
	var names, sums, offsets, long []byte
	for _, id := range ids {
		raw, err := hex.DecodeString(id)
		if err != nil {
			raw = make([]byte, b.width)
		}
		for n := int(raw[0]); n < 256; n++ {
			fan[n]++
		}
		names = append(names, raw...)
		sums = append(sums, 0, 0, 0, 0)
		if at := b.entries[id]; at < 1<<31 {
			offsets = binary.BigEndian.AppendUint32(offsets, uint32(at))
		} else {
			offsets = binary.BigEndian.AppendUint32(offsets, 1<<31|uint32(len(long)/8))
			long = binary.BigEndian.AppendUint64(long, at)
		}
	}
	idx := []byte("\xfftOc\x00\x00\x00\x02")
	for _, n := range fan {
		idx = binary.BigEndian.AppendUint32(idx, n)
	}
	idx = slices.Concat(idx, names, sums, offsets, long, packSum)
	return append(idx, b.sum(idx)...)
}

// write puts the pack into an object directory and returns its name.
func (b *builder) write(t testing.TB, objects string) string {
	t.Helper()
	pack, idx := b.files()
	name := filepath.Join(objects, "pack", fmt.Sprintf("pack-%x", pack[len(pack)-b.width:]))
	write(t, name+".pack", string(pack))
	write(t, name+".idx", string(idx))
	return name
}
