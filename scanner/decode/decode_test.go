package decode

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/source"
)

// sampleKey makes a value that looks like a key: n characters with both cases
// and digits.
func sampleKey(n int, extra string) string {
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + extra
	key := make([]byte, n)
	for i := range key {
		key[i] = alphabet[rand.IntN(len(alphabet))]
	}
	copy(key, "a7Q")
	return string(key)
}

// shown is a view that outlives its sequence.
type shown struct {
	View
	text, base string
}

// collect reads all views, holds each to what every view must keep, and
// returns them with the notes.
func collect(t testing.TB, content []byte, path string, o Options) (views []shown, notes []*source.ItemError) {
	t.Helper()
	for v, err := range Views(content, path, o) {
		if err != nil {
			var note *source.ItemError
			if !errors.As(err, &note) {
				t.Fatalf("error of type %T: %v", err, err)
			}
			notes = append(notes, note)
			continue
		}
		checkView(t, v)
		if len(views) == 0 && sniff(content) != kindSQLite && (!bytes.Equal(v.Text, content) || len(v.Way) > 0 || v.Member != "") {
			t.Fatal("the first view is not the raw content")
		}
		text := slices.Clone(v.Text)
		kept := shown{View: v, text: string(text), base: string(v.Base)}
		kept.layer = cloneLayer(v.layer)
		kept.Text = text
		kept.Base = []byte(kept.base)
		views = append(views, kept)
	}
	return views, notes
}

func cloneLayer(l *layer) *layer {
	if l == nil {
		return nil
	}
	c := *l
	c.text, c.spans, c.outer = slices.Clone(l.text), slices.Clone(l.spans), cloneLayer(l.outer)
	return &c
}

// checkView holds a view to its law: whatever is located lies in the base, and
// in order.
func checkView(t testing.TB, v View) {
	t.Helper()
	step := max(1, len(v.Text)/7)
	for _, size := range []int{0, 1, 32} {
		for i := -1; i <= len(v.Text)+1; i += step {
			from, to, line := v.Locate(i, i+size)
			if from < 0 || to < from || to > len(v.Base) || line < 0 {
				t.Fatalf("Locate(%d, %d) of %d bytes = %d, %d, %d in a base of %d", i, i+size, len(v.Text), from, to, line, len(v.Base))
			}
			if (v.Part.Name != "") != (line > 0) {
				t.Fatalf("part %q has line %d", v.Part.Name, line)
			}
		}
	}
}

// place is where a text is expected.
type place struct {
	way, member, part string
	cell, line        int
	// encoded is what stands at the located bytes of the base.
	encoded string
}

// placesOf lists where a text is seen other than in the raw views.
func placesOf(views []shown, text string) []place {
	var found []place
	for _, v := range views {
		for i := strings.Index(v.text, text); i >= 0; {
			from, to, line := v.Locate(i, i+len(text))
			found = append(found, place{
				way: strings.Join(v.Way, " "), member: v.Member, part: v.Part.Name, cell: v.Part.Cell, line: line,
				encoded: v.base[from:to],
			})
			next := strings.Index(v.text[i+1:], text)
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
	return found
}

func wantPlace(t *testing.T, views []shown, text string, want place) {
	t.Helper()
	found := placesOf(views, text)
	if !slices.Contains(found, want) {
		t.Errorf("%q\nwant %+v\ngot  %+v", text, want, found)
	}
}

func wantNote(t *testing.T, notes []*source.ItemError, want ...string) {
	t.Helper()
	var got []string
	for _, n := range notes {
		got = append(got, n.Error())
	}
	if !slices.Equal(got, want) {
		t.Errorf("notes\nwant %q\ngot  %q", want, got)
	}
}
