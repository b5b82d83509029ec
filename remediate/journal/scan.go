package journal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/qleaks/qleaks/remediate/head"
)

// scanned is how far a journal could be read.
type scanned struct {
	head head.Head
	// size is where the next record goes, in bytes.
	size int64
	// unnamed is the size of the last record if the kept head does not name it,
	// because its writer was cut short after it wrote the record.
	unnamed int64
	// torn says that a piece of a record follows, for the same reason.
	torn bool
}

// scan reads a journal that is in memory, and gives its records to take. kept
// is the head that is kept outside of it. Behind the record that kept names
// there may be one more, whole or torn: nothing was done after it, for its
// writer never came to say that it is safe. Everything else that is not as it
// was written is an error. live allows for a writer that is at work meanwhile.
func scan(data []byte, a Account, kept head.Head, live bool, take func(Record) error) (scanned, error) {
	if err := checkHeader(data, a); err != nil {
		return scanned{}, err
	}
	s := scanned{head: headOfHeader(data[:fileHeader]), size: fileHeader}
	if kept.Chain != s.head.Chain || kept.Sequence == 0 && kept != s.head {
		return s, fmt.Errorf("%w: the kept head is of another journal", ErrOldCopy)
	}
	for s.size < int64(len(data)) {
		rest := data[s.size:]
		if s.unnamed > 0 && !live {
			return s, fmt.Errorf("%w: the kept head names record %d, and the journal goes on behind the next", ErrOldCopy, kept.Sequence)
		}
		r, size, err := decode(rest, s.head)
		if errors.Is(err, errBytes) {
			if s.head.Sequence < kept.Sequence || !lastPiece(rest) {
				return s, damaged(s.head.Sequence+1, "its bytes are not those that were written")
			}
			s.torn = true
			return s, nil
		}
		if err == nil {
			err = s.follow(r, size, kept, take)
		}
		if err != nil {
			return s, err
		}
	}
	if s.head.Sequence < kept.Sequence {
		return s, fmt.Errorf("%w: the kept head names record %d, and the journal ends at %d", ErrOldCopy, kept.Sequence, s.head.Sequence)
	}
	return s, nil
}

// follow takes the next record.
func (s *scanned) follow(r Record, size int, kept head.Head, take func(Record) error) error {
	if err := take(r); err != nil {
		return damaged(r.Sequence, err.Error())
	}
	s.head.Sequence, s.head.Digest = r.Sequence, r.Digest
	s.size += int64(size)
	if r.Sequence > kept.Sequence {
		s.unnamed = int64(size)
	}
	if r.Sequence == kept.Sequence && s.head != kept {
		return fmt.Errorf("%w: record %d is not the one that the kept head names", ErrOldCopy, r.Sequence)
	}
	return nil
}

// lastPiece reports whether bytes that are no record can be what is left of the
// one record that was being written last: nothing follows it. The magic of a
// record holds a line feed, which its content cannot.
func lastPiece(rest []byte) bool {
	if len(rest) > maxRecord {
		return false
	}
	if f, err := readFrame(rest); err == nil && len(rest) > f.size {
		return false
	}
	for at := 1; ; at++ {
		next := bytes.Index(rest[at:], []byte(recordMagic))
		if next < 0 {
			return true
		}
		if at += next; whole(rest[at:]) {
			return false
		}
	}
}

// whole reports whether a record begins here.
func whole(b []byte) bool {
	_, err := readFrame(b)
	return err == nil
}
