package rulestest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Key makes a value of the rule's shape.
func Key(r *rules.Rule, v *Values) string {
	if r.Token.Sample != "" {
		return Expand(r.Token.Sample, "", v)
	}
	return v.From(Alphabet(r.Token.Alphabet), r.Token.Max)
}

// Case is one file that must be found out.
type Case struct {
	Name    string
	Path    string
	Content []byte
}

// Cases turns one example into many: the same text at the start, at the end and
// in a sea of padding, with other line ends, in a notebook, in other encodings.
// The path decides where it may: encodings that change what a path-bound rule
// sees are the same file still; code goes into a notebook, other files do not.
func Cases(path, text string) []Case {
	sea := strings.Repeat("# the quick brown fox jumps over the lazy dog\n", 4000)
	list := []Case{
		{"as it is", path, []byte(text)},
		{"without a last line end", path, []byte(strings.TrimRight(text, "\n"))},
		{"at the end", path, []byte(sea + text)},
		{"at the start", path, []byte(text + "\n" + sea)},
		{"in a sea of padding", path, []byte(sea + text + "\n" + sea)},
		{"with CRLF", path, []byte(strings.ReplaceAll(text, "\n", "\r\n"))},
		{"with tabs", path, []byte("\t" + strings.ReplaceAll(text, "\n", "\n\t"))},
		{"in UTF-16 LE with BOM", path, append([]byte{0xff, 0xfe}, utf16Bytes(text, false)...)},
		{"in UTF-16 BE without BOM", path, utf16Bytes(text, true)},
	}
	if strings.HasSuffix(path, ".py") {
		list = append(list, Case{"in a notebook", path + ".ipynb", notebook(text)})
	}
	return append(list, Case{"in base64", path, []byte("data: " + base64.StdEncoding.EncodeToString([]byte(text+"\n")) + "\n")})
}

// notebook is a notebook with one cell, written as Jupyter writes it.
func notebook(source string) []byte {
	lines := strings.SplitAfter(source, "\n")
	doc := map[string]any{
		"cells": []any{map[string]any{
			"cell_type": "code", "execution_count": 1, "id": "c1", "metadata": map[string]any{},
			"outputs": []any{}, "source": lines,
		}},
		"metadata": map[string]any{}, "nbformat": 4, "nbformat_minor": 5,
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return nil // maps, slices and strings always encode
	}
	return out.Bytes()
}

// Accept runs an example of a rule through Cases and fails the test where the
// rule misses the key or is less sure than the example says.
func Accept(t *testing.T, set *rules.Set, r *rules.Rule, e rules.Example) {
	t.Helper()
	v := NewValues(uint64(len(e.Text))<<8 + uint64(len(e.Path)))
	key := Key(r, v)
	text := Expand(e.Text, key, v)
	for _, c := range Cases(e.Path, text) {
		if err := found(Scan(t.Context(), set, c.Path, c.Content), r, e, secret.New([]byte(key))); err != nil {
			t.Errorf("%s: example %q, %s: %v", r.ID, e.Path, c.Name, err)
		}
	}
}

// found says why a rule's key is not among the findings at its confidence. An
// example without {{KEY}} makes its own value, so any finding of the rule will
// do there.
func found(list []finding.Finding, r *rules.Rule, e rules.Example, key secret.Value) error {
	want := e.Confidence
	if want == rules.None {
		want = rules.High
	}
	best := rules.None
	for _, f := range list {
		sameKey := !strings.Contains(e.Text, "{{KEY") || f.Secret.Equal(key)
		if f.Rule.ID == r.ID && sameKey && f.Confidence > best {
			best = f.Confidence
		}
	}
	if best < want {
		return fmt.Errorf("confidence is %s, want %s", best, want)
	}
	return nil
}

// Scan runs content through the whole of a scan, in memory.
func Scan(ctx context.Context, set *rules.Set, path string, content []byte) []finding.Finding {
	s := scanner.Scanner{Inspector: &inspect.Inspector{Rules: set}, Jobs: 1}
	var out []finding.Finding
	src := source.Reader{Name: path, R: bytes.NewReader(content)}
	for f, err := range finding.Merge(s.Scan(ctx, src)) {
		if err == nil {
			out = append(out, f)
		}
	}
	return out
}
