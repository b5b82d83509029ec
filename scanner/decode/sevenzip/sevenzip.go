// Package sevenzip reads 7z archives that are in memory. The directory of an
// archive is often compressed itself, and says how large everything is: all
// numbers are held against the bytes that are there, and memory is bounded
// whatever they say. The format is described in 7zFormat.txt of 7-Zip.
package sevenzip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Magic is what an archive begins with.
const Magic = "7z\xbc\xaf\x27\x1c"

const (
	headerSize = 32
	// maxEncoded is how often a directory may be compressed.
	maxEncoded = 4
	// maxNames bounds the bytes of the directory.
	maxNames = 64 << 20
)

// What can be wrong with an archive.
var (
	ErrBroken    = errors.New("the archive is damaged or cut off")
	ErrMethod    = errors.New("a compression method of 7z is not known")
	ErrEncrypted = errors.New("encrypted")
	errLarge     = errors.New("its directory is too large")
)

// Folder is a stream in which files stand behind each other.
type Folder struct {
	Files   []File
	archive *Archive
	folder  folder
	packed  [][]byte
}

// File is one of a folder.
type File struct {
	Name string
	Size int64
}

// Archive is an archive whose directory was read.
type Archive struct {
	// Folders are in the order of the archive. Empty files are in none.
	Folders []Folder
	src     []byte
}

// Open reads the directory of an archive.
func Open(src []byte) (*Archive, error) {
	if len(src) < headerSize || string(src[:len(Magic)]) != Magic {
		return nil, ErrBroken
	}
	a := &Archive{src: src[headerSize:]}
	offset, size := binary.LittleEndian.Uint64(src[12:]), binary.LittleEndian.Uint64(src[20:])
	if size == 0 {
		return a, nil
	}
	if offset > uint64(len(a.src)) || size > uint64(len(a.src))-offset {
		return nil, ErrBroken
	}
	directory := a.src[offset:][:size]
	for range maxEncoded {
		d := parser{src: directory}
		switch d.byte() {
		case idHeader:
			err := a.read(&d)
			return a, err
		case idEncodedHeader:
			s := d.streams()
			if d.broken || len(s.folders) == 0 {
				return nil, ErrBroken
			}
			inner, err := a.directory(&s)
			if err != nil {
				return nil, err
			}
			directory = inner
		default:
			return nil, ErrBroken
		}
	}
	return nil, ErrBroken
}

// directory unpacks one that is compressed.
func (a *Archive) directory(s *streams) ([]byte, error) {
	size := s.folders[0].size()
	if size > maxNames {
		return nil, errLarge
	}
	f := Folder{archive: a, folder: s.folders[0], packed: s.packedOf(a.src, 0)}
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(in, size)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// read takes over what the directory says.
func (a *Archive) read(d *parser) error {
	var s streams
	var names []string
	var empty []bool
	for !d.broken {
		switch d.byte() {
		case idEnd:
			return a.fill(&s, names, empty)
		case idArchiveProperties:
			for id := d.byte(); id != idEnd && !d.broken; id = d.byte() {
				d.take(d.number())
			}
		case idAdditionalStreams:
			d.streams()
		case idMainStreams:
			s = d.streams()
		case idFiles:
			names, empty = d.files()
		default:
			d.broken = true
		}
	}
	return ErrBroken
}

// fill gives the folders their files.
func (a *Archive) fill(s *streams, names []string, empty []bool) error {
	next := 0
	for i, f := range s.folders {
		folder := Folder{archive: a, folder: f, packed: s.packedOf(a.src, i)}
		for _, size := range s.sizes[i] {
			for next < len(names) && next < len(empty) && empty[next] {
				next++
			}
			name := ""
			if next < len(names) {
				name = names[next]
			}
			next++
			folder.Files = append(folder.Files, File{Name: name, Size: size})
		}
		a.Folders = append(a.Folders, folder)
	}
	return nil
}
