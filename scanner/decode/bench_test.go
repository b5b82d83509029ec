package decode

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sourceText is ordinary source: identifiers, strings with escapes, formats.
func sourceText(size int) []byte {
	const page = `package scanner

import (
	"context"
	"fmt"

	"github.com/qleaks/qleaks/scanner/source"
)

// Result counts what one run of the scanner has seen & kept; see <https://example.org/docs>.
type Result struct{ Files, Objects int }

func (s *Scanner) examine_one_object_of_many(ctx context.Context, o source.Origin) (Result, error) {
	if s.Limit > 0 && o.Size >= s.Limit {
		return Result{}, fmt.Errorf("examine %q: %d bytes\n", o.Path, o.Size)
	}
	for i := 0; i < len(s.workers); i++ {
		s.workers[i].count += i<<2 | 0x1f
	}
	return Result{Files: 1}, nil // 100% of them
}
`
	return []byte(strings.Repeat(page, size/len(page)+1))
}

func countViews(content []byte) (n int) {
	for range Views(content, "", Options{}) {
		n++
	}
	return n
}

func BenchmarkViewsSource(b *testing.B) {
	for name, size := range map[string]int{"4KiB": 4 << 10, "1MiB": 1 << 20} {
		content := sourceText(size)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				countViews(content)
			}
		})
	}
}

func BenchmarkViewsBase64Image(b *testing.B) {
	image := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range image {
		image[i] = byte(r.Uint32())
	}
	content := []byte(base64.StdEncoding.EncodeToString(image))
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		countViews(content)
	}
}

func BenchmarkViewsNotebook(b *testing.B) {
	var cells []any
	for range 200 {
		cells = append(cells, map[string]any{
			"cell_type": "code", "metadata": map[string]any{},
			"source": strings.SplitAfter(string(sourceText(1500)), "\n"),
			"outputs": []any{map[string]any{"output_type": "display_data", "metadata": map[string]any{}, "data": map[string]any{
				"image/png": base64.StdEncoding.EncodeToString(make([]byte, 4000)), "text/plain": []string{"<Figure>"},
			}}},
		})
	}
	content, err := json.MarshalIndent(map[string]any{"cells": cells, "metadata": map[string]any{}, "nbformat": 4, "nbformat_minor": 5}, "", " ")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		countViews(content)
	}
}

// BenchmarkViewsFormats times the formats that histories seldom have, apart
// from the text that they mostly are: each holds the same source, and bytes are
// those of the file.
func BenchmarkViewsFormats(b *testing.B) {
	source := string(sourceText(1 << 20))
	var paragraphs strings.Builder
	for line := range strings.SplitSeq(source, "\n") {
		paragraphs.WriteString("<w:p><w:r><w:t>" + html.EscapeString(line) + "</w:t></w:r></w:p>")
	}
	names := slices.Repeat([]string{"name"}, 1000)
	for name, content := range map[string][]byte{
		"zip":    zipOf(b, 8, file{"a.go", source}),
		"7z":     sevenZipOf(b, file{"a.go", source}),
		"docx":   zipOf(b, 8, file{"[Content_Types].xml", "<Types/>"}, file{"word/document.xml", paragraphs.String()}),
		"pdf":    pdfOf(b, source, ""),
		"pickle": pickled(names, slices.Repeat([]string{source[:1000]}, 1000)),
		"sqlite": emptyDatabase(source[:1000]),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				countViews(content)
			}
		})
	}
}
