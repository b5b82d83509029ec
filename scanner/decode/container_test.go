package decode

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bzip2Text is what bzip2 makes of a line of text; there is no writer in Go.
const bzip2Text = "425a683931415926535921e1e142000005d98000104004100032e5ce502000314c9899064614d06023268ce0902a8cbd56b3c1e55e79aa0199c1f9363416227f8bb9229c284810f0f0a100"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func compress(t testing.TB, k kind, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch k {
	case kindGzip:
		w = gzip.NewWriter(&out)
	case kindZlib:
		w = zlib.NewWriter(&out)
	case kindZstd:
		w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	default:
		w, err = xz.NewWriter(&out)
	}
	must(t, err)
	_, err = w.Write(content)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

type file struct {
	name, content string
}

func zipOf(t testing.TB, method uint16, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		must(t, err)
		_, err = io.WriteString(m, f.content)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		must(t, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.content)), Mode: 0o600, Typeflag: tar.TypeReg}))
		_, err := io.WriteString(w, f.content)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func TestContainersAreReadInMemory(t *testing.T) {
	key := sampleKey(32, "")
	text := "# keys\nIONQ_API_KEY=" + key + "\n"
	inner := zipOf(t, zip.Deflate, file{"nb.ipynb", string(notebookOf(t, map[string]any{"source": []string{"k = '" + key + "'"}}, nil))})
	var named bytes.Buffer
	w := gzip.NewWriter(&named)
	w.Name = `C:\x\keys.txt`
	_, _ = io.WriteString(w, text)
	must(t, w.Close())
	twice := append(compress(t, kindGzip, []byte("first\n")), compress(t, kindGzip, []byte(text))...)
	coded := base64.StdEncoding.EncodeToString(compress(t, kindGzip, []byte(text)))
	codedZip := base64.StdEncoding.EncodeToString(zipOf(t, zip.Store, file{"a", text}))
	program := append([]byte("#!/usr/bin/env python3\n"), zipOf(t, zip.Deflate, file{"main.py", text})...)

	for _, test := range []struct {
		name    string
		content []byte
		want    place
	}{
		{"gzip", compress(t, kindGzip, []byte(text)), place{member: "data"}},
		{"gzip with a name", named.Bytes(), place{member: "keys.txt"}},
		{"two gzip streams", twice, place{member: "data"}},
		{"zlib", compress(t, kindZlib, []byte(text)), place{member: "data"}},
		{"zstd", compress(t, kindZstd, []byte(text)), place{member: "data"}},
		{"xz", compress(t, kindXZ, []byte(text)), place{member: "data"}},
		{"two xz streams", append(compress(t, kindXZ, []byte("x")), compress(t, kindXZ, []byte(text))...), place{member: "data"}},
		{"zip", zipOf(t, zip.Deflate, file{"d/", ""}, file{"d/a.env", text}), place{member: "d/a.env"}},
		{"stored zip", zipOf(t, zip.Store, file{"a.env", text}), place{member: "a.env"}},
		{"zip in zip", zipOf(t, zip.Deflate, file{"b.zip", string(zipOf(t, zip.Deflate, file{"a.env", text}))}), place{member: "b.zip!a.env"}},
		{"zip behind a program", program, place{member: "main.py"}},
		{"names are labels", zipOf(t, zip.Deflate, file{"../../etc/a", text}), place{member: "../../etc/a"}},
		{"tar", tarOf(t, file{"x", "y"}, file{"a.env", text}), place{member: "a.env"}},
		{"tar.gz", compress(t, kindGzip, tarOf(t, file{"x", "y"}, file{"a.env", text})), place{member: "a.env"}},
		{"tar.xz", compress(t, kindXZ, tarOf(t, file{"a.env", text})), place{member: "a.env"}},
		{"tar.zst", compress(t, kindZstd, tarOf(t, file{"a.env", text})), place{member: "a.env"}},
		{"gzip in zip", zipOf(t, zip.Store, file{"d/a.env.gz", string(compress(t, kindGzip, []byte(text)))}), place{member: "d/a.env.gz!a.env"}},
		{"UTF-16 in zip", zipOf(t, zip.Deflate, file{"a", wideString("\ufeff"+text, false)}), place{member: "a", way: "utf-16"}},
		{"notebook in zip in tar.gz", compress(t, kindGzip, tarOf(t, file{"i.zip", string(inner)})), place{member: "i.zip!nb.ipynb", part: "source", cell: 2, line: 1}},
		{"base64 in zip", zipOf(t, zip.Deflate, file{"a", base64.StdEncoding.EncodeToString([]byte(text))}), place{member: "a", way: "base64", encoded: base64.StdEncoding.EncodeToString([]byte(text))}},
		{"gzip in base64", []byte("data: " + coded + "\n"), place{way: "base64 gzip", encoded: coded}},
		{"zip in base64", []byte("data: " + codedZip + "\n"), place{member: "base64!a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			views, notes := collect(t, test.content, "", Options{})
			if test.want.encoded == "" {
				test.want.encoded = key
			}
			wantPlace(t, views, key, test.want)
			wantNote(t, notes)
		})
	}
}

