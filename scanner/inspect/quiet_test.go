package inspect_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
	"github.com/qleaks/qleaks/scanner/inspect"
)

// FuzzDocumentsAreInspectedLikeTheWhole puts keys in all disguises, and what
// stands around them, into pickles, PDF and Office documents, and compares the
// inspection with that of every view.
func FuzzDocumentsAreInspectedLikeTheWhole(f *testing.F) {
	seeds := uint64(90)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		f.Add(seed)
	}
	set, err := rules.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	x := &inspect.Inspector{Rules: set, Decode: decode.Options{Spare: new(decode.Spare)}}
	f.Fuzz(func(t *testing.T, seed uint64) {
		c := newChain(set, seed)
		var texts []string
		for range 1 + c.random.IntN(8) {
			texts = append(texts, string(c.block()))
		}
		if c.random.IntN(20) == 0 { // more than one part
			texts = slices.Insert(texts, c.random.IntN(len(texts)), strings.Repeat("more text, ", 80_000))
		}
		documents := [][]byte{c.pickle(texts), pdfOf(texts), document(t, texts)}
		content := documents[c.random.IntN(len(documents))]
		got := told(x, x.Inspect(content, "", inspect.Position{}))
		if want := told(x, x.InspectAll(content, "", inspect.Position{})); !slices.Equal(got, want) {
			t.Fatalf("seed %d: a look shows %q, all shows %q", seed, got, want)
		}
	})
}

// pickle writes the texts as names and values of a mapping, some of them in
// bytes, some again by what the pickle remembers.
func (c *chain) pickle(texts []string) []byte {
	out := []byte("\x80\x04}(")
	for n, text := range texts {
		op := byte('X')
		if c.random.IntN(3) == 0 {
			op = 'B'
		}
		out = append(binary.LittleEndian.AppendUint32(append(out, op), uint32(len(text))), text...)
		out = append(out, 0x94)
		if c.random.IntN(3) == 0 {
			out = append(out, 'h', byte(c.random.IntN(n+1)))
		}
	}
	return append(out, "u."...)
}

// pdfOf writes the texts as strings of a PDF.
func pdfOf(texts []string) []byte {
	out := []byte("%PDF-1.4\n")
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	for n, text := range texts {
		out = fmt.Appendf(out, "%d 0 obj <</V (%s)>> endobj\n", n+1, escape.Replace(text))
	}
	return append(out, "trailer <</Root 1 0 R>>\n%%EOF\n"...)
}

// document writes the texts as paragraphs of Word.
func document(t *testing.T, texts []string) []byte {
	var body strings.Builder
	for _, text := range texts {
		body.WriteString("<w:p><w:r><w:t>" + html.EscapeString(text) + "</w:t></w:r></w:p>")
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range map[string]string{
		"[Content_Types].xml": "<Types/>",
		"word/document.xml":   `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body.String() + "</w:body></w:document>",
	} {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
