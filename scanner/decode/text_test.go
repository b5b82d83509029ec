package decode

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// encodedText is a text that stands in content in an encoded form.
type encodedText struct {
	name, content, text, way, encoded string
}

// rewrittenTexts are those that are encoded character by character.
func rewrittenTexts() []encodedText {
	key, plain := sampleKey(44, "_-"), sampleKey(32, "")
	a, b := key[:22], key[22:]
	unicode := func(s string) (out string) {
		for _, r := range s {
			out += fmt.Sprintf(`\u%04x`, r)
		}
		return out
	}
	hexed := func(s string) (out string) {
		for _, c := range []byte(s) {
			out += fmt.Sprintf(`\x%02X`, c)
		}
		return out
	}
	pytex := strings.NewReplacer("_", `\PYZus{}`, "-", `\PYZhy{}`).Replace(key)
	return []encodedText{
		{"JSON string in a string", `cfg = "{\"ionq\": {\"token\": \"` + plain + `\"}}"`, `"token": "` + plain, "escapes", `"token\": \"` + plain},
		{"newline touches the key", `"$ cat .env\nIONQ_API_KEY=x\n` + plain + `\nQ="`, "\n" + plain + "\n", "escapes", `\n` + plain + `\n`},
		{"key behind an escape", `{"a": "x\n` + plain + `\n"}`, plain, "escapes", plain},
		{"all characters escaped", `k = "` + unicode(plain) + `"`, plain, "escapes", unicode(plain)},
		{"hex escapes", `k = "` + hexed(plain) + `"`, plain, "escapes", hexed(plain)},
		{"escaped twice", `"{\\\"token\\\": \\\"` + plain + `\\\"}"`, `"token": "` + plain, "escapes escapes", `"token\\\": \\\"` + plain},
		{"one escaped character", `t = "` + a + `\u002d` + b + `"`, a + "-" + b, "escapes", a + `\u002d` + b},
		{"hex escapes in braces", `k = "\x{` + hex.EncodeToString([]byte(plain[:1])) + `}` + plain[1:] + `"`, plain, "escapes", `\x{` + hex.EncodeToString([]byte(plain[:1])) + `}` + plain[1:]},
		{"folded literal", "K = \"" + plain[:16] + "\\\n" + plain[16:] + "\"", plain, "escapes", plain[:16] + "\\\n" + plain[16:]},
		{"folded literal, CRLF", "K = \"" + plain[:16] + "\\\r\n" + plain[16:] + "\"", plain, "escapes", plain[:16] + "\\\r\n" + plain[16:]},
		{"percent", "GET /?q=%7B%22token%22%3A%22" + key + "%22%7D", `{"token":"` + key + `"`, "percent", "%7B%22token%22%3A%22" + key + "%22"},
		{"percent inside the key", "GET /login?t=" + a[:5] + "%2D" + b[:5] + "&", a[:5] + "-" + b[:5], "percent", a[:5] + "%2D" + b[:5]},
		{"entities", `<a data='{&quot;token&quot;:&quot;` + key + `&quot;}'>`, `"token":"` + key, "entities", `&quot;token&quot;:&quot;` + key},
		{"entity inside the key", "k: " + a[:6] + "&#45;" + b, a[:6] + "-" + b, "entities", a[:6] + "&#45;" + b},
		{"entities twice", "&amp;quot;" + key + "&amp;quot;", `"` + key + `"`, "entities entities", "&amp;quot;" + key + "&amp;quot;"},
		{"nbconvert HTML", `<pre><span></span><span class="n">IonQProvider</span><span class="p">(</span><span class="s2">&quot;` + plain + `&quot;</span></pre>`, `IonQProvider("` + plain + `"`, "html", `IonQProvider</span><span class="p">(</span><span class="s2">&quot;` + plain + `&quot;`},
		{"cells of a table", "<tr><td>ionq</td><td>" + plain + "</td></tr>", "ionq  " + plain + " ", "html", "ionq</td><td>" + plain + "</td>"},
		{"HTML in JSON", `{"html": "<b class=\"x\">token<\/b>=<i>` + plain + `<\/i>"}`, "token=" + plain, "escapes html", `token<\/b>=<i>` + plain},
		{"nbconvert LaTeX", `\PY{n}{token}\PY{o}{=}\PY{l+s+s2}{\PYZdq{}}\PY{l+s+s2}{` + pytex + `}\PY{l+s+s2}{\PYZdq{}}`, `token="` + key + `"`, "latex", `token}\PY{o}{=}\PY{l+s+s2}{\PYZdq{}}\PY{l+s+s2}{` + pytex + `}\PY{l+s+s2}{\PYZdq{}`},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\nIONQ_API_KEY=3D" + plain[:16] + "=\n" + plain[16:] + "\n", "IONQ_API_KEY=" + plain, "quoted-printable", "IONQ_API_KEY=3D" + plain[:16] + "=\n" + plain[16:]},
		{"quoted-printable, CRLF", "Content-Transfer-Encoding: Quoted-Printable\r\n\r\nK=3D" + plain[:9] + "=\r\n" + plain[9:], "K=" + plain, "quoted-printable", "K=3D" + plain[:9] + "=\r\n" + plain[9:]},
		{"colour before the key", "t=\x1b[38;5;124m" + plain + "\x1b[39m;", "t=" + plain + ";", "ansi", "t=\x1b[38;5;124m" + plain + "\x1b[39m;"},
		{"bracketed paste", "\x1b[?2004h$ export K=\x1b[200~" + plain + "\x1b[201~\r\n", "K=" + plain + "\r", "ansi", "K=\x1b[200~" + plain + "\x1b[201~\r"},
		{"window title", "\x1b]0;title\x07" + plain + "\x1b]8;;http://x\x1b\\!", plain + "!", "ansi", plain + "\x1b]8;;http://x\x1b\\!"},
		{"colour in JSON", `{"t": "x=\u001b[38;5;124m` + plain + `\u001b[39m"}`, "x=" + plain + `"`, "escapes ansi", `x=\u001b[38;5;124m` + plain + `\u001b[39m"`},
	}
}

