package auditlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/qleaks/qleaks/remediate/head"
)

// Entry is one thing that was done, or was about to be done. It holds no
// material.
type Entry struct {
	// Time is by the clock of whoever did it: it decides nothing.
	Time time.Time `json:"time"`
	// Actor is who ran the program, Approvers who signed the plan.
	Actor     string   `json:"actor"`
	Approvers []string `json:"approvers,omitempty"`
	// Plan is the hash of the plan.
	Plan     string `json:"plan,omitempty"`
	Rotation string `json:"rotation,omitempty"`
	// Key is the provider's name of the key that it is about, Fingerprint that of
	// its value.
	Key         string `json:"key,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Action is what is done; Outcome what became of it, or "intent".
	Action  string `json:"action"`
	Outcome string `json:"outcome"`
	Answer  Answer `json:"answer,omitzero"`
	// Duration is how long it took, in milliseconds.
	Duration int64 `json:"durationMs,omitempty"`
	// Journal is the record that the entry tells of.
	Journal Source `json:"journal,omitzero"`
}

// Answer is what a provider or a store answered.
type Answer struct {
	Request string `json:"request,omitempty"`
	// Status is the HTTP status; 0 if there was none.
	Status int `json:"status,omitempty"`
}

// Source names a record of the journal of an account.
type Source struct {
	Account string `json:"account,omitempty"`
	head.Head
}

// Line is an entry in its place in the log.
type Line struct {
	// Log is the random name of the log, Sequence counts lines from 1, Previous is
	// the digest of the line before, without its line feed. In the first line it
	// is zero.
	Log      string      `json:"log"`
	Sequence uint64      `json:"sequence"`
	Previous head.Digest `json:"previous"`
	Entry    Entry       `json:"entry"`
}

// longest is the longest line that is read, in bytes.
const longest = 256 << 10

// ErrEntry says that an entry cannot be written down.
var ErrEntry = errors.New("this entry cannot be written to the audit log")

// encode writes a line that decode reads. What is no text in it becomes text
// when it is read once.
func (l *Line) encode() ([]byte, error) {
	text, err := json.Marshal(l)
	if err == nil {
		var again Line
		if err = json.Unmarshal(text, &again); err == nil {
			text, err = json.Marshal(&again)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if len(text) > longest {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d fit", ErrEntry, len(text), longest)
	}
	if _, err := decode(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return text, nil
}

// decode reads a line as encode writes it, and nothing else: a line that says
// the same in other words has been touched.
func decode(text []byte) (Line, error) {
	var l Line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, errors.New("it is no line of an audit log")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return l, errors.New("something follows in the line")
	}
	again, err := json.Marshal(&l)
	if err != nil || !bytes.Equal(again, text) {
		return l, errors.New("it is not written as qleaks writes it")
	}
	return l, nil
}
