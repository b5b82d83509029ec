package arch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"regexp"
	"strings"
	"testing"
)

// keyShape is what one kind of key looks like, so that no file of ours holds
// anything like it: our own scanner and everybody else's stay quiet.
type keyShape struct {
	name string
	// pattern has one group, the value.
	pattern *regexp.Regexp
	// entropy is the least Shannon entropy, in bits a character.
	entropy float64
	// needs are sets of characters of which the value must have at least two.
	needs []string
}

const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	urlSafe = digits + lower + upper + "-_"
)

func keyShapes() []keyShape {
	const start, end = `(?:^|[^A-Za-z0-9_+/-])`, `(?:$|[^A-Za-z0-9_+/=-])`
	return []keyShape{
		{"32 mixed alphanumerics (IonQ)", regexp.MustCompile(start + `([A-Za-z0-9]{32})` + end), 3.6, []string{digits, lower, upper}},
		{"44 characters of base64url (IBM Cloud)", regexp.MustCompile(start + `([A-Za-z0-9_-]{44})` + end), 4.2, []string{digits, lower, upper}},
		{"128 hexadecimal digits (IBM Quantum)", regexp.MustCompile(start + `([0-9a-f]{128})` + end), 3, []string{digits}},
		{"40 mixed alphanumerics (qBraid and others)", regexp.MustCompile(start + `([A-Za-z0-9]{40})` + end), 3.8, []string{digits, lower, upper}},
		{"a qBraid key", regexp.MustCompile(`qbr` + `_([A-Za-z0-9]{20,})`), 3.2, []string{digits}},
		{"a D-Wave token", regexp.MustCompile(`DEV` + `-([0-9a-f]{40})`), 3, []string{digits}},
		{"a JSON web token", regexp.MustCompile(`(eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,})`), 3.5, nil},
	}
}

// documentedLookalikes are files that hold something of a key's shape for a
// reason; an entry that is no longer needed is an error.
func documentedLookalikes() map[string]string {
	return map[string]string{}
}

// keyShaped finds values that look like keys.
func keyShaped(all []tracked) []violation {
	shapes := keyShapes()
	return eachLine(all, func(_ tracked, line string) string {
		for _, shape := range shapes {
			for _, match := range shape.pattern.FindAllStringSubmatch(line, -1) {
				if shape.fits(match[1]) {
					return "looks like " + shape.name + ": make samples when the test runs"
				}
			}
		}
		return ""
	})
}

func (s keyShape) fits(value string) bool {
	for _, set := range s.needs {
		count := 0
		for _, c := range value {
			if strings.ContainsRune(set, c) {
				count++
			}
		}
		if count < 2 {
			return false
		}
	}
	return entropy(value) >= s.entropy
}

// entropy is Shannon's, in bits a byte.
func entropy(value string) float64 {
	var counts [256]float64
	for i := range len(value) {
		counts[value[i]]++
	}
	sum := 0.0
	for _, n := range &counts {
		if n > 0 {
			p := n / float64(len(value))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}

func TestNoFileHoldsAnythingLikeAKey(t *testing.T) {
	needed := map[string]bool{}
	for _, v := range keyShaped(files(t)) {
		if documentedLookalikes()[v.file] == "" {
			t.Error(v)
		}
		needed[v.file] = true
	}
	for name := range documentedLookalikes() {
		if !needed[name] {
			t.Errorf("%s holds no look-alike any more: delete its entry", name)
		}
	}
}

func TestKeysAreSeenWhereverTheyStand(t *testing.T) {
	for range 5 {
		for name, key := range map[string]string{
			"IonQ":        random(32, digits+lower+upper),
			"IBM Cloud":   random(44, urlSafe),
			"IBM Quantum": random(128, "0123456789abcdef"),
			"qBraid":      "qbr" + "_" + random(40, digits+lower+upper),
			"old qBraid":  random(40, digits+lower+upper),
			"D-Wave":      "DEV" + "-" + random(40, "0123456789abcdef"),
			"IAM token":   "ey" + "J" + random(60, urlSafe) + "." + random(200, urlSafe) + "." + random(80, urlSafe),
		} {
			for _, template := range []string{"%s", "key = %q", "apiKey %s;", "curl -H 'Authorization: apiKey %s'", "{\"token\":\"%s\"}", "K=%s\r"} {
				for _, name := range []string{"docs/a.md", "rules/ionq.toml", "testdata/fuzz/x", "Makefile"} {
					if len(keyShaped(texts(name, fmt.Sprintf(template, key)))) == 0 {
						t.Errorf("in %s nothing is said about %q", path.Base(name), template)
					}
				}
			}
			if t.Failed() {
				t.Fatalf("keys of %s go unseen", name)
			}
		}
	}
}

func TestOrdinaryTextIsNoKey(t *testing.T) {
	for _, line := range []string{
		"func TestTheRepositoryKeepsItsLawsAndMore() {",
		strings.Repeat("x", 32), strings.Repeat("0123456789abcdef", 8)[:40],
		"commit " + random(40, "0123456789abcdef"),
		"sha256:" + random(64, "0123456789abcdef"),
		"github.com/inconshreveable/mousetrap v1.1.0 // indirect",
		"fingerprint " + random(26, lower+"234567"),
		"this-is-a-long-name-with-44-characters-in-it",
		`value = "{{` + `KEY}}"`,
	} {
		for _, v := range keyShaped(texts("a.go", line)) {
			t.Errorf("%q: %s", line, v)
		}
	}
	if got := keyShaped([]tracked{{"tools/go.sum", []byte(random(44, urlSafe))}}); len(got) != 0 {
		t.Errorf("checksums are read: %v", got)
	}
}

// random makes a value of an alphabet that has two of every kind of character
// the alphabet has, as nearly every real key does.
func random(length int, alphabet string) string {
	b := make([]byte, length)
	for i := range b {
		b[i] = alphabet[rand.IntN(len(alphabet))]
	}
	place := 0
	for _, set := range []string{digits, lower, upper} {
		if i := strings.IndexAny(alphabet, set); i >= 0 && strings.ContainsAny(alphabet, set) {
			b[place], b[place+1] = alphabet[i], alphabet[i+1]
			place += 2
		}
	}
	return string(b)
}