// runTexts are those that are encoded as a whole.
func runTexts() []encodedText {
	plain := sampleKey(32, "")
	env := "QISKIT_IBM_TOKEN=\nIONQ_API_KEY=" + plain + "\n"
	std := base64.StdEncoding.EncodeToString([]byte(env))
	return []encodedText{
		{"base64", "data:\n  .env: " + std + "\n", "IONQ_API_KEY=" + plain, "base64", std},
		{"base64 without padding", "x " + strings.TrimRight(std, "=") + " y", "IONQ_API_KEY=" + plain + "\n", "base64", strings.TrimRight(std, "=")},
		{"base64 of a key alone", "k: " + base64.StdEncoding.EncodeToString([]byte(plain)), plain, "base64", base64.StdEncoding.EncodeToString([]byte(plain))},
		{"base64 for URLs", "k=" + base64.URLEncoding.EncodeToString([]byte("~~~???"+env)) + "\n", "KEY=" + plain, "base64", base64.URLEncoding.EncodeToString([]byte("~~~???" + env))},
		{"base64 twice", "k=" + base64.StdEncoding.EncodeToString([]byte(std)) + "\n", "KEY=" + plain, "base64 base64", base64.StdEncoding.EncodeToString([]byte(std))},
		{"wrapped base64", "x: |\n" + wrap(std, 40, "    ") + "\n", "KEY=" + plain, "base64", strings.TrimLeft(wrap(std, 40, "    "), " ")},
		{"hex", "k = 0x" + hex.EncodeToString([]byte(plain)) + ";", plain, "hex", hex.EncodeToString([]byte(plain))},
		{"HEX behind an odd digit", "kf" + strings.ToUpper(hex.EncodeToString([]byte(env))) + ".", plain, "hex", strings.ToUpper(hex.EncodeToString([]byte(env)))},
		{"wide characters in other bytes", "abc\x01" + wideString(plain, false) + "\x01xyz", plain, "utf-16", wideString(plain, false)},
		{"wide characters, big-endian", "abc\x01" + wideString(plain, true) + "\x01xyz", plain, "utf-16", wideString(plain, true)},
		{"wchar_t of a program", "abc\x01" + widest(plain, false) + "\x01xyz", plain, "utf-32", widest(plain, false)},
		{"wider characters, big-endian", "abc\x01\x02\x03" + widest(plain, true) + "\x01xyz", plain, "utf-32", widest(plain, true)},
	}
}

func TestEncodedTextIsSeenAndLocated(t *testing.T) {
	for _, test := range slices.Concat(rewrittenTexts(), runTexts()) {
		t.Run(test.name, func(t *testing.T) {
			for _, around := range []string{"", strings.Repeat("lorem ipsum dolor\n", 40), strings.Repeat("0 ", 300_000)} {
				if around != "" && strings.HasPrefix(test.content, "Content") {
					continue // a header begins a line
				}
				content := around + test.content + around
				views, notes := collect(t, []byte(content), "", Options{})
				wantPlace(t, views, test.text, place{way: test.way, encoded: test.encoded})
				wantNote(t, notes)
			}
		})
	}
}

// wrap breaks text into lines of a width, each with an indentation.
func wrap(text string, width int, indent string) string {
	var lines []string
	for ; len(text) > width; text = text[width:] {
		lines = append(lines, indent+text[:width])
	}
	return strings.Join(append(lines, indent+text), "\n")
}

func TestOrdinarySourceHasOneView(t *testing.T) {
	source := strings.Repeat("func (s *Scanner) Scan(ctx context.Context) error {\n\tfmt.Printf(\"%d of %s\\n\", 4, \"x\")\n\treturn map_of_a_long_name[\"<b>\"] && x & y\n}\n", 200)
	views, notes := collect(t, []byte(source), "main.go", Options{})
	wantNote(t, notes)
	if len(views) != 1 {
		t.Errorf("%d views: %q", len(views), views[1].Way)
	}
}

func TestTheEndOfTheDepthIsNoted(t *testing.T) {
	text := "IONQ_API_KEY=" + sampleKey(32, "")
	for range 6 {
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	_, notes := collect(t, []byte(text), "", Options{})
	wantNote(t, notes, "unread: : encodings are nested deeper than 4")
}
