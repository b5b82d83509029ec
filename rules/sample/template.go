package sample

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/qleaks/qleaks/internal/expression"
)

// The template language:
//
//	{{KEY}}                 the key; {{KEY2}} a second one
//	{{KEY_A}}{{KEY_B}}      the key's two halves
//	{{IONQ}} {{IBM}}        keys by name, where several are given
//	{{KEY|b64}}             the key through one filter: b64 hex rev url ju pytex
//	{{#b64}}…{{/b64}}       a block through an encoding: b64 b64wrap hex utf16le
//	                        utf16be gzip
//	{{HEX32}} {{ALNUM40}} {{LOW20}} {{LOWALNUM20}} {{UP16}} {{AWS40}} {{DIG20}}
//	{{BITS64}} {{B64_300}} {{B64URL72}} {{PAD|8}}
//	                        random characters, the number says how many
//	{{UUID}} {{CRN}}        identifiers that are no secrets
//	{{LIKE|ionq}}           what has the shape of a key and is none
//	{{JWT|issuer}}          a token of an issuer
//
// Braces that are none of these stay as they are (Helm and LaTeX have them).
var (
	placeholder = expression.Lazy(`\{\{([A-Z0-9_]+)(?:\|([^{}]*))?\}\}`)
	block       = expression.Lazy(`(?s)\{\{#(b64|b64wrap|utf16le|utf16be|hex|gzip)\}\}(.*?)\{\{/(b64|b64wrap|utf16le|utf16be|hex|gzip)\}\}`)
	sized       = expression.Lazy(`^(HEX|ALNUM|LOW|LOWALNUM|UP|AWS|DIG|BITS|B64_|B64URL)(\d+)$`)
)

// Expand fills a template with a key and with values of v.
func Expand(template, key string, v *Values) string {
	return ExpandKeys(template, map[string]string{"KEY": key}, v)
}

// ExpandKeys fills a template with several keys, each by its name, and with
// values of v. A name may be cut in halves and filtered as KEY is.
func ExpandKeys(template string, keys map[string]string, v *Values) string {
	filled := placeholder().ReplaceAllStringFunc(template, func(m string) string {
		parts := placeholder().FindStringSubmatch(m)
		if value, ok := part(parts[1], parts[2], keys); ok {
			return value
		}
		if value, ok := v.named(parts[1], parts[2], keys); ok {
			return value
		}
		return m
	})
	return block().ReplaceAllStringFunc(filled, func(m string) string {
		parts := block().FindStringSubmatch(m)
		return encodeBlock(parts[1], parts[2])
	})
}

// part returns a key, or one of its halves.
func part(name, argument string, keys map[string]string) (string, bool) {
	if key, ok := keys[name]; ok {
		return filter(argument, key), true
	}
	base, isFirst := strings.CutSuffix(name, "_A")
	base, isSecond := strings.CutSuffix(base, "_B")
	key, ok := keys[base]
	switch {
	case !ok:
		return "", false
	case isFirst:
		return key[:len(key)/2], true
	case isSecond:
		return key[len(key)/2:], true
	}
	return "", false
}

func (v *Values) named(name, argument string, keys map[string]string) (string, bool) {
	switch name {
	case "KEY2":
		return v.From(alphanumeric, len(keys["KEY"])), true
	case "UUID":
		return v.UUID(), true
	case "CRN":
		return v.CRN(), true
	case "JWT":
		return v.JWT(argument), true
	case "PAD":
		n, _ := strconv.Atoi(argument)
		return strings.Repeat("x", n), true
	case "LIKE":
		return v.like(argument), true
	}
	m := sized().FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	n, _ := strconv.Atoi(m[2])
	return v.sized(m[1], n), true
}

func (v *Values) sized(kind string, n int) string {
	switch kind {
	case "HEX":
		return v.From(hexDigits, n)
	case "LOW":
		return v.From(lowerLetters, n)
	case "UP":
		return v.From(upperLetters+"234567", n)
	case "AWS":
		return v.From(alphanumeric+"+/", n)
	case "LOWALNUM":
		return v.From(lowerLetters+digits, n)
	case "DIG":
		return v.From(digits, n)
	case "BITS":
		return v.From("01", n)
	case "B64_":
		return v.Base64(n)
	case "B64URL":
		return v.From(base64URL, n)
	}
	return v.From(alphanumeric, n)
}

// like returns what has a key's shape and is none: "ident", "camel" (32
// characters) and "snake" (44) are names of programs, "shout" (32), "typed" (44)
// and "counted" (40) what people write where a key goes.
func (v *Values) like(kind string) string {
	switch kind {
	case "ident":
		return "function" + strings.Repeat("Binding", 3) + "Token"
	case "camel":
		return strings.Join([]string{"a", "Very", "Long", "Identifier", "Name", "Of32", "Chars"}, "")
	case "snake":
		return strings.Join([]string{"dynamical", "decoupling", "with", "XY4", "and", "Twirling", "1"}, "_")
	case "shout":
		return strings.Join([]string{"REPLACE", "me", "WITH", "your", "REAL", "ionq", "KEY", digits[1:5]}, "")
	case "typed":
		return digits[1:] + digits[:1] + lowerLetters + upperLetters[:8]
	case "counted":
		return strings.Repeat(digits[1:]+digits[:1], 4)
	case "ibm_cloud":
		return v.From(base64URL, 44)
	case "ibm_quantum_legacy":
		return v.From(hexDigits, 128)
	}
	return v.From(alphanumeric, 32)
}

// filter writes a key in another spelling.
func filter(name, key string) string {
	switch name {
	case "b64":
		return base64.StdEncoding.EncodeToString([]byte(key))
	case "hex":
		return hex.EncodeToString([]byte(key))
	case "rev":
		reversed := []byte(key)
		for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
			reversed[i], reversed[j] = reversed[j], reversed[i]
		}
		return string(reversed)
	case "url":
		return url.QueryEscape(key)
	case "ju":
		return strings.NewReplacer("-", `\u002d`, "_", `\u005f`).Replace(key)
	case "pytex":
		return strings.NewReplacer("-", `\PYZhy{}`, "_", `\PYZus{}`).Replace(key)
	}
	return key
}

// wrapAt is the width of wrapped base64, as in mails.
const wrapAt = 76

func encodeBlock(name, text string) string {
	switch name {
	case "utf16le":
		return string(UTF16(text, false))
	case "utf16be":
		return string(UTF16(text, true))
	case "hex":
		return hex.EncodeToString([]byte(text))
	case "gzip":
		return gzipped(text)
	case "b64wrap":
		var out strings.Builder
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		for len(encoded) > wrapAt {
			fmt.Fprintln(&out, encoded[:wrapAt])
			encoded = encoded[wrapAt:]
		}
		return out.String() + encoded
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// gzipped packs text; writing to memory does not fail.
func gzipped(text string) string {
	var out strings.Builder
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(text))
	if err = errors.Join(err, w.Close()); err != nil {
		return ""
	}
	return out.String()
}

// UTF16 encodes text without a byte order mark.
func UTF16(text string, bigEndian bool) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		lo, hi := byte(unit), byte(unit>>8)
		if bigEndian {
			lo, hi = hi, lo
		}
		out = append(out, lo, hi)
	}
	return out
}
