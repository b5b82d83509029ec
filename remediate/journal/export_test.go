package journal

import (
	"errors"

	"filippo.io/age"

	"github.com/qleaks/qleaks/internal/secret"
)

// Recover opens a sealed file with the offline identity, as a person does with the
// program age: who made the file cannot be told.
func Recover(file []byte, identity secret.Value) (Binding, secret.Value, error) {
	read, err := age.ParseX25519Identity(identity.Reveal())
	if err != nil {
		return Binding{}, secret.Value{}, errors.New("the identity is none that age makes")
	}
	return unseal(file, read, nil)
}
