package pdf_test

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/decode/pdf"
)

// file makes a PDF of objects, without the table that readers seldom need.
func file(objects ...string) []byte {
	out := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i, o := range objects {
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	return append(out, "trailer\n<< /Root 1 0 R /Size 9 >>\nstartxref\n0\n%%EOF\n"...)
}

func stream(dict string, data []byte) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
}

func deflated(data string) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = io.WriteString(w, data)
	_ = w.Close()
	return out.Bytes()
}

// onePage makes a PDF with a page of this content and this font.
func onePage(font, content string) []byte {
	return file("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 5 0 R >> >> >>",
		"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>", stream("/Filter /FlateDecode", deflated(content)), font)
}

const monospaced = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /FirstChar 0 /Widths 6 0 R >>"

// open reads a PDF without budgets.
func open(content []byte) *pdf.File {
	return pdf.Open(content, func(in io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(in, 8<<20)) })
}

// pages are the texts of all pages.
func pages(content []byte) (texts []string) {
	open(content).Pages(func(number int, text []byte) bool {
		texts = append(texts, fmt.Sprintf("%d: %s", number, text))
		return true
	})
	return texts
}

func wantPages(t *testing.T, content []byte, want ...string) {
	t.Helper()
	if got := pages(content); !slices.Equal(got, want) {
		t.Errorf("want %q\ngot  %q", want, got)
	}
}

func TestPiecesOfTextAreJoinedAsTheyAreSeen(t *testing.T) {
	for content, want := range map[string]string{
		`BT /F1 10 Tf 72 700 Td (one line) Tj ET`:                                      "one line",
		`BT /F1 10 Tf 72 700 Td (ke) Tj 10 0 Td (rn) Tj ET`:                            "kern", // two characters of 5 are 10 wide
		`BT /F1 10 Tf (a) Tj 8 0 Td (b) Tj ET`:                                         "a b",
		`BT /F1 10 Tf [(ke) -20 (r) 30 (n) -600 (two)] TJ ET`:                          "kern two",
		`BT /F1 10 Tf 12 TL 0 700 Td (one) Tj T* (two) Tj (three) ' 1 2 (four) " ET`:   "one\ntwo\nthree\nfour",
		`BT /F1 10 Tf 1 0 0 1 72 700 Tm (a) Tj 1 0 0 1 77 700 Tm (b) Tj ET`:            "ab",
		`BT /F1 10 Tf 1 0 0 1 72 700 Tm (a) Tj 1 0 0 1 72 688 Tm (b) Tj ET`:            "a\nb",
		`BT /F1 1 Tf 10 0 0 10 72 700 Tm (a) Tj .5 0 Td (b) Tj 0 -1.2 TD (c) Tj ET`:    "ab\nc",
		`BT /F1 10 Tf (<\(nested (x)\)\101\7\053>) Tj <41 42 4> Tj ET`:                 "<(nested (x))A+>AB@",
		`BT /F1 10 Tf (a) Tj ET BI /W 1 ID (no) Tj EI BT /F1 10 Tf 0 -20 Td (b) Tj ET`: "a\nb",
		`BT /F1 10 Tf 0 1 -1 0 50 50 Tm (up) Tj 0 1 -1 0 50 60 Tm (ward) Tj ET`:        "upward",
		`BT /F1 10 Tf 100 Tz 1 Tc (ab) Tj 12 0 Td (c) Tj ET`:                           "abc",
	} {
		wantPages(t, onePage(monospaced, content), "1: "+want+"\n")
	}
}

func TestCodesOfFontsAreCharacters(t *testing.T) {
	table := "/CIDInit begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0003> <0020> <0010> <0041 0042> endbfchar " +
		"2 beginbfrange <0024> <003D> <0061> <0050> <0051> [<0078> <0079>] endbfrange"
	wide := file("<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		stream("", []byte("BT /F1 1 Tf <0024 0025 0003 0010 003D 0050 0051> Tj ET")),
		"<< /Subtype /Type0 /ToUnicode 6 0 R /DescendantFonts [<< /DW 600 /W [36 [500 600] 80 81 700] >>] >>", stream("/Filter/FlateDecode", deflated(table)))
	wantPages(t, wide, "1: ab ABzxy\n")

	named := "<< /Subtype /Type3 /Encoding << /Differences [1 /A /one /underscore 65 /b /hyphen /uni007A /unknown.alt /fi] >> >>"
	wantPages(t, onePage(named, "BT /F1 1 Tf (\x01\x02\x03ABCDE) Tj ET"), "1: A1_b-zDfi\n")
}

