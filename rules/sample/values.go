// Package sample makes values of a rule's shape and files from templates.
// Nothing key-shaped is ever written down: every value is made when a test, or
// `qleaks rules check`, runs.
package sample

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/qleaks/qleaks/rules"
)

const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
	hexDigits    = digits + "abcdef"
	alphanumeric = upperLetters + lowerLetters + digits
	base64URL    = alphanumeric + "-_"
)

// Values makes random values. Equal seeds make equal values.
type Values struct {
	random *rand.Rand
}

// NewValues returns a maker of values for a seed.
func NewValues(seed uint64) *Values {
	return &Values{random: rand.New(rand.NewPCG(seed, 0x716c65616b73))}
}

// From returns n random characters of an alphabet.
func (v *Values) From(alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[v.random.IntN(len(alphabet))]
	}
	return string(out)
}

// UUID returns a random version 4 UUID.
func (v *Values) UUID() string {
	h := v.From(hexDigits, 32)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:])
}

// CRN returns the name of a quantum instance.
func (v *Values) CRN() string {
	return "crn:v1:bluemix:public:quantum-computing:us-east:a/" + v.From(hexDigits, 32) + ":" + v.UUID() + "::"
}

// Base64 returns n characters that look like the inside of base64.
func (v *Values) Base64(n int) string {
	raw := []byte(v.From(alphanumeric, n))
	text := base64.StdEncoding.EncodeToString(raw)[:n]
	// The alphabet above never gives + and /, which real base64 has.
	out := []byte(text)
	for i := 7; i < len(out); i += 1 + v.random.IntN(40) {
		out[i] = "+/"[v.random.IntN(2)]
	}
	return string(out)
}

// JWT returns an unsigned-looking token of an issuer.
func (v *Values) JWT(issuer string) string {
	part := base64.RawURLEncoding.EncodeToString
	header := part([]byte(`{"kid":"` + v.From(digits, 8) + `","alg":"RS256"}`))
	claims := part([]byte(fmt.Sprintf(`{"iam_id":"IBMid-%s","iss":%q,"exp":%d}`, v.From(digits, 10), issuer, 1_700_000_000+v.random.IntN(1_000_000))))
	return header + "." + claims + "." + v.From(base64URL, 342)
}

// Alphabet expands the inside of a bracket expression, such as A-Za-z0-9_-.
func Alphabet(spec string) string {
	var out strings.Builder
	for i := 0; i < len(spec); i++ {
		if i+2 >= len(spec) || spec[i+1] != '-' {
			out.WriteByte(spec[i])
			continue
		}
		for c := spec[i]; c <= spec[i+2]; c++ {
			out.WriteByte(c)
		}
		i += 2
	}
	return out.String()
}

// Key makes a value of the rule's shape that is not one of the few in ten
// thousand which a rule takes for a person's words: a test that plants a key
// must not fail by chance.
func Key(r *rules.Rule, v *Values) string {
	return likely(func() string { return Random(r, v) })
}

// KeyLike makes a value as a template says, by the same measure as Key.
func KeyLike(template string, v *Values) string {
	return likely(func() string { return Expand(template, "", v) })
}

func likely(draw func() string) string {
	for {
		key := draw()
		if strings.ContainsAny(key, digits) && !strings.Contains(strings.ToLower(key), "xxxx") {
			return key
		}
	}
}

// Random makes any value of the rule's shape.
func Random(r *rules.Rule, v *Values) string {
	if r.Token.Sample != "" {
		return Expand(r.Token.Sample, "", v)
	}
	return v.From(Alphabet(r.Token.Alphabet), r.Token.Max)
}
