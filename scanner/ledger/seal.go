package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// format is the version of the files, and of what they mean. It is raised
// whenever the same content could give another report than before: when an
// encoding changes, or the way in which content is inspected.
const format = 2

const (
	magic = "qleaks ledger\n"
	// sumSize is the length of what tells a repository and its conditions.
	sumSize = 16
	// headSize is the length of what stands before the payload: magic, format,
	// ending of the name, repository, conditions, length of the payload.
	headSize = len(magic) + 2 + 8 + 2*sumSize + 8
)

var (
	errBroken  = errors.New("broken")
	errForeign = errors.New("foreign")
)

func (s Scope) repository() [sumSize]byte { return sum("repository", s.Repository) }

func (s Scope) conditions() [sumSize]byte { return sum("conditions", s.Conditions) }

func sum(label, text string) [sumSize]byte {
	whole := sha256.Sum256([]byte(label + "\x00" + text))
	return [sumSize]byte(whole[:])
}

// seal puts a head before a payload and a checksum behind it.
func seal(payload [][]byte, scope Scope, kind string) [][]byte {
	size := 0
	for _, part := range payload {
		size += len(part)
	}
	repository, conditions := scope.repository(), scope.conditions()
	head := make([]byte, 0, headSize)
	head = append(head, magic...)
	head = binary.BigEndian.AppendUint16(head, format)
	head = append(head, fmt.Sprintf("%-8s", kind)...)
	head = append(head, repository[:]...)
	head = append(head, conditions[:]...)
	head = binary.BigEndian.AppendUint64(head, uint64(size))
	parts := append([][]byte{head}, payload...)
	table, check := crc32.MakeTable(crc32.Castagnoli), uint32(0)
	for _, part := range parts {
		check = crc32.Update(check, table, part)
	}
	return append(parts, binary.BigEndian.AppendUint32(nil, check))
}

// unseal returns the payload of a file that is whole and of the scope.
func unseal(data []byte, scope Scope, kind string) ([]byte, error) {
	end := len(data) - crc32.Size
	if end < headSize || !bytes.HasPrefix(data, []byte(magic)) {
		return nil, errBroken
	}
	check := crc32.Checksum(data[:end], crc32.MakeTable(crc32.Castagnoli))
	if check != binary.BigEndian.Uint32(data[end:]) {
		return nil, errBroken
	}
	head, payload := data[len(magic):headSize], data[headSize:end]
	if binary.BigEndian.Uint16(head) != format {
		return nil, fmt.Errorf("%w, made by another version of qleaks", errForeign)
	}
	repository, conditions := scope.repository(), scope.conditions()
	if !bytes.Equal(head[10:10+sumSize], repository[:]) {
		return nil, fmt.Errorf("%w, made for another repository", errForeign)
	}
	if !bytes.Equal(head[10+sumSize:10+2*sumSize], conditions[:]) {
		return nil, fmt.Errorf("%w, made with other rules, options or another version of qleaks", errForeign)
	}
	if string(head[2:10]) != fmt.Sprintf("%-8s", kind)[:8] || binary.BigEndian.Uint64(head[10+2*sumSize:]) != uint64(len(payload)) {
		return nil, errBroken
	}
	return payload, nil
}
