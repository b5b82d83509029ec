package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/adler32"
	"slices"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

func TestWhatFlateWritesIsRead(t *testing.T) {
	var r inflate.Reader
	for name, text := range texts(t) {
		for _, level := range levels() {
			t.Run(fmt.Sprintf("%s at level %d", name, level), func(t *testing.T) {
				stream := deflated(t, text, level)
				agrees(t, &r, stream)
				agrees(t, &r, append(slices.Clone(stream), noise(1, 40)...))
				agreesWithZlib(t, &r, append(zlibbed(t, text, level), noise(2, 40)...))
			})
		}
	}
}

func TestBlocksFollowEachOther(t *testing.T) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	text := notebook()
	for size := 1; size < 3000; size += 37 {
		if _, err := w.Write(text[size : 2*size]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil { // an empty stored block
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	agrees(t, new(inflate.Reader), b.Bytes())
}

func TestEveryTruncationIsRefused(t *testing.T) {
	var r inflate.Reader
	for name, stream := range damageable(t) {
		t.Run(name, func(t *testing.T) {
			size := inflatedSize(t, stream)
			for end := range stream {
				dst := output(size)
				n, consumed, err := r.Zlib(dst, stream[:end], true)
				if !errors.Is(err, inflate.ErrTruncated) || consumed != 0 || n > size {
					t.Fatalf("%d of %d bytes: %d, %d, %v", end, len(stream), n, consumed, err)
				}
				canaryStands(t, dst)
				if end > 2 {
					agrees(t, &r, stream[2:end])
				}
			}
		})
	}
}

func TestFlippedBitsAreJudgedAsFlateJudgesThem(t *testing.T) {
	var r inflate.Reader
	for name, stream := range damageable(t) {
		t.Run(name, func(t *testing.T) {
			for i := range stream {
				for bit := range 8 {
					damaged := slices.Clone(stream)
					damaged[i] ^= 1 << bit
					agreesWithZlib(t, &r, damaged)
				}
			}
		})
	}
}

// damageable returns short zlib streams of every kind of block.
func damageable(t *testing.T) map[string][]byte {
	t.Helper()
	book := notebook()
	return map[string][]byte{
		"nothing": zlibbed(t, nil, 6),
		"stored":  zlibbed(t, noise(3, 90), 0),
		"fixed":   zlibbed(t, []byte("tree 0123, parent 0123, author 0123"), 6),
		"dynamic": zlibbed(t, book[:1500], 9),
		"huffman": zlibbed(t, book[:500], flate.HuffmanOnly),
		"repeats": zlibbed(t, bytes.Repeat([]byte("abcdefg"), 300), 6),
		"tree":    zlibbed(t, treeLike(20), 6),
	}
}

func inflatedSize(t *testing.T, stream []byte) int {
	t.Helper()
	text, _, err := oracle(stream[2:])
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

func TestBadFramesAreRefused(t *testing.T) {
	text := []byte("what a small object says")
	good := zlibbed(t, text, 6)
	changed := func(i int, value byte) []byte {
		b := slices.Clone(good)
		b[i] = value
		return b
	}
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{
		"no bytes":               {nil, inflate.ErrTruncated},
		"half a header":          {good[:1], inflate.ErrTruncated},
		"no blocks":              {good[:2], inflate.ErrTruncated},
		"another method":         {[]byte{0x77, 0x85, 3, 0}, inflate.ErrCorrupt},
		"too large a window":     {[]byte{0x88, 0x1c, 3, 0}, inflate.ErrCorrupt},
		"wrong check bits":       {changed(1, good[1]^1), inflate.ErrCorrupt},
		"dictionary":             {[]byte{0x78, 0xbb, 0, 0, 0, 1, 3, 0}, inflate.ErrDictionary},
		"reserved kind of block": {[]byte{0x78, 0x9c, 7, 0, 0, 0, 0, 0}, inflate.ErrCorrupt},
		"no checksum":            {good[:len(good)-4], inflate.ErrTruncated},
		"half a checksum":        {good[:len(good)-1], inflate.ErrTruncated},
		"wrong checksum":         {changed(len(good)-1, good[len(good)-1]^1), inflate.ErrChecksum},
		"stored length differs":  {[]byte{0x78, 0x9c, 1, 1, 0, 0xff, 0xff, 'a', 0, 0, 0, 0}, inflate.ErrCorrupt},
		"stored is larger":       {append([]byte{0x78, 0x9c, 1, 25, 0, 0xe6, 0xff}, make([]byte, 40)...), inflate.ErrSize},
		"stored is smaller":      {append([]byte{0x78, 0x9c, 1, 2, 0, 0xfd, 0xff}, make([]byte, 40)...), inflate.ErrSize},
	} {
		t.Run(name, func(t *testing.T) {
			_, consumed, err := new(inflate.Reader).Zlib(make([]byte, len(text)), c.stream, true)
			if !errors.Is(err, c.want) || consumed != 0 {
				t.Fatalf("%d, %v; want %v", consumed, err, c.want)
			}
		})
	}
}

func TestAReaderIsUsableAfterErrorsAndAllocatesNothing(t *testing.T) {
	var r inflate.Reader
	text := notebook()[:5000]
	good := zlibbed(t, text, 6)
	bad := slices.Clone(good)
	bad[40] ^= 0xff
	dst := make([]byte, len(text))
	allocations := testing.AllocsPerRun(20, func() {
		if _, _, err := r.Zlib(dst, bad, true); err == nil {
			t.Error("the damaged stream is accepted")
		}
		n, consumed, err := r.Zlib(dst, good, true)
		if err != nil || n != len(text) || consumed != len(good) || !bytes.Equal(dst, text) {
			t.Errorf("Zlib = %d, %d, %v", n, consumed, err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestTheChecksumIsAdler32(t *testing.T) {
	largest := bytes.Repeat([]byte{0xff}, 100_000)
	random := noise(4, 100_000)
	var r inflate.Reader
	for size := range 500 {
		size += size * size / 3
		for _, text := range [][]byte{largest[:size], random[:size]} {
			// Stored by hand, with the sum of the standard library.
			stream := []byte{0x78, 0x9c}
			for rest := text; ; {
				part := rest[:min(len(rest), 0xffff)]
				rest = rest[len(part):]
				final := byte(0)
				if len(rest) == 0 {
					final = 1
				}
				stream = append(stream, final, byte(len(part)), byte(len(part)>>8), ^byte(len(part)), ^byte(len(part)>>8))
				if stream = append(stream, part...); final == 1 {
					break
				}
			}
			sum := adler32.Checksum(text)
			stream = append(stream, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
			if _, _, err := r.Zlib(make([]byte, size), stream, true); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
		}
	}
}
