package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ulikunitz/xz/lzma"
)

// lzma2Of compresses with the method that 7-Zip uses first.
func lzma2Of(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := lzma.NewWriter2(&out)
	must(t, err)
	_, err = w.Write(content)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

// number7 writes a number of up to 28 bits.
func number7(n int) []byte {
	if n < 0x80 {
		return []byte{byte(n)}
	}
	return []byte{0xe0 | byte(n>>24), byte(n), byte(n >> 8), byte(n >> 16)}
}

// streams7 describes one folder of LZMA2 at a place, and the files in it.
func streams7(at, packed int, sizes ...int) []byte {
	total := 0
	for _, s := range sizes {
		total += s
	}
	out := slices.Concat([]byte{6}, number7(at), []byte{1, 9}, number7(packed), []byte{0, 7, 11, 1, 0, 1, 0x21, 0x21, 1, 24, 12}, number7(total), []byte{0})
	if len(sizes) > 1 {
		out = append(append(out, 8, 13), number7(len(sizes))...)
		out = append(out, 9)
		for _, s := range sizes[:len(sizes)-1] {
			out = append(out, number7(s)...)
		}
		out = append(out, 0)
	}
	return append(out, 0)
}

// sevenZipOf makes a 7z of one folder, with its directory compressed.
func sevenZipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var text []byte
	var sizes []int
	names := []byte{0}
	for _, f := range files {
		text, sizes = append(text, f.content...), append(sizes, len(f.content))
		for _, u := range utf16.Encode([]rune(f.name + "\x00")) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
	}
	packed := lzma2Of(t, text)
	directory := slices.Concat([]byte{1, 4}, streams7(0, len(packed), sizes...), []byte{5}, number7(len(files)), []byte{17}, number7(len(names)), names, []byte{0, 0})
	inner := lzma2Of(t, directory)
	encoded := append([]byte{23}, streams7(len(packed), len(inner), len(directory))...)
	out := []byte("7z\xbc\xaf\x27\x1c\x00\x04\x00\x00\x00\x00")
	out = binary.LittleEndian.AppendUint64(out, uint64(len(packed)+len(inner)))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(encoded)))
	return slices.Concat(out, make([]byte, 4), packed, inner, encoded)
}