func TestBzip2IsRead(t *testing.T) {
	content, err := hex.DecodeString(bzip2Text)
	must(t, err)
	views, notes := collect(t, content, "a.bz2", Options{})
	wantNote(t, notes)
	wantPlace(t, views, "a text in bzip2", place{member: "data", encoded: "a text in bzip2"})
}

func TestEncryptedMembersAreExcluded(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range []zip.FileHeader{{Name: "locked", Flags: 1, Method: zip.Store}, {Name: "odd", Method: 99}} {
		f.CompressedSize64, f.UncompressedSize64, f.CRC32 = 4, 4, crc32.ChecksumIEEE([]byte("abcd"))
		m, err := w.CreateRaw(&f)
		must(t, err)
		_, err = m.Write([]byte("abcd"))
		must(t, err)
	}
	must(t, w.Close())
	_, notes := collect(t, out.Bytes(), "", Options{})
	wantNote(t, notes, "excluded: locked: encrypted", "unread: odd: compression method 99 of zip is not known")
}

func TestDamagedMembersAreReadAsFarAsPossible(t *testing.T) {
	key := sampleKey(32, "")
	text := "IONQ_API_KEY=" + key + "\n" + randomText(20_000)
	stored := zipOf(t, zip.Store, file{"a", text})
	stored[200] ^= 1 // the checksum does not hold any more
	views, notes := collect(t, stored, "", Options{})
	wantPlace(t, views, key, place{member: "a", encoded: key})
	wantNote(t, notes, "unread: a: broken zip")

	for k, name := range map[kind]string{kindGzip: "gzip", kindZlib: "zlib", kindXZ: "xz", kindZstd: "zstd"} {
		packed := compress(t, k, []byte(text))
		views, notes = collect(t, packed[:len(packed)*2/3], "", Options{})
		if k == kindGzip || k == kindZlib {
			wantPlace(t, views, key, place{member: "data", encoded: key})
		}
		wantNote(t, notes, "unread: : broken "+name)
	}
}

func randomText(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%x\n", rand.Uint64())
	}
	return b.String()
}

func TestArchivesCutAnywhereAreNoted(t *testing.T) {
	key := sampleKey(32, "")
	members := []file{{"a.env", "K=" + key + "\n"}, {"b.txt", strings.Repeat("b ", 40)}}
	for name, whole := range map[string][]byte{
		"zip":        zipOf(t, zip.Deflate, members...),
		"stored zip": zipOf(t, zip.Store, members...),
		"tar":        tarOf(t, members...)[:3*tarBlock+1],
		"tar.gz":     compress(t, kindGzip, tarOf(t, members...)),
		"tar.xz":     compress(t, kindXZ, tarOf(t, members...)),
		"tar.zst":    compress(t, kindZstd, tarOf(t, members...)),
	} {
		found := false
		for cut := range whole {
			views, notes := collect(t, whole[:cut], "", Options{})
			if cut > tarBlock && len(notes) == 0 || cut > 10 && !strings.HasPrefix(name, "tar") && len(notes) == 0 {
				t.Fatalf("%s: no note at %d of %d", name, cut, len(whole))
			}
			for _, p := range placesOf(views, key) {
				found = found || p.member == "a.env"
			}
		}
		if !found && name != "tar.xz" && name != "tar.zst" {
			t.Errorf("%s: what can be read was not read", name)
		}
	}
}

