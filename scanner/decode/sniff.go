package decode

import (
	"bytes"
	"compress/bzip2"
	"compress/zlib"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/qleaks/qleaks/scanner/decode/pdf"
	"github.com/qleaks/qleaks/scanner/decode/pickle"
	"github.com/qleaks/qleaks/scanner/decode/sevenzip"
	"github.com/qleaks/qleaks/scanner/decode/sqlite"
)

// kind is a sort of container.
type kind int

const (
	kindNone kind = iota
	kindGzip
	kindZlib
	kindBzip2
	kindZstd
	kindXZ
	kindZip
	kindTar
	kindSevenZip
	kindSQLite
	kindPDF
	kindOLE
	kindWAL
	// Those from here on have no members.
	kindPickle
	kindArray
	kindRecording
	kindBytecode
)

// String returns what Way says.
func (k kind) String() string {
	return [...]string{"", "gzip", "zlib", "bzip2", "zstd", "xz", "zip", "tar", "7z", "sqlite", "PDF", "compound document", "write-ahead log", "pickle", "numpy", "recording", "bytecode"}[k]
}

// IsContainer reports whether content is an archive, a compressed stream or a
// database, whose members have views of their own.
func IsContainer(content []byte) bool {
	k := sniff(content)
	return k != kindNone && k < kindPickle
}

// sniff tells a container by its first bytes, whatever its name is.
func sniff(text []byte) kind {
	if len(text) < 6 {
		return kindNone
	}
	switch text[0] {
	case 0x1f:
		if text[1] == 0x8b && text[2] == 8 {
			return kindGzip
		}
	case 'x':
		if isZlib(text) {
			return kindZlib
		}
	case 0x80, 'c', '}', ']':
		if pickle.Is(text) {
			return kindPickle
		}
	case 'B':
		if len(text) >= 10 && text[1] == 'Z' && text[2] == 'h' && text[3] >= '1' && text[3] <= '9' &&
			(bytes.HasPrefix(text[4:], []byte("\x31\x41\x59\x26\x53\x59")) || bytes.HasPrefix(text[4:], []byte("\x17\x72\x45\x38\x50\x90"))) {
			return kindBzip2
		}
	case 0x28:
		if bytes.HasPrefix(text, []byte("\x28\xb5\x2f\xfd")) {
			return kindZstd
		} else if pickle.Is(text) {
			return kindPickle
		}
	case 0xd0, 0x37:
		if bytes.HasPrefix(text, []byte(oleMagic)) {
			return kindOLE
		} else if isWAL(text) {
			return kindWAL
		} else if k := named(text); k != kindNone {
			return k
		}
	case 0xfd:
		if bytes.HasPrefix(text, []byte(xzMagic)) {
			return kindXZ
		}
	case '{':
		if isCast(text) {
			return kindRecording
		}
	case '%', 'S', 0x93:
		if k := named(text); k != kindNone {
			return k
		}
	case 'P':
		if bytes.HasPrefix(text, []byte(zipLocal)) || bytes.HasPrefix(text, []byte(zipEnd)) {
			return kindZip
		}
	}
	return elsewhere(text)
}

// elsewhere tells a container by bytes that are not its first.
func elsewhere(text []byte) kind {
	if isTar(text) {
		return kindTar
	}
	if isBytecode(text) {
		return kindBytecode
	}
	// A program with an archive behind it.
	if n := len(text) - zipEndSize; n > 0 && bytes.HasPrefix(text[n:], []byte(zipEnd)) {
		return kindZip
	}
	return kindNone
}

// named tells the formats that begin with a name of their own.
func named(text []byte) kind {
	for _, format := range []struct {
		magic string
		kind  kind
	}{
		{pdf.Magic, kindPDF}, {sevenzip.Magic, kindSevenZip}, {sqlite.Magic, kindSQLite}, {arrayMagic, kindArray}, {scriptHead, kindRecording},
	} {
		if bytes.HasPrefix(text, []byte(format.magic)) {
			return format.kind
		}
	}
	return kindNone
}

// isZlib reports whether text begins with a zlib stream. Two bytes say too
// little, so the first of the stream are read.
func isZlib(text []byte) bool {
	if (uint(text[0])<<8|uint(text[1]))%31 != 0 || text[1]&0x20 != 0 {
		return false
	}
	r, err := zlib.NewReader(bytes.NewReader(text[:min(len(text), 4096)]))
	if err != nil {
		return false
	}
	var head [minDecoded]byte
	n, _ := io.ReadFull(r, head[:])
	return n > 0
}

// decompress opens a compressed stream.
func decompress(k kind, text []byte) (io.Reader, error) {
	in := bytes.NewReader(text)
	switch k {
	case kindGzip:
		return gzip.NewReader(in)
	case kindZlib:
		return zlib.NewReader(in)
	case kindBzip2:
		return bzip2.NewReader(in), nil
	case kindZstd:
		return openZstd(in)
	default:
		return &xzReader{in: text}, nil
	}
}

// openZstd reads without goroutines of its own and with little memory.
func openZstd(in io.Reader) (io.Reader, error) {
	r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return nil, err
	}
	return r.IOReadCloser(), nil
}
