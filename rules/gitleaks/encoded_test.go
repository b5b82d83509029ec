package gitleaks

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// looksEncoded is what encodedIn does by hand.
const looksEncoded = `(%[0-9A-Fa-f]{2}(?:.*%[0-9A-Fa-f]{2})?)|` +
	`((?:U\+[a-fA-F0-9]{4}(?:\s|$))+|(?i:\\{1,2}u[a-f0-9]{4})+)|` +
	`([0-9A-Fa-f]{32,})|([\w/+-]{16,}={0,2})`

func TestEncodedTextIsFoundAsByAnExpression(t *testing.T) {
	re := regexp.MustCompile(looksEncoded)
	r := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"%41", "%", "U+0041 ", "U+0041", "\\u0041", "\\\\U00e9", "\\", "0a1b2c3d", "deadbeef", "Zz/+-_", "=", "\n", " ", "x", "é"}
	for range 20000 {
		var b strings.Builder
		for range r.IntN(14) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		text := b.String()
		var all, want []encodedSpan
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			for i := 1; i < 5; i++ {
				if m[2*i] >= 0 {
					all = append(all, encodedSpan{1 << (i - 1), span{m[2*i], m[2*i+1]}})
				}
			}
		}
		for i, m := range all {
			before := i > 0 && m.overlaps(all[i-1].span) && all[i-1].encoding < m.encoding
			after := i+1 < len(all) && m.overlaps(all[i+1].span) && all[i+1].encoding < m.encoding
			if !before && !after {
				want = append(want, m)
			}
		}
		if got := encodedIn([]byte(text)); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestDecodedTextLeadsBack(t *testing.T) {
	// A percent escape in base64 in hex: each leads to all of the outermost.
	text := []byte("x 59574a6a4a5455794a54557a4a5455304a545531 y")
	first, segments := decodePass(text, nil)
	second, segments := decodePass(first, segments)
	third, segments := decodePass(second, segments)
	if got := string(third); got != "x abcRSTU y" {
		t.Fatalf("%q", got)
	}
	if at := original(segments, span{3, 5}); at != (span{2, 42}) {
		t.Errorf("%v", at)
	}
	if tags := strings.Join(tagsOf(segments), " "); tags != "decoded:percent decoded:hex decoded:base64 decode-depth:3" {
		t.Error(tags)
	}
}
