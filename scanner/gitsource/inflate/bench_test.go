package inflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

// BenchmarkInflate decodes the same streams by this package, by
// klauspost/compress and by compress/flate, turn about, and reports how many
// times faster this package is. B/s are its own.
func BenchmarkInflate(b *testing.B) {
	source, book := goSource(b), notebook()
	for _, c := range []struct {
		name  string
		parts [][]byte
	}{
		{"source", split(source, 30_000)},
		{"notebook", split(book, 100_000)},
		{"random", split(noise(1, 200_000), 50_000)},
		{"trees", split(treeLike(4000), 4000)},
		{"source of 4 kB", split(source, 4000)},
		{"source of 1 kB", split(source, 1000)},
		{"source of 200 B", split(source[:60_000], 200)},
	} {
		streams := make([][]byte, len(c.parts))
		total := 0
		for i, part := range c.parts {
			streams[i] = zlibbed(b, part, 6)
			total += len(part)
		}
		for _, verify := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/verify=%t", c.name, verify), func(b *testing.B) {
				b.SetBytes(int64(total))
				compare(b, c.parts, streams, verify)
			})
		}
	}
}

// compare lets the clock of b run for this package only.
func compare(b *testing.B, parts, streams [][]byte, verify bool) {
	b.Helper()
	var r inflate.Reader
	input := bytes.NewReader(nil)
	theirs, standard := flate.NewReader(input), stdflate.NewReader(input)
	dst := make([]byte, 1<<20)
	var spent, spentTheirs, spentStandard time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for i, stream := range streams {
			if _, _, err := r.Zlib(dst[:len(parts[i])], stream, verify); err != nil {
				b.Fatal(err)
			}
		}
		spent += time.Since(start)
		b.StopTimer()
		spentTheirs += readAll(b, input, theirs, parts, streams, dst)
		spentStandard += readAll(b, input, standard, parts, streams, dst)
		b.StartTimer()
	}
	b.ReportMetric(spentTheirs.Seconds()/spent.Seconds(), "x-klauspost")
	b.ReportMetric(spentStandard.Seconds()/spent.Seconds(), "x-flate")
}

// readAll decodes the streams, without their checksums, by an io.Reader.
func readAll(b *testing.B, input *bytes.Reader, decoder io.Reader, parts, streams [][]byte, dst []byte) time.Duration {
	b.Helper()
	resetter, ok := decoder.(stdflate.Resetter)
	if !ok {
		b.Fatal("the decoder cannot be used again")
	}
	start := time.Now()
	for i, stream := range streams {
		input.Reset(stream[2:])
		if err := resetter.Reset(input, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(decoder, dst[:len(parts[i])]); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// split cuts text into parts of n bytes.
func split(text []byte, n int) [][]byte {
	var parts [][]byte
	for len(text) > n {
		parts = append(parts, text[:n])
		text = text[n:]
	}
	return append(parts, text)
}
