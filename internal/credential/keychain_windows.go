package credential

import (
	"context"
	"errors"
	"unicode/utf16"

	"github.com/danieljoos/wincred"

	"github.com/qleaks/qleaks/internal/secret"
)

// keychain asks the Credential Manager for a generic credential with the
// target SERVICE:NAME.
func (r Resolver) keychain(_ context.Context, service, name string) (secret.Value, error) {
	found, err := wincred.GetGenericCredential(service + ":" + name)
	if errors.Is(err, wincred.ErrElementNotFound) {
		return secret.Value{}, ErrNotFound
	}
	if err != nil {
		return secret.Value{}, err
	}
	defer clear(found.CredentialBlob)
	return value(narrow(found.CredentialBlob))
}

// narrow reads what cmdkey and the control panel write, which is UTF-16, as
// well as what programs write, which is not.
func narrow(blob []byte) []byte {
	if len(blob) < 2 || len(blob)%2 != 0 || blob[1] != 0 {
		return blob
	}
	units := make([]uint16, 0, len(blob)/2)
	for i := 0; i < len(blob); i += 2 {
		units = append(units, uint16(blob[i])|uint16(blob[i+1])<<8)
	}
	return []byte(string(utf16.Decode(units)))
}
