package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// compiled is a module as CPython writes it, with one constant and one name,
// that is given it: name = "value".
func compiled(magic uint16, name, value string) []byte {
	load, store := byte(100), byte(90)
	switch {
	case magic >= 3600:
		load, store = 82, 116
	case magic >= 3550:
		load, store = 83, 116
	}
	numbers := 5
	if magic >= 3400 && magic < 3450 {
		numbers = 6
	}
	short := func(kind byte, s string) []byte { return append([]byte{kind, byte(len(s))}, s...) }
	tuple := func(items ...[]byte) []byte { return append([]byte{')', byte(len(items))}, bytes.Join(items, nil)...) }
	code := []byte{load, 0, store, 0, load, 1, 83, 0}
	out := binary.LittleEndian.AppendUint16(nil, magic)
	out = append(out, "\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	if magic < 3390 {
		out = out[:12]
	}
	out = append(out, 'c'|0x80)
	out = append(out, make([]byte, 4*numbers)...)
	out = binary.LittleEndian.AppendUint32(append(out, 's'), uint32(len(code)))
	out = append(out, code...)
	out = append(out, tuple(short('z'|0x80, value), []byte{'N'})...)
	out = append(out, tuple(short('Z'|0x80, name))...)
	empty := tuple()
	if magic >= 3450 {
		return append(out, bytes.Join([][]byte{empty, {'s', 0, 0, 0, 0}, short('z', "a.py"), short('Z', "<module>"), short('Z', "<module>"), {1, 0, 0, 0}, {'s', 0, 0, 0, 0}, {'s', 0, 0, 0, 0}}, nil)...)
	}
	return append(out, bytes.Join([][]byte{empty, empty, empty, short('z', "a.py"), short('Z', "<module>"), {1, 0, 0, 0}, {'s', 0, 0, 0, 0}}, nil)...)
}

// The magic numbers of Python 3.6 to 3.14.
func magics() []uint16 { return []uint16{3379, 3394, 3413, 3425, 3439, 3495, 3531, 3571, 3627} }

func TestCompiledModulesSayWhatTheyNameTheirStrings(t *testing.T) {
	for _, magic := range magics() {
		key := sampleKey(32, "")
		views, _ := collect(t, compiled(magic, "IONQ_API_KEY", key), "", Options{})
		wantPlace(t, views, key, place{way: "bytecode", encoded: key})
		found := false
		for _, v := range views {
			found = found || strings.Contains(v.text, "IONQ_API_KEY = \""+key+"\"")
		}
		if !found {
			t.Errorf("%d: no name before the value", magic)
		}
	}
}

func TestDamagedModulesEndQuietly(t *testing.T) {
	whole := compiled(3495, "IONQ_API_KEY", sampleKey(32, ""))
	for n := range whole {
		collect(t, whole[:n], "", Options{})
		damaged := bytes.Clone(whole)
		damaged[n] ^= 0xff
		collect(t, damaged, "", Options{})
	}
}

func TestALengthEndsAValueThatTheNextFieldTouches(t *testing.T) {
	key := sampleKey(32, "")
	long := sampleKey(48, "")
	for name, content := range map[string]string{
		"one byte":           "\x00\x00IonQProvider\xda\x20" + key + "N)\x01",
		"four bytes":         "\x01\x00\x00key\x00\x20\x00\x00\x00" + key + "Next\x00",
		"two bytes":          "\x01\x00\x00key\x00\x20\x00" + key + "Next\x00",
		"of a key character": "\x01\x00IonQ\x0a" + "\x30" + long + "\x00",
	} {
		want := key
		if strings.Contains(content, long) {
			want = long
		}
		views, _ := collect(t, []byte(content), "", Options{})
		t.Run(name, func(t *testing.T) { wantPlace(t, views, want, place{way: Lengths, encoded: want}) })
	}
	views, _ := collect(t, []byte(fmt.Sprintf("some words %sNext\n", key)), "", Options{})
	if len(views) > 1 {
		t.Errorf("a space in text is taken for a length: %d views", len(views))
	}
}