func TestFiltersAreUndone(t *testing.T) {
	const content = "BT /F1 10 Tf (a text in a stream of PDF, a text in a stream of PDF) Tj ET"
	var in85 bytes.Buffer
	w := ascii85.NewEncoder(&in85)
	_, _ = w.Write(deflated(content))
	_ = w.Close()
	for dict, data := range map[string][]byte{
		"/Filter /FlateDecode":                                      deflated(content),
		"/Filter [/ASCII85Decode /FlateDecode]":                     append(in85.Bytes(), "~>"...),
		"/Filter [/AHx /Fl]":                                        []byte(hex.EncodeToString(deflated(content)) + ">"),
		"/Filter /RunLengthDecode":                                  append(append([]byte{byte(len(content) - 1)}, content...), 255, ' ', ' ', 128),
		"/Filter /LZWDecode":                                        lzwOf(content, 1),
		"/Filter /LZW /DecodeParms << /EarlyChange 0 >>":            lzwOf(content, 0),
		"/Filter /Fl /DecodeParms [<< /Predictor 12 /Columns 5 >>]": deflated(predicted(content, 5)),
		"": []byte(content),
	} {
		made := file("<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents [4 0 R] >>", stream(dict, data))
		wantPages(t, made, "1: a text in a stream of PDF, a text in a stream of PDF\n")
	}
}

// predicted writes rows as PNG's predictors 0 to 4 in turn do.
func predicted(content string, columns int) string {
	var out []byte
	last := make([]byte, columns)
	for i := 0; i < len(content); i += columns {
		row := make([]byte, columns)
		copy(row, strings.Repeat(" ", columns))
		copy(row, content[i:])
		kind := byte(i / columns % 3)
		out = append(out, kind)
		for k := range row {
			left := byte(0)
			if k > 0 {
				left = row[k-1]
			}
			out = append(out, row[k]-[]byte{0, left, last[k]}[kind])
		}
		last = row
	}
	return string(out)
}

// lzwOf writes LZW with codes of nine bits alone, cleared often enough for that.
func lzwOf(content string, _ int) []byte {
	bits := ""
	code := func(n int) { bits += fmt.Sprintf("%09b", n) }
	for i := range len(content) {
		if i%100 == 0 {
			code(256)
		}
		code(int(content[i]))
	}
	code(257)
	bits += strings.Repeat("0", 8)
	var out []byte
	for ; len(bits) >= 8; bits = bits[8:] {
		var b byte
		_, _ = fmt.Sscanf(bits[:8], "%08b", &b)
		out = append(out, b)
	}
	return out
}

func TestObjectsInStreamsAreRead(t *testing.T) {
	packed := "2 0 3 17 " + "<< /Kids[3 0 R]>> << /Contents 4 0 R /Type/Page >>"
	made := file("<< /Pages 2 0 R >>", "null", "null", stream("", []byte("BT (packed) Tj ET")),
		stream("/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode", deflated(packed)))
	wantPages(t, made, "1: packed\n")
}

func TestPagesAreCountedInTheirOrder(t *testing.T) {
	page := func(n int) string { return fmt.Sprintf("<< /Type /Page /Contents %d 0 R >>", n) }
	made := file("<< /Pages 2 0 R >>", "<< /Kids [6 0 R 3 0 R 2 0 R] >>", page(4), stream("", []byte("BT (second) Tj ET")), page(4),
		"<< /Kids [7 0 R] /Parent 2 0 R >>", page(8), stream("", []byte("BT (first) Tj ET")))
	wantPages(t, made, "1: first\n", "2: second\n", "3: second\n") // the last is in no tree
}

