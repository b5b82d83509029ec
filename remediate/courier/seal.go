package courier

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"filippo.io/age"

	"github.com/qleaks/qleaks/internal/secret"
)

// This file is where material leaves its type: into the encryption to the
// recipient of one run, and out of it.

const (
	foundSchema = "qleaks.found/1"
	// maxFound is the largest message, in bytes: MaxKeys values of usual length, or
	// fewer of the longest.
	maxFound = 16 << 20
)

// sealedFound is a Found inside of its encryption.
type sealedFound struct {
	Schema string      `json:"schema"`
	Salt   string      `json:"salt"`
	Keys   []sealedKey `json:"keys"`
	More   int         `json:"more"`
	Gaps   []string    `json:"gaps,omitempty"`
}

type sealedKey struct {
	Provider    string             `json:"provider"`
	Rule        string             `json:"rule"`
	Fingerprint secret.Fingerprint `json:"fingerprint"`
	Value       []byte             `json:"value"`
	Places      int                `json:"places"`
	Leaked      int                `json:"leaked"`
	Reach       string             `json:"reach"`
	Since       time.Time          `json:"since,omitzero"`
	Told        *Told              `json:"told,omitempty"`
}

// Receiver is the one to whom keys are handed over in one run. Its identity is
// nowhere but in this process.
type Receiver struct{ identity *age.X25519Identity }

// NewReceiver makes a Receiver.
func NewReceiver() (*Receiver, error) {
	made, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	return &Receiver{made}, nil
}

// Recipient is to whom Seal seals. It is no secret.
func (r *Receiver) Recipient() string { return r.identity.Recipient().String() }

// CheckRecipient says whether Seal can seal to a recipient.
func CheckRecipient(text string) error {
	if _, err := age.ParseX25519Recipient(text); err != nil {
		return errors.New("that is no recipient")
	}
	return nil
}

// Seal encrypts what was found to a recipient. Keys beyond MaxKeys are counted
// only.
func Seal(recipient string, f Found) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, errors.New("that is no recipient")
	}
	if n := len(f.Keys) - MaxKeys; n > 0 {
		f.Keys, f.More = f.Keys[:MaxKeys], f.More+n
	}
	m := sealedFound{Schema: foundSchema, Salt: f.Salt, More: f.More, Gaps: f.Gaps, Keys: []sealedKey{}}
	for _, k := range f.Keys {
		m.Keys = append(m.Keys, sealedKey{k.Provider, k.Rule, k.Fingerprint, []byte(k.Value.Reveal()), k.Places, k.Leaked, k.Reach, k.Since, k.Told})
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	for _, k := range m.Keys {
		clear(k.Value)
	}
	if len(text) > maxFound {
		return nil, wrong("it is too large")
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Open opens what was sealed to the Receiver, and checks all of it: a message that
// is wrong in anything is refused as a whole. prints must be those of the reader;
// texts says whether text of a tree is taken.
func (r *Receiver) Open(sealed []byte, prints secret.Fingerprinter, texts bool) (Found, error) {
	plain, err := age.Decrypt(bytes.NewReader(sealed), r.identity)
	if err != nil {
		return Found{}, wrong("it is not sealed to this process")
	}
	text, err := io.ReadAll(io.LimitReader(plain, maxFound+1))
	defer clear(text)
	switch {
	case err != nil:
		return Found{}, wrong("it is damaged")
	case len(text) > maxFound:
		return Found{}, wrong("it is too large")
	}
	var m sealedFound
	if err := decode(text, &m); err != nil {
		return Found{}, err
	}
	if m.Schema != foundSchema {
		return Found{}, wrong("it is of another version")
	}
	f := Found{Salt: m.Salt, More: m.More, Gaps: m.Gaps}
	for _, k := range m.Keys {
		f.Keys = append(f.Keys, Key{k.Provider, k.Rule, k.Fingerprint, secret.New(k.Value), k.Places, k.Leaked, k.Reach, k.Since, k.Told})
		clear(k.Value)
	}
	if err := f.validate(prints, texts); err != nil {
		return Found{}, err
	}
	return f, nil
}

// decode reads one JSON value that has no field which is not known.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(into) != nil {
		return wrong("its form is another one")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wrong("something follows it")
	}
	return nil
}
