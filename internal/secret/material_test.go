package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// material makes the inside of a key when the test runs. It has characters
// that URL, HTML and JSON escaping change, so that an escaped leak differs from
// a plain one and must be looked for too.
func material(t *testing.T) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 44)
	for i := range b {
		b[i] = alphabet[rand.IntN(len(alphabet))]
	}
	for i, c := range []byte("-_+/&<\"") {
		b[6*(i+1)] = c
	}
	return string(b)
}

// window is the shortest piece of material that counts as a leak, in bytes.
const window = 8

// disguises are the forms in which material could leave a program.
func disguises() map[string]func(string) string {
	return map[string]func(string) string{
		"plain":          func(s string) string { return s },
		"reversed":       reversed,
		"hex":            func(s string) string { return hex.EncodeToString([]byte(s)) },
		"upper-case hex": func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
		"spaced hex":     func(s string) string { return fmt.Sprintf("% x", s) },
		"0x hex":         func(s string) string { return trimmed(fmt.Sprintf("%#v", []byte(s)), "[]byte{", "}") },
		"decimal bytes":  func(s string) string { return trimmed(fmt.Sprintf("%d", []byte(s)), "[", "]") },
		"decimal list": func(s string) string {
			return strings.ReplaceAll(trimmed(fmt.Sprintf("%d", []byte(s)), "[", "]"), " ", ",")
		},
		"code points":        func(s string) string { return trimmed(fmt.Sprintf("%U", []rune(s)), "[", "]") },
		"query-escaped":      url.QueryEscape,
		"path-escaped":       url.PathEscape,
		"HTML-escaped":       html.EscapeString,
		"JSON-escaped":       func(s string) string { b, _ := json.Marshal(s); return trimmed(string(b), `"`, `"`) },
		"lower case":         strings.ToLower,
		"upper case":         strings.ToUpper,
		"UTF-16":             func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") },
		"base64, shift of 0": func(s string) string { return base64Inside(s, 0, base64.RawStdEncoding) },
		"base64, shift of 1": func(s string) string { return base64Inside(s, 1, base64.RawStdEncoding) },
		"base64, shift of 2": func(s string) string { return base64Inside(s, 2, base64.RawStdEncoding) },
		"base64url, shift 0": func(s string) string { return base64Inside(s, 0, base64.RawURLEncoding) },
		"base64url, shift 1": func(s string) string { return base64Inside(s, 1, base64.RawURLEncoding) },
		"base64url, shift 2": func(s string) string { return base64Inside(s, 2, base64.RawURLEncoding) },
	}
}

// base64Inside returns what s looks like where it stands shift bytes after a
// group of three in a longer base64 text: without the characters at both ends
// that its neighbours share.
func base64Inside(s string, shift int, encoding *base64.Encoding) string {
	whole := encoding.EncodeToString([]byte("\x00\x00"[:shift] + s))
	skip := []int{0, 2, 3}[shift]
	return whole[skip : len(whole)-1]
}

func trimmed(s, before, after string) string {
	return strings.TrimSuffix(strings.TrimPrefix(s, before), after)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// needles are all windows of one material in all disguises, with the disguise
// of each.
type needles map[string]string

func needlesOf(material string) needles {
	n := needles{}
	for name, disguise := range disguises() {
		for i := range len(material) - window + 1 {
			n[disguise(material[i:i+window])] = name
		}
	}
	return n
}

// in returns the disguise in which any window of the material stands in text,
// or "".
func (n needles) in(text string) string {
	for needle, name := range n {
		if strings.Contains(text, needle) {
			return name
		}
	}
	return ""
}

func TestTheSearchForLeaksFindsEveryDisguise(t *testing.T) {
	m := material(t)
	n := needlesOf(m)
	for name, disguise := range disguises() {
		if n.in("before "+disguise(m[:20])+" after") == "" {
			t.Errorf("a %s leak of the material's beginning goes unseen", name)
		}
		if n.in(disguise(m[len(m)-20:])) == "" {
			t.Errorf("a %s leak of the material's end goes unseen", name)
		}
	}
	whole := base64.StdEncoding.EncodeToString([]byte("IONQ_API_KEY=" + m + "\n"))
	if n.in(whole) == "" {
		t.Error("material inside a longer base64 text goes unseen")
	}
	if form := n.in("{0x4f3a20} " + material(t)); form != "" {
		t.Errorf("other text is called a leak (%s)", form)
	}
}