func TestBombsMeetTheirBudget(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	zeros := make([]byte, 1<<20)
	megabytes := 1 << 10
	if testing.Short() {
		megabytes = 1 << 7
	}
	for range megabytes {
		_, err := w.Write(zeros)
		must(t, err)
	}
	must(t, w.Close())
	bomb := gz.Bytes()

	largest := 0
	notes := 0
	for v, err := range Views(bomb, "", Options{}) {
		largest = max(largest, len(v.Text))
		if err != nil {
			notes++
		}
	}
	if largest > 64<<20 || notes == 0 {
		t.Errorf("%d bytes in one view, %d notes", largest, notes)
	}
	_, found := collect(t, bomb, "", Options{Ratio: 20})
	wantNote(t, found, "unread: : it unfolds to more than 20 times its size")
	_, found = collect(t, bomb, "", Options{TotalBytes: 1 << 20})
	wantNote(t, found, "unread: : it unfolds to more than 1 MiB")
	_, found = collect(t, bomb, "", Options{MemberBytes: 2 << 20})
	wantNote(t, found, "unread: : only the first 2 MiB were read")

	layered := []byte("IONQ_API_KEY=" + sampleKey(32, ""))
	for i := range 10 {
		layered = zipOf(t, zip.Deflate, file{fmt.Sprint(i), string(layered)})
	}
	_, found = collect(t, layered, "", Options{})
	wantNote(t, found, "unread: 9!8!7!6: archives are nested deeper than 4")
}

func TestOverlappingMembersMeetTheRatio(t *testing.T) {
	// Many entries of the directory name one member.
	one := zipOf(t, zip.Deflate, file{"a", strings.Repeat("0", 1<<20)})
	at := bytes.Index(one, []byte(zipCentral))
	entry := one[at:bytes.Index(one, []byte(zipEnd))]
	archive := append(append([]byte{}, one[:at]...), bytes.Repeat(entry, 1000)...)
	end := append([]byte{}, one[len(one)-zipEndSize:]...)
	size := len(entry) * 1000
	end[8], end[9], end[10], end[11] = 0xe8, 3, 0xe8, 3
	end[12], end[13], end[14], end[15] = byte(size), byte(size>>8), byte(size>>16), 0
	total := 0
	var reasons []string
	for v, err := range Views(append(archive, end...), "", Options{}) {
		total += len(v.Base)
		if err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	if total > 30<<20 || fmt.Sprint(reasons) != "[unread: a: it unfolds to more than 200 times its size]" {
		t.Errorf("%d bytes, %q", total, reasons)
	}
}

func TestAMillionMembersMeetTheirBudget(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	members := 1_000_000
	if testing.Short() {
		members = 110_000
	}
	for i := range members {
		_, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(i % 10)})
		must(t, err)
	}
	must(t, w.Close())
	_, notes := collect(t, out.Bytes(), "", Options{})
	wantNote(t, notes, "unread: : it has more than 100000 members")

	tarball := tarOf(t, slices.Repeat([]file{{"x", ""}}, 300)...)
	_, notes = collect(t, tarball, "", Options{Members: 200})
	wantNote(t, notes, "unread: : it has more than 200 members")
}

func TestTimeIsABudget(t *testing.T) {
	content := []byte(strings.Repeat("\\n"+sampleKey(32, "")+" ", 1000))
	_, notes := collect(t, content, "", Options{Time: time.Nanosecond})
	if len(notes) > 1 {
		t.Error(notes)
	}
	for _, n := range notes {
		if n.Reason != "decoding took longer than 1ns and was cut short" {
			t.Error(n)
		}
	}
}

func TestBreakEndsTheSequenceAnywhere(t *testing.T) {
	key := sampleKey(32, "")
	content := compress(t, kindGzip, tarOf(t,
		file{"a.zip", string(zipOf(t, zip.Deflate, file{"x.zst", string(compress(t, kindZstd, []byte(key)))}))},
		file{"nb", string(notebookOf(t, map[string]any{"source": "\x1b[m" + key, "outputs": []any{map[string]any{"text": key}}}, nil))},
		file{"b", `"\"` + key + `\" %20 ` + base64.StdEncoding.EncodeToString([]byte(key)) + "&quot;"},
		file{"cut.gz", string(compress(t, kindGzip, []byte(randomText(999)))[:99])},
	))
	for stop := range 40 {
		n := 0
		for range Views(content, "", Options{}) {
			if n++; n > stop {
				break
			}
		}
		if n <= stop {
			if n < 8 {
				t.Errorf("only %d views", n)
			}
			return
		}
	}
}
