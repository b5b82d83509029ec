package courier

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/qleaks/qleaks/internal/secret"
)

// maxFrame is the largest frame, in bytes.
const maxFrame = 32 << 20

// WriteFrame writes a message with its length before it.
func WriteFrame(w io.Writer, message []byte) error {
	if len(message) > maxFrame {
		return wrong("it is too large")
	}
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
	return err
}

// ReadFrame reads a message that WriteFrame wrote. io.EOF means that none came.
func ReadFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, wrong("it ends too early")
		}
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, wrong("it is too large")
	}
	// What a frame claims to be is not set aside before it comes.
	message, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return nil, err
	}
	if len(message) != int(n) {
		return nil, wrong("it ends too early")
	}
	return message, nil
}

// WriteChecks writes what providers said.
func WriteChecks(w io.Writer, checks []Check) error { return writeJSON(w, checks) }

// ReadChecks reads what providers said of the keys that were handed over.
func ReadChecks(r io.Reader, of []Key) ([]Check, error) {
	var checks []Check
	if err := readJSON(r, &checks); err != nil {
		return nil, err
	}
	known := map[secret.Fingerprint]bool{}
	for _, k := range of {
		known[k.Fingerprint] = true
	}
	for _, c := range checks {
		if !known[c.Fingerprint] {
			return nil, wrong("it tells of a key that was not handed over")
		}
		known[c.Fingerprint] = false
	}
	return checks, nil
}

// WriteOutcome writes what became of the keys.
func WriteOutcome(w io.Writer, o Outcome) error { return writeJSON(w, o) }

// ReadOutcome reads what became of the keys.
func ReadOutcome(r io.Reader) (Outcome, error) {
	var o Outcome
	err := readJSON(r, &o)
	if err == nil && o.Schema != OutcomeSchema {
		err = wrong("it is of another version")
	}
	return o, err
}

func writeJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	return WriteFrame(w, text)
}

func readJSON(r io.Reader, into any) error {
	text, err := ReadFrame(r)
	if err != nil {
		return err
	}
	return decode(text, into)
}
