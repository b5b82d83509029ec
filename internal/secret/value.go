// Package secret holds key material in the one type that nothing can print.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Redacted is what every printer and encoder shows instead of a Value.
const Redacted = "[redacted]"

// Value is key material. It lives in a closure because that is the one form
// that neither reflection (fmt on unexported fields, go-cmp, spew) nor an
// encoder can read: methods alone do not help, since fmt does not call them on
// unexported fields. The zero Value is empty. Values are not comparable with
// ==; use Equal.
type Value struct {
	reveal func() string
}

// New copies material into a Value; the caller may reuse the slice at once.
func New(material []byte) Value {
	if len(material) == 0 {
		return Value{}
	}
	s := string(material)
	return Value{reveal: func() string { return s }}
}

// Reveal returns the material. Where it may be called is held by
// internal/arch: every caller is a place where a key can get out.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// IsZero reports whether the Value holds no material.
func (v Value) IsZero() bool { return v.reveal == nil }

// Len is the length of the material in bytes.
func (v Value) Len() int { return len(v.Reveal()) }

// In reports whether the material stands in a text; an empty Value is in none.
func (v Value) In(text string) bool { return !v.IsZero() && strings.Contains(text, v.Reveal()) }

// Equal compares two Values in constant time for equal lengths.
func (v Value) Equal(w Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(w.Reveal())) == 1
}

// Contains reports whether the material of w is a part of v's.
func (v Value) Contains(w Value) bool { return strings.Contains(v.Reveal(), w.Reveal()) }

// String implements fmt.Stringer without material.
func (v Value) String() string { return Redacted }

// GoString implements fmt.GoStringer without material.
func (v Value) GoString() string { return Redacted }

// Format implements fmt.Formatter, so that no verb reaches the closure.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// MarshalText implements encoding.TextMarshaler without material; JSON, XML
// and TOML encoders use it.
func (v Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalText refuses: a redacted Value must never be read back as material.
func (v *Value) UnmarshalText([]byte) error {
	return errors.New("secret: a redacted value cannot be read back")
}

// GobEncode implements gob.GobEncoder without material.
func (v Value) GobEncode() ([]byte, error) { return []byte(Redacted), nil }

// GobDecode refuses, as UnmarshalText does.
func (v *Value) GobDecode([]byte) error {
	return errors.New("secret: a redacted value cannot be read back")
}

// LogValue implements slog.LogValuer without material.
func (v Value) LogValue() slog.Value { return slog.StringValue(Redacted) }
