package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

// mostOutput bounds what the oracle may unpack of fuzzed input.
const mostOutput = 4 << 20

// canary stands behind every output buffer and must stay.
const canary = 0xa5

// output returns a buffer of n bytes with room behind it that is not ours.
func output(n int) []byte {
	b := bytes.Repeat([]byte{canary}, n+64)
	return b[:n]
}

func canaryStands(t *testing.T, dst []byte) {
	t.Helper()
	behind := dst[len(dst):cap(dst)]
	if !bytes.Equal(behind[:64], bytes.Repeat([]byte{canary}, 64)) {
		t.Fatalf("something was written behind a buffer of %d bytes", len(dst))
	}
}

// oracle decodes by compress/flate and returns how many bytes of src it read.
func oracle(src []byte) (text []byte, consumed int, err error) {
	reader := bytes.NewReader(src)
	text, err = io.ReadAll(io.LimitReader(flate.NewReader(reader), mostOutput+1))
	return text, len(src) - reader.Len(), err
}

// agrees compares with compress/flate: the same output, or both refuse.
func agrees(t *testing.T, r *inflate.Reader, src []byte) {
	t.Helper()
	want, read, refused := oracle(src)
	if len(want) > mostOutput {
		t.Skip("too large for a comparison")
	}
	if refused != nil {
		for _, size := range []int{0, max(len(want)-1, 0), len(want), len(want) + 1, len(want) + 300} {
			dst := output(size)
			n, consumed, err := r.Deflate(dst, src)
			if err == nil {
				t.Fatalf("%d bytes for %d are accepted (%d, %d); compress/flate says: %v", len(src), size, n, consumed, refused)
			}
			if consumed != 0 || n > size {
				t.Fatalf("after %v: n = %d of %d, consumed = %d", err, n, size, consumed)
			}
			if m := min(n, len(want)); !bytes.Equal(dst[:m], want[:m]) {
				t.Fatalf("before %v the output differs", err)
			}
			canaryStands(t, dst)
		}
		return
	}
	dst := output(len(want))
	n, consumed, err := r.Deflate(dst, src)
	if err != nil || n != len(want) || consumed != read {
		t.Fatalf("Deflate = %d, %d, %v; want %d, %d", n, consumed, err, len(want), read)
	}
	if !bytes.Equal(dst, want) {
		t.Fatal("the output differs")
	}
	canaryStands(t, dst)
	sizesAreRefused(t, r, want, src[:consumed])
}

// sizesAreRefused gives a good stream to buffers of other sizes, and without
// anything behind it.
func sizesAreRefused(t *testing.T, r *inflate.Reader, want, src []byte) {
	t.Helper()
	dst := output(len(want))
	if _, _, err := r.Deflate(dst, src); err != nil || !bytes.Equal(dst, want) {
		t.Fatalf("without bytes behind it: %v", err)
	}
	for _, size := range []int{len(want) + 1, len(want) + 400, len(want) - 1, len(want) / 2} {
		if size < 0 || size == len(want) {
			continue
		}
		dst := output(size)
		n, _, err := r.Deflate(dst, src)
		if !errors.Is(err, inflate.ErrSize) {
			t.Fatalf("%d bytes for %d: %v, want ErrSize", len(want), size, err)
		}
		if m := min(n, size); !bytes.Equal(dst[:m], want[:m]) {
			t.Fatalf("%d bytes for %d: the first %d differ", len(want), size, m)
		}
		canaryStands(t, dst)
	}
}

// agreesWithZlib is agrees for streams with header and checksum.
func agreesWithZlib(t *testing.T, r *inflate.Reader, src []byte) {
	t.Helper()
	reader := bytes.NewReader(src)
	var want []byte
	z, refused := zlib.NewReader(reader)
	if refused == nil {
		want, refused = io.ReadAll(io.LimitReader(z, mostOutput+1))
	}
	if len(want) > mostOutput {
		t.Skip("too large for a comparison")
	}
	dst := output(len(want))
	n, consumed, err := r.Zlib(dst, src, true)
	if (err == nil) != (refused == nil) {
		t.Fatalf("Zlib says %v, compress/zlib says %v", err, refused)
	}
	if errors.Is(refused, zlib.ErrChecksum) != errors.Is(err, inflate.ErrChecksum) {
		t.Fatalf("Zlib says %v, compress/zlib says %v", err, refused)
	}
	if err == nil && (n != len(want) || consumed != len(src)-reader.Len() || !bytes.Equal(dst, want)) {
		t.Fatalf("Zlib = %d, %d; want %d, %d", n, consumed, len(want), len(src)-reader.Len())
	}
	canaryStands(t, dst)
	if _, _, err := r.Zlib(dst, src, false); errors.Is(refused, zlib.ErrChecksum) != (err == nil && refused != nil) {
		t.Fatalf("without verifying Zlib says %v, compress/zlib says %v", err, refused)
	}
}

// deflated compresses text with compress/flate.
func deflated(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	return compressed(t, text, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
}

// zlibbed compresses text with compress/zlib.
func zlibbed(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	return compressed(t, text, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, level) })
}

func compressed(t testing.TB, text []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
