package rules_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/rules/sample"
)

// goSource is real source text that every machine with Go has: a part of the
// standard library.
func goSource(b *testing.B) []byte {
	b.Helper()
	var all bytes.Buffer
	goroot, err := exec.CommandContext(b.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		b.Skipf("no go command to ask for the standard library: %v", err)
	}
	root := filepath.Join(strings.TrimSpace(string(goroot)), "src", "net")
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := os.ReadFile(name)
		all.Write(text)
		return err
	})
	if err != nil || all.Len() < 1<<20 {
		b.Skipf("the standard library's source is not here: %d bytes, %v", all.Len(), err)
	}
	return all.Bytes()
}

// notebookText is a notebook as they are in quantum repositories: short cells
// and large base64 images.
func notebookText() []byte {
	v := sample.NewValues(1)
	var out strings.Builder
	for range 40 {
		out.WriteString("\"qc = QuantumCircuit(2)\\n\",\n\"service = QiskitRuntimeService()\\n\",\n\"image/png\": \"")
		out.WriteString(v.Base64(40_000))
		out.WriteString("\"\n")
	}
	return []byte(out.String())
}

// benchmarkMatch measures the set on a text, and against a reference in the same
// run: lower-casing the text and searching it for one word.
func benchmarkMatch(b *testing.B, text []byte) {
	set := builtin(b)
	b.SetBytes(int64(len(text)))
	b.ResetTimer()
	for b.Loop() {
		set.Match(text, nil)
	}
	own := b.Elapsed() / time.Duration(b.N)
	begin := time.Now()
	const rounds = 5
	for range rounds {
		if bytes.Contains(bytes.ToLower(text), []byte("\x00no such word")) {
			b.Fatal("found")
		}
	}
	reference := time.Since(begin) / rounds
	b.ReportMetric(float64(own)/float64(reference), "x-lower+search")
}

func BenchmarkMatchSource(b *testing.B)   { benchmarkMatch(b, goSource(b)) }
func BenchmarkMatchNotebook(b *testing.B) { benchmarkMatch(b, notebookText()) }
