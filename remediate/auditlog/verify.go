package auditlog

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/qleaks/qleaks/remediate/head"
)

// Why a log is not what was written. An ErrCut may be repaired from a copy; an
// ErrChanged has been tampered with, or its disk is damaged.
var (
	ErrCut     = errors.New("lines are missing at the end of the audit log")
	ErrChanged = errors.New("the audit log was changed")
)

// LineError says which line is wrong.
type LineError struct {
	// Number counts from 1.
	Number uint64
	Reason string
	kind   error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("%v: line %d: %s", e.kind, e.Number, e.Reason) }

// Unwrap returns ErrCut or ErrChanged.
func (e *LineError) Unwrap() error { return e.kind }

// Verify reads a whole log and holds it to a head that was kept elsewhere: the
// log must have that very line, whatever follows it. The zero Head is known to
// nobody: it finds changes inside, but not that the end is cut off. Verify
// returns the head that the log has now.
func Verify(r io.Reader, known head.Head) (head.Head, error) {
	c := chain{}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := readLine(lines)
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return c.at, c.has(known)
		case errors.Is(err, io.EOF):
			return c.at, c.wrong(ErrCut, "it has no end")
		case err != nil:
			return c.at, err
		}
		if _, err := c.add(text); err != nil {
			return c.at, err
		}
		if err := c.meets(known); err != nil {
			return c.at, err
		}
	}
}

// readLine reads a line without its line feed; io.EOF if it has none.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > longest {
			return nil, fmt.Errorf("%w: a line is longer than %d bytes", ErrChanged, longest)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(line, []byte("\n")), err
		}
	}
}

// chain is how far a log was read.
type chain struct{ at head.Head }

// add takes the next line.
func (c *chain) add(text []byte) (Line, error) {
	line, err := decode(text)
	if err != nil {
		return line, c.wrong(ErrChanged, err.Error())
	}
	switch {
	case line.Sequence != c.at.Sequence+1:
		return line, c.wrong(ErrChanged, fmt.Sprintf("it says that it is line %d", line.Sequence))
	case line.Previous != c.at.Digest:
		return line, c.wrong(ErrChanged, "it does not follow the line before")
	case c.at.Chain != "" && line.Log != c.at.Chain:
		return line, c.wrong(ErrChanged, "it is of another log")
	}
	c.at = head.Head{Chain: line.Log, Sequence: line.Sequence, Digest: sha256.Sum256(text)}
	return line, nil
}

// meets holds the line that was added to a known head.
func (c *chain) meets(known head.Head) error {
	if known.Sequence == c.at.Sequence && known != c.at && known.Sequence > 0 {
		return &LineError{Number: c.at.Sequence, Reason: "it is not the line that the known head names", kind: ErrChanged}
	}
	return nil
}

// has holds the end of the log to a known head.
func (c *chain) has(known head.Head) error {
	if known.Sequence > c.at.Sequence {
		return c.cut(known.Sequence)
	}
	return nil
}

func (c *chain) cut(named uint64) error {
	return c.wrong(ErrCut, fmt.Sprintf("it is not there, and the known head names line %d", named))
}

// wrong complains about the line after the last good one.
func (c *chain) wrong(kind error, reason string) error {
	return &LineError{Number: c.at.Sequence + 1, Reason: reason, kind: kind}
}
