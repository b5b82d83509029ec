package handover

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// telling is how many characters of a key say something of it.
const telling = 8

// stars stand where the key stood.
const stars = "***"

// mask writes what it gets, with stars in place of a key. It holds back what
// could be the beginning of one.
type mask struct {
	to    io.Writer
	forms [][]byte
	held  []byte
}

// formsOf are the ways in which a program could write a key, the longest first.
func formsOf(v secret.Value) [][]byte {
	text := v.Reveal()
	forms := [][]byte{[]byte(text), []byte(hex.EncodeToString([]byte(text))), []byte(strings.ToUpper(hex.EncodeToString([]byte(text))))}
	if escaped := url.QueryEscape(text); escaped != text {
		forms = append(forms, []byte(escaped))
	}
	// What stands before the key in what was encoded moves it by 0, 1 or 2 bytes;
	// the characters at both ends hold parts of its neighbours, too.
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for shift := range 3 {
			encoded := e.EncodeToString([]byte(strings.Repeat("x", shift) + text))
			from, to := (shift*8+5)/6, len(strings.TrimRight(encoded, "="))
			if (shift+len(text))%3 != 0 {
				to--
			}
			forms = append(forms, []byte(encoded[from:to]))
		}
	}
	return forms
}

// Write implements io.Writer.
func (m *mask) Write(p []byte) (int, error) {
	m.held = append(m.held, p...)
	for _, f := range m.forms {
		m.held = bytes.ReplaceAll(m.held, f, []byte(stars))
	}
	keep := m.begun()
	out := m.held[:len(m.held)-keep]
	if _, err := m.to.Write(out); err != nil {
		return 0, err
	}
	rest := bytes.Clone(m.held[len(m.held)-keep:])
	clear(m.held)
	m.held = rest
	return len(p), nil
}

// begun is how many bytes at the end could be the beginning of a form.
func (m *mask) begun() int {
	most := 0
	for _, f := range m.forms {
		for n := min(len(f)-1, len(m.held)); n > most; n-- {
			if bytes.HasSuffix(m.held, f[:n]) {
				most = n
			}
		}
	}
	return most
}

// end writes what was held back, but no large part of a key.
func (m *mask) end() error {
	if len(m.held) >= telling {
		m.held = []byte(stars)
	}
	_, err := m.to.Write(m.held)
	m.held = nil
	return err
}
