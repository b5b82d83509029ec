package decode

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

const (
	freeSector = 0xffffffff
	endOfChain = 0xfffffffe
	fatSector  = 0xfffffffd
)

// compound is a compound document with one stream, whose sectors lie in the
// opposite order.
func compound(name string, stream []byte) []byte {
	const sector = 512
	for len(stream)%sector != 0 || len(stream) < 4096 {
		stream = append(stream, ' ')
	}
	sectors := len(stream) / sector
	fat := make([]uint32, sector/4)
	for i := range fat {
		fat[i] = freeSector
	}
	fat[0], fat[1] = fatSector, endOfChain
	for i := range sectors {
		fat[2+i] = uint32(1 + i)
	}
	fat[2] = endOfChain
	head := make([]byte, sector)
	copy(head, oleMagic)
	for at, v := range map[int]uint16{24: 0x3e, 26: 3, 28: 0xfffe, 30: 9, 32: 6} {
		binary.LittleEndian.PutUint16(head[at:], v)
	}
	for at, v := range map[int]uint32{44: 1, 48: 1, 56: 4096, 60: endOfChain, 68: endOfChain} {
		binary.LittleEndian.PutUint32(head[at:], v)
	}
	for at := 80; at < sector; at += 4 {
		binary.LittleEndian.PutUint32(head[at:], freeSector)
	}
	binary.LittleEndian.PutUint32(head[76:], 0)
	entry := func(name string, kind byte, child, start uint32, size int) []byte {
		e := make([]byte, 128)
		units := utf16.Encode([]rune(name))
		for i, u := range units {
			binary.LittleEndian.PutUint16(e[2*i:], u)
		}
		binary.LittleEndian.PutUint16(e[64:], uint16(2*len(units)+2))
		e[66], e[67] = kind, 1
		for at, v := range map[int]uint32{68: freeSector, 72: freeSector, 76: child, 116: start, 120: uint32(size)} {
			binary.LittleEndian.PutUint32(e[at:], v)
		}
		return e
	}
	out := head
	for _, v := range fat {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	out = append(out, entry("Root Entry", 5, 1, endOfChain, 0)...)
	out = append(out, entry(name, 2, freeSector, uint32(1+sectors), len(stream))...)
	out = append(out, make([]byte, 256)...)
	for i := range sectors {
		out = append(out, stream[(sectors-1-i)*sector:(sectors-i)*sector]...)
	}
	return out
}

func TestStreamsOfCompoundDocumentsAreRead(t *testing.T) {
	key := sampleKey(32, "")
	// The key lies on both sides of a sector's end.
	text := strings.Repeat("x", 500) + "\rIONQ_API_KEY " + key + "\r" + strings.Repeat("y", 1000)
	views, notes := collect(t, compound("WordDocument", []byte(text)), "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, "IONQ_API_KEY "+key, place{member: "WordDocument", encoded: "IONQ_API_KEY " + key})
	wide := []byte(wideString("\r\nIONQ_API_KEY "+key+"\r\n", false))
	views, _ = collect(t, compound("__substg1.0_1000001F", append(bytes.Repeat([]byte{1}, 480), wide...)), "", Options{})
	found := false
	for _, v := range views {
		found = found || v.Member == "__substg1.0_1000001F" && strings.Contains(v.text, "IONQ_API_KEY "+key)
	}
	if !found {
		t.Error("UTF-16 in a stream is not seen")
	}
}

func TestDamagedCompoundDocumentsAreTold(t *testing.T) {
	whole := compound("WordDocument", []byte(sampleKey(32, "")))
	for n := 0; n < len(whole); n += 7 {
		collect(t, whole[:n], "", Options{})
		damaged := bytes.Clone(whole)
		damaged[n] ^= 0xff
		collect(t, damaged, "", Options{})
	}
	_, notes := collect(t, whole[:600], "", Options{})
	if len(notes) == 0 {
		t.Error("a cut document is not told")
	}
}

func FuzzOLE(f *testing.F) {
	f.Add(compound("WordDocument", []byte(sampleKey(32, ""))))
	f.Fuzz(func(t *testing.T, content []byte) { checkAll(t, content, tight()) })
}

// walOf is a write-ahead log with pages of one row each: two texts that touch.
func walOf(name, value string) []byte {
	const size = 512
	out := make([]byte, walHead)
	copy(out, walMagic+"\x83")
	binary.BigEndian.PutUint32(out[4:], 3007000)
	binary.BigEndian.PutUint32(out[8:], size)
	page := make([]byte, size)
	page[0] = 13
	payload := append([]byte{3, byte(13 + 2*len(name)), byte(13 + 2*len(value))}, name+value...)
	cell := append([]byte{byte(len(payload)), 1}, payload...)
	at := size - len(cell)
	copy(page[at:], cell)
	binary.BigEndian.PutUint16(page[3:], 1)
	binary.BigEndian.PutUint16(page[5:], uint16(at))
	binary.BigEndian.PutUint16(page[8:], uint16(at))
	frame := make([]byte, frameHead)
	binary.BigEndian.PutUint32(frame, 2)
	return slices.Concat(out, frame, page)
}

func TestPagesOfAWriteAheadLogAreRead(t *testing.T) {
	key := sampleKey(32, "")
	views, notes := collect(t, walOf("ionq_api_key", key), "", Options{})
	wantNote(t, notes)
	found := false
	for _, v := range views {
		found = found || strings.HasPrefix(v.Member, "pages!") && strings.Contains(v.text, `"ionq_api_key": "`+key+`"`) || strings.Contains(v.text, `"`+key+`"`)
	}
	if !found {
		t.Error("the row is not shown")
	}
	content := walOf("a", key)
	for n := range content {
		collect(t, content[:n], "", Options{})
	}
}
