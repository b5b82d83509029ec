package decode

import (
	"archive/zip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/runs"
)

// tight budgets make a fuzzer meet them.
func tight() Options {
	return Options{MemberBytes: 64 << 10, TotalBytes: 256 << 10, Members: 10}
}

// checkAll holds all views of content to the laws of views and budgets.
func checkAll(t *testing.T, content []byte, o Options) {
	t.Helper()
	members := 0
	for v, err := range Views(content, "x.ipynb", o) {
		if err != nil {
			continue
		}
		checkView(t, v)
		if largest := 2*len(content) + 2*int(o.MemberBytes); len(v.Base) > largest || len(v.Text) > 4*largest {
			t.Fatalf("%d bytes of %d", len(v.Text), len(v.Base))
		}
		if v.Member != "" && len(v.Way) == 0 && v.Part.Name == "" {
			members += len(v.Base)
		}
	}
	if members > int(o.TotalBytes)+(64<<10) {
		t.Fatalf("unfolded to %d bytes", members)
	}
}

func FuzzViews(f *testing.F) {
	key := sampleKey(44, "_-")
	seeds := []string{
		"", "\\", `"\"` + key + `\u002d\x41\101\`, "%7B%22" + key + "%", "&quot;" + key + "&#4", "<b>" + key + "</b><!--", `\PYZus{}\PY{a}{` + key,
		"quoted-printable =3D" + key + "=\n=", "\x1b[38;5;124m" + key + "\x1b]0;", base64.StdEncoding.EncodeToString([]byte(key + key)),
		wrap(base64.URLEncoding.EncodeToString([]byte(strings.Repeat(key, 5))), 64, "  "), hex.EncodeToString([]byte(key)), wideString(key, true), "\xff\xfe" + wideString(key, false),
		"\xff\xfe\x00\x00a\x00\x00\x00", bzip2Text,
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, k := range []kind{kindGzip, kindZlib, kindXZ, kindZstd} {
		f.Add(compress(f, k, []byte(key)))
		f.Add(compress(f, k, tarOf(f, file{"a", key})))
	}
	f.Add(tarOf(f, file{"a", key}))
	f.Add(zipOf(f, zip.Deflate, file{"a", key}, file{"b", string(zipOf(f, zip.Store, file{"c", key}))}))
	f.Add(notebookOf(f, map[string]any{"source": []string{key, "\x1b[m" + key}, "outputs": []any{map[string]any{"data": map[string]any{"image/png": "x", "text/html": "<b>" + key + "</b>"}}}}, map[string]any{key: key}))
	f.Fuzz(func(t *testing.T, content []byte) {
		checkAll(t, content, tight())
	})
}

// FuzzNotebook compares the reader with encoding/json: what is JSON by its
// account is read as a whole, and the sources say the same.
func FuzzNotebook(f *testing.F) {
	for _, s := range []string{
		`{"cells":[{"source":"a"}],"nbformat":4}`, `{"cells":[{"source":["\ud83d\udd11","\n",3]}],"nbformat":4}`,
		`{"cells":[{"outputs":[{"data":{"text/plain":["x"]},"traceback":["\u001b[31mx"]}]}],"nbformat":4}`,
		`{"worksheets":[{"cells":[{"input":"b\\\"\/"}]}],"nbformat":3}`, `{"cells":[{"source":["a`, `{"cells":[{},{}],"nbformat":4,"metadata":{"a":{"b":["c"]}}}`,
		`{"cells":[],"nbformat":4}x`, `{"cells":[1e5,-0.1,true,null,NaN]}`,
	} {
		f.Add([]byte(s))
	}
	type plain struct {
		Cells []struct {
			Source string `json:"source"`
		} `json:"cells"`
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		checkAll(t, content, tight())
		var want plain
		if !isNotebook(content) || !json.Valid(content) {
			return
		}
		views, notes := collect(t, content, "", Options{})
		for _, n := range notes {
			if strings.Contains(n.Reason, errJSON.Error()) {
				t.Fatalf("valid JSON is called broken: %q", content)
			}
		}
		text := string(content)
		exact := strings.Count(text, `"source"`) == strings.Count(text, "source") && !strings.ContainsAny(text, "\x1b\ufffd") && !strings.Contains(text, `\u`)
		if err := json.Unmarshal(content, &want); err != nil || !exact || strings.Count(text, `"cells"`) != 1 || strings.Contains(text, "worksheets") {
			return
		}
		for i, cell := range want.Cells {
			if strings.Count(text, `"source"`) != 1 || cell.Source == "" || strings.ContainsRune(cell.Source, '\ufffd') {
				continue
			}
			found := false
			for _, v := range views {
				found = found || v.Part == Part{i + 1, "source"} && v.text == cell.Source
			}
			if !found {
				t.Fatalf("cell %d: no %q of %q", i+1, cell.Source, content)
			}
		}
	})
}

// TestRandomChainsOfEncodingsAreUndone encodes a key by up to three encodings
// in a row: some view shows it, and points at bytes of the base that are
// there.
func TestRandomChainsOfEncodingsAreUndone(t *testing.T) {
	jsonString := func(s string) string {
		return `{"output": ` + string(marshal(t, s)) + "}"
	}
	encodings := []struct {
		name   string
		encode func(string) string
	}{
		{"json", jsonString},
		{"base64", func(s string) string { return "data: " + base64.StdEncoding.EncodeToString([]byte(s)) + "\n" }},
		{"base64url", func(s string) string { return "x=" + base64.RawURLEncoding.EncodeToString([]byte(s)) + "\n" }},
		{"wrapped", func(s string) string {
			return "data: |\n" + wrap(base64.StdEncoding.EncodeToString([]byte(s)), 76, "  ") + "\n"
		}},
		{"hex", func(s string) string { return "h: " + hex.EncodeToString([]byte(s)) }},
		{"gzip", func(s string) string { return string(compress(t, kindGzip, []byte(s))) }},
		{"zip", func(s string) string { return string(zipOf(t, zip.Deflate, file{"m", s})) }},
		{"tar", func(s string) string { return string(tarOf(t, file{"m", s})) }},
		{"notebook", func(s string) string {
			return string(notebookOf(t, map[string]any{"source": strings.SplitAfter(s, "\n")}, nil))
		}},
		{"utf-16", func(s string) string { return wideString("\ufeff"+s, false) }},
	}
	binary := map[string]bool{"gzip": true, "zip": true, "tar": true, "utf-16": true}
	for range 400 {
		key := sampleKey(32, "")
		content := `token = "` + key + "\"\nx = \"\\n\"\n"
		var names []string
		short := false
		for range 1 + rand.IntN(3) {
			e := encodings[rand.IntN(len(encodings))]
			last := ""
			if len(names) > 0 {
				last = names[len(names)-1]
			}
			if binary[last] && !strings.Contains("base64 base64url wrapped gzip zip tar", e.name) || last == "utf-16" && e.name == "utf-16" {
				continue // bytes are no text for these
			}
			if last == "utf-16" && strings.HasPrefix(e.name, "wrapped") {
				continue
			}
			content = e.encode(content)
			names = append(names, e.name)
			at, _ := runs.Next([]byte(content), 0, minRow)
			short = short || at < 0 && strings.Contains("base64 base64url wrapped", e.name)
		}
		views, _ := collect(t, []byte(content), "", Options{Depth: 8})
		found := placesOf(views, `token = "`+key)
		if len(found) == 0 && !short {
			t.Fatalf("%v: not found in %d views of %.300q", names, len(views), content)
		}
		for _, p := range found {
			if p.encoded == "" {
				t.Fatalf("%v: located nowhere: %+v", names, p)
			}
		}
	}
}

// TestTextEncodersOfTheLibraryAreUndone checks the rewritings against the
// encoders that programs use.
func TestTextEncodersOfTheLibraryAreUndone(t *testing.T) {
	for range 200 {
		key := sampleKey(44, "_-")
		text := fmt.Sprintf(`{"provider": "ionq", 'n': <%d>, "token": "%s"} & more = ü`, rand.IntN(100), key)
		var mail strings.Builder
		w := quotedprintable.NewWriter(&mail)
		_, _ = w.Write([]byte(strings.Repeat("-", rand.IntN(70)) + text))
		_ = w.Close()
		for name, content := range map[string]string{
			"entities":         html.EscapeString(text),
			"percent":          url.PathEscape(text),
			"quoted-printable": "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + mail.String(),
			"escapes":          string(marshal(t, text)),
			"python":           fmt.Sprintf("%+q", text),
		} {
			views, _ := collect(t, []byte(content), "", Options{})
			found := placesOf(views, `"token": "`+key+`"`)
			if len(found) == 0 {
				t.Errorf("%s: not found in %q", name, content)
			}
		}
	}
}

// FuzzPrograms reads values that names put together out of any text.
func FuzzPrograms(f *testing.F) {
	for _, list := range namedSpellings() {
		for _, spelling := range list {
			f.Add(strings.NewReplacer("A", sampleKey(16, ""), "B", sampleKey(16, "")).Replace(spelling))
		}
	}
	f.Add(`{"a": = "` + sampleKey(9, "") + `" + ::(`)
	f.Fuzz(func(t *testing.T, text string) {
		checkAll(t, []byte(text), tight())
		p := readProgram([]byte(text), nil)
		for _, j := range p.joins {
			if j.from < 0 || j.from > j.to || j.to > len(text) || len(j.pieces) > maxTerms || len(p.joins) > maxNameJoins {
				t.Fatalf("%+v of %q", j, text)
			}
		}
	})
}

func FuzzBytecode(f *testing.F) {
	for _, magic := range magics() {
		f.Add(compiled(magic, "IONQ_API_KEY", sampleKey(32, "")))
	}
	f.Fuzz(func(t *testing.T, content []byte) { checkAll(t, content, tight()) })
}

func FuzzRecording(f *testing.F) {
	for version := 1; version <= 3; version++ {
		f.Add(cast(version, "\x1b[32m"+sampleKey(20, "")+"\b\b", " \r"+sampleKey(12, "")))
	}
	f.Add(scriptHead + "x\n\b\b" + sampleKey(40, "") + " \rx")
	f.Fuzz(func(t *testing.T, text string) { checkAll(t, []byte(text), tight()) })
}
