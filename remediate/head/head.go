// Package head keeps the head of a chain of records outside of the file that
// holds the chain, so that an old copy, or a cut at the edge of a record, shows.
package head

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/durable"
)

// Digest is the SHA-256 of a record, which holds that of the record before.
type Digest [sha256.Size]byte

// String returns it in hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. There is one way to write
// a digest: 64 digits in lower case.
func (d *Digest) UnmarshalText(text []byte) error {
	var read Digest
	if hex.DecodedLen(len(text)) != len(read) {
		return errDigest
	}
	if _, err := hex.Decode(read[:], text); err != nil || read.String() != string(text) {
		return errDigest
	}
	*d = read
	return nil
}

var errDigest = errors.New("it is no SHA-256 in 64 lower-case hexadecimal digits")

// Head names the last record of a chain.
type Head struct {
	// Chain is the random name of the chain, 32 hexadecimal digits.
	Chain string `json:"chain"`
	// Sequence counts records from 1; 0 is a chain without any.
	Sequence uint64 `json:"sequence"`
	Digest   Digest `json:"digest"`
}

// String returns the form in which people keep a head, which Parse reads.
func (h Head) String() string {
	return fmt.Sprintf("%s:%d:%s", h.Chain, h.Sequence, h.Digest)
}

// ErrDamaged says that a text is no head.
var ErrDamaged = errors.New("it is no head of a chain")

// Parse reads what String wrote.
func Parse(text string) (Head, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return Head{}, ErrDamaged
	}
	h := Head{Chain: parts[0]}
	id, err := hex.DecodeString(parts[0])
	if err != nil || len(id) != 16 {
		return Head{}, ErrDamaged
	}
	if h.Sequence, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return Head{}, ErrDamaged
	}
	if err := h.Digest.UnmarshalText([]byte(parts[2])); err != nil {
		return Head{}, ErrDamaged
	}
	if h.String() != text {
		return Head{}, ErrDamaged
	}
	return h, nil
}

const (
	format  = "qleaks head 1 "
	longest = 512
)

// Write replaces the head in a file. When it returns without an error, the new
// one is safe; otherwise the file holds the old or the new one.
func Write(d durable.Disk, name string, h Head) error {
	line := format + h.String() + " "
	return durable.WriteWhole(d, name, fmt.Appendf(nil, "%s%08x\n", line, checksum(line)))
}

// Read reads the head in a file; fs.ErrNotExist if there is no file.
func Read(d durable.Disk, name string) (Head, error) {
	text, err := durable.ReadWhole(d, name, longest)
	if err != nil {
		return Head{}, err
	}
	// Whatever is not exactly what Write writes is damaged.
	body, ok := strings.CutPrefix(string(text), format)
	if !ok {
		return Head{}, fmt.Errorf("%s: %w", name, ErrDamaged)
	}
	body, _, _ = strings.Cut(body, " ")
	h, err := Parse(body)
	line := format + h.String() + " "
	if err != nil || fmt.Sprintf("%s%08x\n", line, checksum(line)) != string(text) {
		return Head{}, fmt.Errorf("%s: %w", name, ErrDamaged)
	}
	return h, nil
}

func checksum(text string) uint32 {
	return crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))
}
