package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/head"
)

// ID names a rotation: a ULID.
type ID string

// valid reports whether an ID is one that Begin makes.
func (id ID) valid() bool {
	_, err := ulid.ParseStrict(string(id))
	return err == nil && len(id) == ulid.EncodedSize && id[0] <= '7'
}

// Kind says what a record tells.
type Kind uint8

// The kinds. Their numbers stand in files.
const (
	// Started is the first record of a journal.
	Started Kind = iota + 1
	// Begun opens a rotation, Ended closes it.
	Begun
	// Intent is written before something is done, one of the three that follow
	// when it was: Unknown says that nobody can tell whether it was.
	Intent
	Done
	Failed
	Unknown
	// Sealed says that a value lies in a sealed file, Released that the file is
	// needed no more, Erased that it is going to be erased at once.
	Sealed
	Released
	Erased
	Ended
	// Noted is anything else worth keeping.
	Noted
)

var kindNames = map[Kind]string{
	Started: "started", Begun: "begun", Intent: "intent", Done: "done", Failed: "failed", Unknown: "unknown",
	Sealed: "sealed", Released: "released", Erased: "erased", Ended: "ended", Noted: "noted",
}

// String returns the kind in one word.
func (k Kind) String() string {
	if name := kindNames[k]; name != "" {
		return name
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Record is one entry of a journal. It holds no material: values are in sealed
// files.
type Record struct {
	Sequence uint64      `json:"-"`
	Kind     Kind        `json:"-"`
	Digest   head.Digest `json:"-"`
	// Time is by the clock of whoever wrote the record: it is for people, and
	// decides nothing.
	Time     time.Time `json:"time"`
	Actor    string    `json:"actor,omitempty"`
	Rotation ID        `json:"rotation,omitempty"`
	// Step is the name of a step, in records of kind Intent, Done, Failed and
	// Unknown.
	Step    string      `json:"step,omitempty"`
	Subject *Subject    `json:"subject,omitempty"`
	Target  Target      `json:"target,omitzero"`
	Answer  Answer      `json:"answer,omitzero"`
	Sealed  *SealedFile `json:"sealed,omitempty"`
	// Facts are whatever the writer wants to find again.
	Facts json.RawMessage `json:"facts,omitempty"`
}

// Subject is what a rotation is about: the key that is to be replaced or
// revoked.
type Subject struct {
	// Logical names the key whatever value it has: of two rotations with one
	// Logical only one can be open.
	Logical string `json:"logical"`
	// Key is the provider's name of the key, Name what people call it,
	// Fingerprint that of its value where it is known.
	Key         string             `json:"key,omitempty"`
	Name        string             `json:"name,omitempty"`
	Fingerprint secret.Fingerprint `json:"fingerprint,omitempty"`
	Owner       string             `json:"owner,omitempty"`
	// Sequence says in which order things are done; its words are the caller's.
	Sequence string `json:"sequence,omitempty"`
	// Plan is the hash of the plan, Approvers are those who signed it.
	Plan      string   `json:"plan,omitempty"`
	Approvers []string `json:"approvers,omitempty"`
}

// Target is what a step acts upon, exactly.
type Target struct {
	// Key and Fingerprint name a key of the account, Store a store.
	Key         string             `json:"key,omitempty"`
	Fingerprint secret.Fingerprint `json:"fingerprint,omitempty"`
	Store       string             `json:"store,omitempty"`
}

// Answer is what came of a step.
type Answer struct {
	// Intent is the sequence number of the record that it answers.
	Intent uint64 `json:"intent,omitempty"`
	// Request is the number that a provider gave the request, Status the HTTP
	// status.
	Request string `json:"request,omitempty"`
	Status  int    `json:"status,omitempty"`
	// Duration is in milliseconds.
	Duration int64 `json:"durationMs,omitempty"`
	// Reason says in words why, without material.
	Reason string `json:"reason,omitempty"`
}

// SealedFile is a value in a file of its own.
type SealedFile struct {
	Rotation ID `json:"-"`
	// Number counts the values of a rotation from 1.
	Number int `json:"number"`
	// KeyName is the name of the key whose value it is.
	KeyName string `json:"keyName"`
	// Fingerprint is that of the value, Digest that of the file.
	Fingerprint secret.Fingerprint `json:"fingerprint"`
	Digest      head.Digest        `json:"digest"`
	// Until is how long a released file is kept.
	Until time.Time `json:"until,omitzero"`
}

func (s SealedFile) fileName() string { return fmt.Sprintf("%s-%d%s", s.Rotation, s.Number, sealedEnd) }