func TestMembersOf7zAreRead(t *testing.T) {
	key := sampleKey(32, "")
	text := "IONQ_API_KEY=" + key + "\n"
	content := sevenZipOf(t, file{"first", "x\n"}, file{"d/ä.env", text}, file{"b.zip", string(zipOf(t, 8, file{"c.env", text}))})
	views, notes := collect(t, content, "a.7z", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{member: "d/ä.env", encoded: text})
	wantPlace(t, views, text, place{member: "b.zip!c.env", encoded: text})
	views, notes = collect(t, []byte("x: "+base64.StdEncoding.EncodeToString(content)+"\n"), "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{member: "base64!d/ä.env", encoded: text})
}

func TestA7zMeetsItsBudgets(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	bomb := sevenZipOf(t, file{"zeros", strings.Repeat("0", 40<<20)}, file{"behind", "text behind it"})
	_, notes := collect(t, bomb, "", Options{Ratio: 20})
	wantNote(t, notes, "unread: zeros: it unfolds to more than 20 times its size")
	_, notes = collect(t, bomb, "", Options{MemberBytes: 1 << 20})
	wantNote(t, notes, "unread: zeros: only the first 1 MiB were read", "unread: : it unfolds to more than 200 times its size")
	longer := sevenZipOf(t, file{"zeros", strings.Repeat("0", 3<<20)}, file{"behind", "text behind it"})
	views, notes := collect(t, longer, "", Options{MemberBytes: 1 << 20})
	wantNote(t, notes, "unread: zeros: only the first 1 MiB were read")
	wantPlace(t, views, "text behind it", place{member: "behind", encoded: "text behind it"})
	_, notes = collect(t, sevenZipOf(t, slices.Repeat([]file{{"a", "b"}}, 30)...), "", Options{Members: 20})
	wantNote(t, notes, "unread: : it has more than 20 members")
}

func TestA7zCutAnywhereIsNoted(t *testing.T) {
	whole := sevenZipOf(t, file{"a", "some text"}, file{"b", randomText(2000)})
	for cut := 40; cut < len(whole); cut += 7 {
		if _, notes := collect(t, whole[:cut], "", Options{}); len(notes) == 0 {
			t.Fatalf("no note at %d of %d", cut, len(whole))
		}
	}
}

// FuzzSevenZip holds the reader to its budgets; the directory is not compressed,
// so that the fuzzer gets at it.
func FuzzSevenZip(f *testing.F) {
	packed := lzma2Of(f, []byte("some text and more"))
	directory := slices.Concat([]byte{1, 4}, streams7(0, len(packed), 10, 8), []byte{5, 2, 17, 9, 0, 'a', 0, 0, 0, 'b', 0, 0, 0, 0, 0})
	f.Add(packed, directory)
	f.Add([]byte("copied"), []byte{1, 4, 6, 0, 1, 9, 6, 0, 7, 11, 1, 0, 1, 1, 0, 12, 6, 0, 0, 0})
	f.Add([]byte("filters"), []byte{1, 4, 6, 0, 1, 9, 7, 0, 7, 11, 1, 0, 2, 0x21, 3, 1, 0, 1, 0, 1, 0, 12, 7, 7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, packed, directory []byte) {
		out := []byte("7z\xbc\xaf\x27\x1c\x00\x04\x00\x00\x00\x00")
		out = binary.LittleEndian.AppendUint64(out, uint64(len(packed)))
		out = binary.LittleEndian.AppendUint64(out, uint64(len(directory)))
		checkAll(t, slices.Concat(out, make([]byte, 4), packed, directory), tight())
	})
}

// Test7zOfTheProgramIsRead needs 7-Zip; where QLEAKS_REQUIRE names 7zip, its
// absence fails the test.
func Test7zOfTheProgramIsRead(t *testing.T) {
	program, err := exec.LookPath("7z")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "7zip") {
			t.Fatal("QLEAKS_REQUIRE names 7zip, and there is no 7z here")
		}
		t.Skip("no 7z here; QLEAKS_REQUIRE=7zip demands it")
	}
	folder, key := t.TempDir(), sampleKey(32, "")
	must(t, os.Mkdir(filepath.Join(folder, "in"), 0o700))
	for i, text := range []string{"", "IONQ_API_KEY=" + key + "\n", randomText(300_000), "x\n"} {
		must(t, os.WriteFile(filepath.Join(folder, "in", fmt.Sprint(i, ".env")), []byte(text), 0o600))
	}
	for options, want := range map[string]string{
		"-mx=5": "", "-mx=9": "", "-mx=0": "", "-m0=LZMA": "", "-m0=BZip2": "", "-m0=Deflate": "", "-ms=off": "", "-m0=Delta:4 -m1=LZMA": "", "-m0=BCJ -m1=LZMA2": "", "-mhc=off": "",
		"-m0=PPMd": "unread", "-psecret": "excluded", "-psecret -mhe=on": "excluded",
	} {
		out := filepath.Join(folder, strings.ReplaceAll(options, " ", "")+".7z")
		args := append(append([]string{"a", "-bd", "-y"}, strings.Fields(options)...), out, filepath.Join(folder, "in"))
		if text, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", options, err, text)
		}
		content, err := os.ReadFile(out)
		must(t, err)
		views, notes := collect(t, content, "", Options{})
		switch {
		case want != "":
			if len(notes) == 0 || !strings.HasPrefix(notes[0].Error(), want) {
				t.Errorf("%s: %v", options, notes)
			}
		default:
			wantNote(t, notes)
			wantPlace(t, views, key, place{member: "in/1.env", encoded: key})
		}
	}
}