func TestStringsOfObjectsAreTold(t *testing.T) {
	made := file("<< /Pages 2 0 R >>", "<< /Kids [] >>", "<< /T (api_key) /V <FEFF00610062> /FT /Tx >>", "<< /Subtype /Link /A << /URI (https://example.org/?a=b) >> /ID [(no)] >>", "(alone)")
	got := string(open(made).Strings())
	for _, want := range []string{"api_key: \"ab\"\n", "URI: https://example.org/?a=b", "alone"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if strings.Contains(got, "no") {
		t.Errorf("%q", got)
	}
}

func TestOtherStreamsAreTold(t *testing.T) {
	made := file("<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R >>", stream("", []byte("BT (page) Tj ET")),
		stream("/Subtype /Form", []byte("BT (drawn) Tj ET")), stream("/Type /EmbeddedFile", []byte("a file")),
		stream("/Subtype /Image", []byte("no")), stream("/Length1 2", []byte("no")))
	f := open(made)
	f.Pages(func(int, []byte) bool { return true })
	var got []string
	f.Streams(func(name string, data []byte, text bool) bool {
		got = append(got, fmt.Sprintf("%s %q %t", name, data, text))
		return true
	})
	if want := []string{`object 5 "drawn\n" true`, `object 6 "a file" false`}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestEncryptedFilesAreTold(t *testing.T) {
	made := bytes.Replace(onePage(monospaced, "BT (x) Tj ET"), []byte("/Root"), []byte("/Encrypt 9 0 R /Root"), 1)
	if f := open(made); !f.Encrypted() {
		t.Error("it is not told")
	}
}

func TestBrokenStreamsAreTold(t *testing.T) {
	for _, dict := range []string{"/Filter /Unknown", "/Filter /FlateDecode"} {
		f := open(file("<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R >>", stream(dict, []byte("\x78\x9cnothing"))))
		f.Pages(func(int, []byte) bool { return true })
		if f.Err() == nil {
			t.Errorf("%s: nothing is told", dict)
		}
	}
}

// walk does all that can be done with a file, and returns how much it told.
func walk(content []byte) (total int) {
	f := open(content)
	count := func(_ int, text []byte) bool {
		total += len(text)
		return total < 64<<20
	}
	f.Pages(count)
	f.Streams(func(_ string, data []byte, _ bool) bool { return count(0, data) })
	return total + len(f.Strings())
}

func TestHostileFilesAreBounded(t *testing.T) {
	many := func(s string) string { return strings.Repeat(s, 4_000) }
	for name, content := range map[string]string{
		"open strings": "%PDF-1.7 " + many("1 0 obj ("),
		"open arrays":  "%PDF-1.7 " + many("1 0 obj ["),
		"open streams": "%PDF-1.7 " + many("1 0 obj <<>> stream\n"),
		"a ring":       string(file("<< /Pages 2 0 R >>", "<< /Kids [2 0 R 1 0 R 3 0 R] /Parent 3 0 R >>", "4 0 R", "3 0 R", "<< /Type /Page /Contents 5 0 R /Parent 5 0 R >>")),
		"one content":  string(file("<< /Pages 2 0 R >>", "<< /Kids ["+many("4 0 R ")+"] >>", stream("", []byte(many("(x) Tj "))))) + many("\n4 0 obj << /Type /Page /Contents 3 0 R >>"),
		"a wide range": string(onePage("<< /ToUnicode 6 0 R >>", many("<0001> Tj "))) + "6 0 obj << >> stream\n" + many("<0000> <ffff> <0041> endbfrange ") + "endstream",
	} {
		if total := walk([]byte(content)); total > 128<<20 {
			t.Errorf("%s: %d bytes", name, total)
		}
	}
}

func TestDamageAnywhereIsSurvived(*testing.T) {
	whole := onePage(monospaced, "BT /F1 10 Tf 72 700 Td [(a) -300 (b)] TJ T* <4142> Tj ET")
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		content := slices.Clone(whole[:len(whole)-r.IntN(2)*r.IntN(len(whole))])
		for range r.IntN(6) {
			content[r.IntN(len(content))] = byte(r.Uint32())
		}
		walk(content)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(onePage(monospaced, "BT /F1 10 Tf 72 700 Td [(a) -300 (b)] TJ T* <4142> Tj ET"))
	f.Add(file("<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents [4 0 R] >>", stream("/Filter [/LZW /AHx /A85 /RL]", lzwOf("xyz", 1))))
	f.Add(file("<< /T (a) /V (b) >>", stream("/Type /ObjStm /N 2 /First 9", []byte("2 0 3 17 << /Kids[3 0 R]>> << /Type/Page >>"))))
	f.Add(file(stream("/Subtype /Form /Resources << /Font << /F 2 0 R >> >>", []byte("/F 1 Tf <0001> Tj")), "<< /Subtype /Type0 /ToUnicode 3 0 R >>",
		stream("", []byte("<0000> <ffff> <0041> endbfrange <00> <01> [<0041>] endbfrange <00> <41> endbfchar"))))
	f.Fuzz(func(t *testing.T, content []byte) {
		if total := walk(content); total > 128<<20 {
			t.Fatalf("%d bytes of %d", total, len(content))
		}
	})
}
