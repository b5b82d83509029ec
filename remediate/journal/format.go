package journal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"

	"github.com/qleaks/qleaks/remediate/head"
)

// The format is described in docs/journal.md. Numbers are little-endian.
const (
	fileMagic     = "qleaksJL"
	formatVersion = 1
	fileHeader    = 64

	recordMagic  = "qlr\n"
	recordHeader = 56
	// checksumSize stands at the end of a record.
	checksumSize = 4
	// maxContent is the longest content of a record, in bytes.
	maxContent = 64 << 10
	maxRecord  = recordHeader + maxContent + checksumSize
	// maxFile is the largest journal that is read, in bytes: some ten thousand
	// rotations.
	maxFile = 256 << 20
)

// checksum is CRC-32C.
func checksum(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}

// newHeader makes the beginning of a journal, with a random name.
func newHeader(a Account) []byte {
	h := make([]byte, fileHeader)
	copy(h, fileMagic)
	h[8] = formatVersion
	_, _ = rand.Read(h[12:28]) // never fails
	about := a.digest()
	copy(h[28:60], about[:])
	binary.LittleEndian.PutUint32(h[60:], checksum(h[:60]))
	return h
}

// headOfHeader is the head of a journal without records.
func headOfHeader(h []byte) head.Head {
	return head.Head{Chain: hex.EncodeToString(h[12:28]), Digest: sha256.Sum256(h)}
}

// checkHeader says what is wrong with the beginning of a journal.
func checkHeader(h []byte, a Account) error {
	switch about := a.digest(); {
	case len(h) < fileHeader:
		return damaged(0, "its header is not whole")
	case !bytes.Equal(h[:8], []byte(fileMagic)):
		return damaged(0, "it does not begin as a journal does")
	case binary.LittleEndian.Uint32(h[60:]) != checksum(h[:60]):
		return damaged(0, "the checksum of its header is wrong")
	case h[8] != formatVersion:
		return ErrNewer
	case !bytes.Equal(h[28:60], about[:]):
		return ErrForeign
	}
	return nil
}

// encode writes a record that follows another.
func encode(r Record, before head.Head) ([]byte, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(content) > maxContent {
		return nil, ErrTooLong
	}
	b := make([]byte, recordHeader, recordHeader+len(content)+checksumSize)
	copy(b, recordMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(content)))
	binary.LittleEndian.PutUint64(b[8:], before.Sequence+1)
	b[16] = byte(r.Kind)
	copy(b[20:52], before.Digest[:])
	binary.LittleEndian.PutUint32(b[52:], checksum(b[:52]))
	b = append(b, content...)
	return binary.LittleEndian.AppendUint32(b, checksum(b)), nil
}

// errBytes says that bytes are no record: their checksum is wrong, or they end
// too early.
var errBytes = errors.New("it is no whole record")

// frame is what the header of a record says.
type frame struct {
	size     int
	sequence uint64
	kind     Kind
	previous head.Digest
}

// readFrame reads the header of a record; errBytes if it is none.
func readFrame(b []byte) (frame, error) {
	if len(b) < recordHeader || string(b[:4]) != recordMagic || binary.LittleEndian.Uint32(b[52:]) != checksum(b[:52]) {
		return frame{}, errBytes
	}
	f := frame{
		size:     recordHeader + int(binary.LittleEndian.Uint32(b[4:])) + checksumSize,
		sequence: binary.LittleEndian.Uint64(b[8:]), kind: Kind(b[16]), previous: head.Digest(b[20:52]),
	}
	if f.size > maxRecord || b[17]|b[18]|b[19] != 0 {
		return frame{}, errBytes
	}
	return f, nil
}

// decode reads the record at the beginning of b, which follows another, and
// returns its size in bytes.
func decode(b []byte, before head.Head) (Record, int, error) {
	f, err := readFrame(b)
	if err != nil {
		return Record{}, 0, err
	}
	if len(b) < f.size {
		return Record{}, 0, errBytes
	}
	body := b[:f.size-checksumSize]
	if binary.LittleEndian.Uint32(b[len(body):]) != checksum(body) {
		return Record{}, 0, errBytes
	}
	if f.sequence != before.Sequence+1 || f.previous != before.Digest {
		return Record{}, 0, damaged(before.Sequence+1, "it does not follow the record before")
	}
	r := Record{}
	if err := strictly(body[recordHeader:], &r); err != nil {
		return Record{}, 0, damaged(f.sequence, "its content is none that this qleaks writes")
	}
	r.Sequence, r.Kind, r.Digest = f.sequence, f.kind, sha256.Sum256(b[:f.size])
	if r.Sealed != nil {
		r.Sealed.Rotation = r.Rotation
	}
	return r, f.size, nil
}

// strictly decodes one document without members that nobody knows.
func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errBytes
	}
	return nil
}
