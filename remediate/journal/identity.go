package journal

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"filippo.io/age"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/secret"
)

// Keeper keeps the operator's identity: the keychain of the system, or a file.
type Keeper interface {
	// Keep puts an identity away for good before it returns.
	Keep(ctx context.Context, identity secret.Value) error
	// Fetch returns the identity, or ErrNoIdentity if none was kept.
	Fetch(ctx context.Context) (secret.Value, error)
}

// Errors of identities.
var (
	// ErrNoIdentity: nothing is kept there.
	ErrNoIdentity = errors.New("there is no identity")
	// ErrOtherIdentity: the identity is not the one that the recipients name.
	ErrOtherIdentity = errors.New("the identity is not the one that values are sealed to")
	// ErrRecipients: the file of the recipients was not written by the holder of
	// the identity.
	ErrRecipients = errors.New("the file of the recipients was changed: values could be sealed to somebody else")
	// ErrHasIdentity: there is one already.
	ErrHasIdentity = errors.New("values are already sealed to an identity")
)

// KeeperFile keeps an identity in a file that only its owner can read.
type KeeperFile struct {
	// Name is the file, absolute; Disk is the file system, nil the machine's.
	Name string
	Disk durable.Disk
}

var _ Keeper = KeeperFile{}

func (k KeeperFile) disk() durable.Disk {
	if k.Disk == nil {
		return durable.OS{}
	}
	return k.Disk
}

// maxIdentity is the largest file of an identity that is read, in bytes.
const maxIdentity = 4 << 10

// Keep implements Keeper.
func (k KeeperFile) Keep(_ context.Context, identity secret.Value) error {
	text := identityFile(identity)
	defer clear(text)
	if err := durable.MakeDirs(k.disk(), filepath.Dir(k.Name)); err != nil {
		return err
	}
	return durable.WriteWhole(k.disk(), k.Name, text)
}

// Fetch implements Keeper. A file that others can read is refused.
func (k KeeperFile) Fetch(context.Context) (secret.Value, error) {
	var err error
	if private, ok := k.disk().(interface{ PrivateFile(name string) error }); ok {
		err = private.PrivateFile(k.Name)
	}
	var text []byte
	if err == nil {
		text, err = durable.ReadWhole(k.disk(), k.Name, maxIdentity)
	}
	defer clear(text)
	if errors.Is(err, fs.ErrNotExist) {
		return secret.Value{}, ErrNoIdentity
	}
	if err != nil {
		return secret.Value{}, err
	}
	return secret.New(bytes.TrimSpace(text)), nil
}

// recipients is the file that names both identities. It is authenticated by the
// operator's, so that nobody puts a name of his own in.
type recipients struct {
	Format   string `json:"format"`
	Operator string `json:"operator"`
	Offline  string `json:"offline"`
	MAC      string `json:"mac"`
}

const (
	recipientsName   = "recipients.json"
	recipientsFormat = "qleaks recipients 1"
)

func (r recipients) authenticated(s *Sealer) string {
	return hex.EncodeToString(s.authenticate([]byte(r.Format), []byte(r.Operator), []byte(r.Offline)))
}

// NewIdentities are two identities that nobody keeps yet.
type NewIdentities struct {
	// Offline is the second identity. It is shown, or written to a medium, once:
	// whoever has it can open sealed values when the operator's identity is lost.
	Offline secret.Value

	place    Place
	operator secret.Value
	second   *age.X25519Recipient
}

// NewIdentities makes the operator's identity and the offline one. Nothing is
// kept before Keep: show Offline first. ErrHasIdentity if there are some.
func (p Place) NewIdentities() (*NewIdentities, error) {
	p = p.withDefaults()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if _, err := p.recipients(); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = ErrHasIdentity
		}
		return nil, err
	}
	operator, _, err := newIdentity()
	if err != nil {
		return nil, err
	}
	offline, second, err := newIdentity()
	if err != nil {
		return nil, err
	}
	return &NewIdentities{Offline: offline, place: p, operator: operator, second: second}, nil
}

// Keep puts the operator's identity away and begins to seal to both. An identity
// that is kept there already, because an earlier Keep was cut short, is used: it
// is never written over.
func (n *NewIdentities) Keep(ctx context.Context, with Keeper) (*Sealer, error) {
	was, err := with.Fetch(ctx)
	switch {
	case err == nil:
		n.operator = was
	case !errors.Is(err, ErrNoIdentity):
		return nil, fmt.Errorf("keep an identity: %w", err)
	default:
		if err := with.Keep(ctx, n.operator); err != nil {
			return nil, fmt.Errorf("keep an identity: %w", err)
		}
	}
	kept, err := with.Fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("read a kept identity again: %w", err)
	}
	if !kept.Equal(n.operator) {
		return nil, fmt.Errorf("read a kept identity again: %w", ErrOtherIdentity)
	}
	s, err := newSealer(kept, n.second)
	if err != nil {
		return nil, err
	}
	r := recipients{Format: recipientsFormat}
	r.Operator, r.Offline = s.Recipients()
	r.MAC = r.authenticated(s)
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if err := durable.MakeDirs(n.place.Disk, n.place.Dir); err != nil {
		return nil, err
	}
	return s, durable.WriteWhole(n.place.Disk, n.place.recipientsFile(), append(text, '\n'))
}

func (p Place) recipientsFile() string { return filepath.Join(p.Dir, recipientsName) }

func (p Place) recipients() (recipients, error) {
	var r recipients
	text, err := durable.ReadWhole(p.Disk, p.recipientsFile(), maxIdentity)
	if err != nil {
		return r, err
	}
	if strictly(text, &r) != nil || r.Format != recipientsFormat {
		return r, ErrRecipients
	}
	return r, nil
}

// LoadSealer makes the Sealer of the identities that were kept; ErrNoIdentity if
// none were.
func (p Place) LoadSealer(ctx context.Context, from Keeper) (*Sealer, error) {
	p = p.withDefaults()
	r, err := p.recipients()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoIdentity
	}
	if err != nil {
		return nil, err
	}
	identity, err := from.Fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch the identity: %w", err)
	}
	if operator, err := recipientOf(identity); err != nil {
		return nil, err
	} else if operator != r.Operator {
		return nil, ErrOtherIdentity
	}
	offline, err := age.ParseX25519Recipient(r.Offline)
	if err != nil {
		return nil, ErrRecipients
	}
	s, err := newSealer(identity, offline)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(r.authenticated(s)), []byte(r.MAC)) {
		return nil, ErrRecipients
	}
	return s, nil
}
