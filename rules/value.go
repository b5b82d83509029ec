package rules

import (
	"bytes"
	"math"
	"strings"
)

// plausible reports whether a value could be this rule's key at all: its
// characters, its randomness, and that it is no placeholder. The value alone
// decides: text beside it lies (live keys stand next to "replace with your
// key").
func (m *matcher) plausible(value []byte, known *appraisal) bool {
	t := &m.rule.Token
	known.of(value)
	if !bytes.HasPrefix(value, []byte(t.Public)) {
		return false
	}
	for _, name := range t.Needs {
		if need, _ := needByName(name); !need(value) {
			return false
		}
	}
	if t.Entropy > 0 && known.entropy() < t.Entropy {
		return false
	}
	if m.form != nil && !m.form.regexp().Match(value) {
		return false
	}
	for _, re := range m.reject {
		if re.regexp().Match(value) {
			return false
		}
	}
	// A token that an issuer signed is no placeholder, whatever letters stand in
	// it.
	_, signed := claimsOf(value)
	return signed || !known.placeholder(t.Public)
}

// appraisal keeps what was asked of a value: most rules ask the same of the same
// run.
type appraisal struct {
	value             []byte
	bits              float64
	measured          bool
	written, compared bool
}

// of begins the appraisal of a value, unless it is the one at hand.
func (a *appraisal) of(value []byte) {
	if len(a.value) != len(value) || len(value) == 0 || &a.value[0] != &value[0] {
		*a = appraisal{value: value}
	}
}

func (a *appraisal) entropy() float64 {
	if !a.measured {
		a.measured, a.bits = true, entropy(a.value)
	}
	return a.bits
}

// placeholder is isPlaceholder for the value.
func (a *appraisal) placeholder(public string) bool {
	if public != "" {
		return isPlaceholder(a.value, public)
	}
	if !a.compared {
		a.compared, a.written = true, isPlaceholder(a.value, "")
	}
	return a.written
}

// needByName returns the property that a rule file names.
func needByName(name string) (func([]byte) bool, bool) {
	switch name {
	case "upper":
		return func(v []byte) bool { return count(v, 'A', 'Z') > 0 }, true
	case "lower":
		return func(v []byte) bool { return count(v, 'a', 'z') > 0 }, true
	case "digit":
		return func(v []byte) bool { return count(v, '0', '9') > 0 }, true
	case "random":
		return random, true
	case "mixed":
		return mixed, true
	}
	return nil, false
}

// random is mixed, or has two digits and two letters.
func random(v []byte) bool {
	return count(v, '0', '9') > 1 && count(v, 'a', 'z')+count(v, 'A', 'Z') > 1 || mixed(v)
}

// mixed tells a random value from an identifier: both cases, and digits or,
// since one random key in hundreds has none, so many changes of case as no
// camelCase name has.
func mixed(v []byte) bool {
	upper, lower := count(v, 'A', 'Z'), count(v, 'a', 'z')
	if upper == 0 || lower == 0 {
		return false
	}
	return count(v, '0', '9') > 0 || upper*3 >= upper+lower && lower*3 >= upper+lower
}

// count counts the bytes from lo to hi.
func count(v []byte, lo, hi byte) int {
	n := 0
	for _, c := range v {
		if c >= lo && c <= hi {
			n++
		}
	}
	return n
}

// entropy is the Shannon entropy in bits a byte.
func entropy(v []byte) float64 {
	var seen [256]int
	for _, c := range v {
		seen[c]++
	}
	h, n := 0.0, float64(len(v))
	for _, k := range &seen {
		if k > 0 {
			p := float64(k) / n
			h -= p * math.Log2(p)
		}
	}
	return h
}

// placeholderWords stand in values that people write where a key goes. Each is
// long enough that a random key has it less than once in ten thousand.
const placeholderWords = "example placeholder your_ your- yourapi yourkey yourtoken insert changeme change_me dummy redacted replace sample " +
	"xxxx notreal not_real fake_ goeshere goes_here _here -here api_key apikey api-key api_token apitoken secret_key access_key test_key test_token my_token mytoken " +
	"abcdef 123456 qwerty password"

// PlaceholderWords are words, in lower case, of which no key of any rule holds
// one.
func PlaceholderWords() []string { return strings.Fields(placeholderWords) }

// isPlaceholder reports whether a value was written by a person to stand for a
// key. The public prefix does not count.
func isPlaceholder(value []byte, public string) bool {
	v := bytes.ToLower(bytes.TrimPrefix(value, []byte(public)))
	if longestRepeat(v) >= 6 || ascending(v)*2 >= len(v) || periodic(v) || wordy(v) || named(bytes.TrimPrefix(value, []byte(public))) {
		return true
	}
	for w := range strings.FieldsSeq(placeholderWords) {
		if bytes.Contains(v, []byte(w)) {
			return true
		}
	}
	return false
}

// longestRepeat is the longest run of one byte.
func longestRepeat(v []byte) int {
	best, run := 0, 0
	for i := range v {
		if i > 0 && v[i] == v[i-1] {
			run++
		} else {
			run = 1
		}
		best = max(best, run)
	}
	return best
}

// ascending counts bytes that follow their predecessor in the alphabet.
func ascending(v []byte) int {
	n := 0
	for i := 1; i < len(v); i++ {
		if v[i] == v[i-1]+1 {
			n++
		}
	}
	return n
}

// periodic reports whether v repeats a part of at most half its length.
func periodic(v []byte) bool {
	for p := 1; p <= len(v)/2; p++ {
		if bytes.Equal(v[p:], v[:len(v)-p]) {
			return true
		}
	}
	return false
}

// wordy reports whether v is words joined by "_", "-" or ".": letters only
// between the joints, and no part longer than a word.
func wordy(v []byte) bool {
	parts := 0
	for len(v) > 0 {
		n := 0
		for n < len(v) && v[n] != '_' && v[n] != '-' && v[n] != '.' {
			n++
		}
		if n > 14 || count(v[:n], 'a', 'z') != n {
			return false
		}
		if n > 0 {
			parts++
		}
		v = v[min(n+1, len(v)):]
	}
	return parts >= 3
}

// named reports whether v is made of words in the ways that names of programs
// are: camelCase, CAPITALS, snake_case with capitals. Of random keys, fewer than
// one in a thousand is taken for that.
func named(v []byte) bool {
	letters := count(v, 'a', 'z') + count(v, 'A', 'Z')
	if count(v, '0', '9')*8 > len(v) || vowels(v)*10 < letters*3 {
		return false
	}
	words := 0
	for rest := v; len(rest) > 0; {
		n := wordLen(rest)
		if n >= 4 || n == 1 && (rest[0] == '_' || rest[0] == '-') {
			words += n
		}
		rest = rest[n:]
	}
	return words*20 >= len(v)*13
}

// wordLen returns the length of the word at the beginning of v: small letters
// with a capital before, or capitals; 1 if none begins there.
func wordLen(v []byte) int {
	n := 1
	if isUpper(v[0]) {
		for n < len(v) && isUpper(v[n]) {
			n++
		}
		if n > 1 || n == len(v) || !isLower(v[n]) {
			return n
		}
	} else if !isLower(v[0]) {
		return 1
	}
	for n < len(v) && isLower(v[n]) {
		n++
	}
	return n
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func vowels(v []byte) int {
	n := 0
	for _, c := range v {
		if strings.IndexByte("aeiouAEIOU", c) >= 0 {
			n++
		}
	}
	return n
}
