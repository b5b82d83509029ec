package decode

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// pickled is a pickle of a mapping of texts in protocol 3, in which each is
// followed by a letter that is none of it.
func pickled(names, values []string) []byte {
	out := []byte("\x80\x03}(")
	for i := range names {
		for _, s := range []string{names[i], values[i]} {
			out = append(out, 'X', byte(len(s)), byte(len(s)>>8), byte(len(s)>>16), 0)
			out = append(append(out, s...), 'q', byte(i))
		}
	}
	return append(out, "u."...)
}

func TestPicklesAreSeenAsLiterals(t *testing.T) {
	key := sampleKey(32, "")
	content := pickled([]string{"service", "ionq_api_key"}, []string{"ionq", key})
	text := `"ionq_api_key": "` + key + `",`
	_, between, _ := strings.Cut(string(content), "ionq_api_key")
	between, _, _ = strings.Cut(between, key)
	views, notes := collect(t, content, "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{way: "pickle", encoded: "ionq_api_key" + between + key})
	wantPlace(t, views, key, place{way: "pickle", encoded: key})

	code := base64.StdEncoding.EncodeToString(content)
	views, _ = collect(t, []byte("job: "+code+"\n"), "", Options{})
	wantPlace(t, views, text, place{way: "base64 pickle", encoded: code})
}

func TestALargePickleIsSeenInPieces(t *testing.T) {
	var names, values []string
	for i := range 40_000 {
		names, values = append(names, fmt.Sprintf("name%d", i)), append(values, strings.Repeat("x", i%200))
	}
	for i := 5_000; i < len(values); i += 5_000 {
		values[i] = sampleKey(32, "")
	}
	largest := 0
	views, notes := collect(t, pickled(names, values), "", Options{})
	wantNote(t, notes)
	for i := 5_000; i < len(values); i += 5_000 {
		wantPlace(t, views, values[i], place{way: "pickle", encoded: values[i]})
	}
	for _, v := range views[1:] {
		largest = max(largest, len(v.text))
	}
	if largest > 2*partBytes || len(views) < 4 {
		t.Errorf("%d views, of up to %d bytes", len(views), largest)
	}
}

func TestARepetitivePickleMeetsTheBudget(t *testing.T) {
	content := []byte("\x80\x04X\x64\x00\x00\x00" + strings.Repeat("x", 100) + "\x94" + strings.Repeat("h\x00", 300_000) + ".")
	_, notes := collect(t, content, "", Options{TotalBytes: 5 << 20})
	wantNote(t, notes, "unread: : it unfolds to more than 5 MiB")
}
