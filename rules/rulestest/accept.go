// Package rulestest turns one example of a rule into many cases, and knows the
// corpus.
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
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Case is one file that must be found out.
type Case struct {
	Name    string
	Path    string
	Content []byte
	// Chunking, if not zero, has the file read in pieces.
	Chunking source.Chunking
}

// Cases turns one example into many: the same text at the start, at the end and
// in a sea of padding, with other line ends, in a notebook, in other encodings.
// The path decides where it may: encodings that change what a path-bound rule
// sees are the same file still; code goes into a notebook, other files do not.
// Around a notebook nothing may stand.
func Cases(path, text string) []Case {
	if strings.HasSuffix(path, ".ipynb") {
		return []Case{
			{Name: "as it is", Path: path, Content: []byte(text)},
			{Name: "with CRLF", Path: path, Content: []byte(strings.ReplaceAll(text, "\n", "\r\n"))},
		}
	}
	sea := strings.Repeat("# the quick brown fox jumps over the lazy dog\n", 4000)
	list := []Case{
		{Name: "as it is", Path: path, Content: []byte(text)},
		{Name: "without a last line end", Path: path, Content: []byte(strings.TrimRight(text, "\n"))},
		{Name: "at the end", Path: path, Content: []byte(sea + text)},
		{Name: "at the start", Path: path, Content: []byte(text + "\n" + sea)},
		{Name: "in a sea of padding", Path: path, Content: []byte(sea + text + "\n" + sea)},
		{Name: "with CRLF", Path: path, Content: []byte(strings.ReplaceAll(text, "\n", "\r\n"))},
		{Name: "with tabs", Path: path, Content: []byte("\t" + strings.ReplaceAll(text, "\n", "\n\t"))},
		{Name: "in UTF-16 LE with BOM", Path: path, Content: append([]byte{0xff, 0xfe}, sample.UTF16(text, false)...)},
		{Name: "in UTF-16 BE without BOM", Path: path, Content: sample.UTF16(text, true)},
		{Name: "in base64", Path: path, Content: []byte("data: " + base64.StdEncoding.EncodeToString([]byte(text+"\n")) + "\n")},
	}
	if strings.HasSuffix(path, ".py") {
		list = append(list, Case{Name: "in a notebook", Path: path + ".ipynb", Content: notebook(text)})
	}
	return append(list, edges(path, text)...)
}

// edges lays the middle of the text on every border that two chunks have.
func edges(path, text string) []Case {
	chunking := source.Chunking{Whole: 4 * source.Overlap, Size: 2 * source.Overlap}
	var list []Case
	for _, border := range []int{chunking.Whole - source.Overlap, chunking.Whole - source.Overlap/2, chunking.Whole} {
		line := "# the quick brown fox\n"
		before := strings.Repeat(line, (border-len(text)/2)/len(line)+1)
		before = before[len(before)-(border-len(text)/2):]
		after := strings.Repeat(line, 3*source.Overlap/len(line))
		list = append(list, Case{
			Name: fmt.Sprintf("over the border at %d", border), Path: path, Chunking: chunking,
			Content: []byte("\n" + before[1:len(before)-1] + "\n" + text + "\n" + after),
		})
	}
	return list
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
	v := sample.NewValues(uint64(len(e.Text))<<8 + uint64(len(e.Path)))
	key := sample.Key(r, v)
	text := sample.Expand(e.Text, key, v)
	for _, c := range Cases(e.Path, text) {
		if err := found(scan(t.Context(), set, c), r, e, secret.New([]byte(key))); err != nil {
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
	return scan(ctx, set, Case{Path: path, Content: content})
}

func scan(ctx context.Context, set *rules.Set, c Case) []finding.Finding {
	s := scanner.Scanner{Inspector: &inspect.Inspector{Rules: set}, Jobs: 1, Chunking: c.Chunking}
	var out []finding.Finding
	src := source.Reader{Name: c.Path, R: bytes.NewReader(c.Content)}
	for f, err := range finding.Merge(s.Scan(ctx, src)) {
		if err == nil {
			out = append(out, f)
		}
	}
	return out
}
