package journal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/qleaks/qleaks/internal/secret"
)

// This file is where material leaves its type: into the encryption of a sealed
// file, and into the derivation of the key that authenticates it.

// Binding says what a sealed value belongs to. It is inside of the encryption.
type Binding struct {
	Format   string  `json:"format"`
	Account  Account `json:"account"`
	Rotation ID      `json:"rotation"`
	Number   int     `json:"number"`
	KeyName  string  `json:"keyName"`
}

const (
	sealedFormat = "qleaks sealed value 1"
	// maxValue is the longest value that is sealed, maxSealed the largest sealed
	// file that is read, in bytes.
	maxValue  = 64 << 10
	maxSealed = 2 * maxValue
)

// Why there is no value.
var (
	// ErrIdentity: the file was sealed to somebody else, or it is damaged at its
	// beginning.
	ErrIdentity = errors.New("the sealed value cannot be opened with this identity")
	// ErrForged: it does not hold what it should.
	ErrForged = errors.New("the sealed value was not sealed by this operator for this key")
	// ErrNoSealer: nothing to seal with.
	ErrNoSealer = errors.New("there is no identity to seal values with: make one first")
	// ErrDamagedValue: the file is not the one that was written.
	ErrDamagedValue = errors.New("the sealed file is damaged: open it with a copy of the file, or make a new key")
)

// Sealer seals values to the operator and to the offline identity, and opens
// what it sealed.
type Sealer struct {
	recipients [2]*age.X25519Recipient
	identity   *age.X25519Identity
	key        []byte
}

// newSealer makes a Sealer of the operator's identity and the offline recipient.
func newSealer(identity secret.Value, offline *age.X25519Recipient) (*Sealer, error) {
	read, err := age.ParseX25519Identity(identity.Reveal())
	if err != nil {
		// The error of the parser could quote the text.
		return nil, errors.New("the identity is none that age makes")
	}
	key, err := hkdf.Key(sha256.New, []byte(identity.Reveal()), nil, sealedFormat, sha256.Size)
	if err != nil {
		return nil, err
	}
	return &Sealer{recipients: [2]*age.X25519Recipient{read.Recipient(), offline}, identity: read, key: key}, nil
}

// Recipients returns the public names of the operator's identity and of the
// offline one.
func (s *Sealer) Recipients() (operator, offline string) {
	return s.recipients[0].String(), s.recipients[1].String()
}

// authenticate is what only this operator can make of a text: everybody can
// encrypt to a recipient.
func (s *Sealer) authenticate(parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(mac, "%d:", len(p)) // a hash never fails
		_, _ = mac.Write(p)
	}
	return mac.Sum(nil)
}

// seal makes a sealed file: a file of age that holds the binding in one line,
// its authentication in a second, and the value after it, so that age itself can
// open it with the offline identity.
func (s *Sealer) seal(b Binding, v secret.Value) ([]byte, error) {
	if v.IsZero() || v.Len() > maxValue {
		return nil, fmt.Errorf("a value of %d bytes cannot be sealed", v.Len())
	}
	b.Format = sealedFormat
	line, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	material := []byte(v.Reveal())
	defer clear(material)
	plain := slices.Concat(line, []byte("\n"+hex.EncodeToString(s.authenticate(line, material))+"\n"), material)
	defer clear(plain)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, s.recipients[0], s.recipients[1])
	if err != nil {
		return nil, err
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// open opens a sealed file that this operator made.
func (s *Sealer) open(file []byte) (Binding, secret.Value, error) {
	return unseal(file, s.identity, s.authenticate)
}

func unseal(file []byte, identity *age.X25519Identity, authenticate func(...[]byte) []byte) (Binding, secret.Value, error) {
	var b Binding
	r, err := age.Decrypt(bytes.NewReader(file), identity)
	if err != nil {
		return b, secret.Value{}, ErrIdentity
	}
	// What is encrypted is shorter than the file; a buffer that grows would leave
	// copies behind.
	buffer := make([]byte, len(file))
	defer clear(buffer)
	n, err := io.ReadFull(r, buffer)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return b, secret.Value{}, ErrDamagedValue
	}
	plain := buffer[:n]
	line, rest, ok := bytes.Cut(plain, []byte("\n"))
	mac, material, two := bytes.Cut(rest, []byte("\n"))
	if !ok || !two || strictly(line, &b) != nil || b.Format != sealedFormat {
		return b, secret.Value{}, ErrForged
	}
	if authenticate != nil {
		want := hex.EncodeToString(authenticate(line, material))
		if !hmac.Equal([]byte(want), mac) {
			return b, secret.Value{}, ErrForged
		}
	}
	return b, secret.New(material), nil
}

// newIdentity makes an identity of age.
func newIdentity() (secret.Value, *age.X25519Recipient, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return secret.Value{}, nil, err
	}
	return secret.New([]byte(identity.String())), identity.Recipient(), nil
}

// identityFile is what the file of an identity holds, as age writes it.
func identityFile(identity secret.Value) []byte { return []byte(identity.Reveal() + "\n") }

// recipientOf returns the public name of an identity.
func recipientOf(identity secret.Value) (string, error) {
	read, err := age.ParseX25519Identity(strings.TrimSpace(identity.Reveal()))
	if err != nil {
		return "", errors.New("the identity is none that age makes")
	}
	return read.Recipient().String(), nil
}
