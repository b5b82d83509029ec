package remediate

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// longestLogical is how much of a name is kept, in bytes, so that the mark and
// the id fit behind it.
const longestLogical = 64

// logicalName is what stays of a name from rotation to rotation.
func logicalName(name string) string {
	name, _, _ = strings.Cut(name, nameMark)
	for len(name) > longestLogical {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// crockford is the alphabet of ULIDs.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// rotationID makes a ULID of a time and of what makes a rotation the one it is:
// the same facts give the same id.
func rotationID(made time.Time, t Target) string {
	sum := sha256.New()
	for _, part := range []string{t.Provider, t.Account, t.Facts.AccountID, t.ID, t.Name, t.Project.ID, t.Owner.ID, string(t.Fingerprint)} {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(part), part) // a hash never fails
	}
	var raw [16]byte
	millis := uint64(max(0, made.UnixMilli()))
	for i := range 6 {
		raw[5-i] = byte(millis >> (8 * i))
	}
	copy(raw[6:], sum.Sum(nil))
	// 128 bits are 26 characters of five bits, with two bits of padding in front;
	// base32 pads behind, so that four bytes of zero go before.
	padded := append(make([]byte, 4), raw[:]...)
	text := base32.NewEncoding(crockford).EncodeToString(padded)
	return text[len(text)-26:]
}
