package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// guard refuses a record that holds a value which passed through this journal,
// as it is or in base64 or hexadecimal digits. Nobody means to write one; this
// is the second belt.
func (j *Journal) guard(content []byte) error {
	if len(j.known) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(content))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, ok := token.(string)
		if !ok {
			continue
		}
		for _, v := range j.known {
			if holds(text, v) {
				return ErrMaterial
			}
		}
	}
}

// shortest is the shortest text that is tried as an encoding.
const shortest = 8

func holds(text string, v secret.Value) bool {
	if v.In(text) {
		return true
	}
	if len(text) < shortest {
		return false
	}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !encoded(r) }) {
		for _, decoded := range decodings(part) {
			if v.In(string(decoded)) {
				return true
			}
		}
	}
	return false
}

func encoded(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("+/-_", r)
}

// decodings are what a text may stand for. In base64 a value may begin at any of
// four characters.
func decodings(part string) [][]byte {
	var all [][]byte
	for skip := range min(4, len(part)) {
		rest := strings.NewReplacer("-", "+", "_", "/").Replace(part[skip:])
		if decoded, err := base64.RawStdEncoding.DecodeString(rest[:len(rest)-len(rest)%4]); err == nil {
			all = append(all, decoded)
		}
	}
	for skip := range min(2, len(part)) {
		rest := part[skip:]
		if decoded, err := hex.DecodeString(rest[:len(rest)-len(rest)%2]); err == nil {
			all = append(all, decoded)
		}
	}
	return all
}

// remember keeps a value from records.
func (j *Journal) remember(v secret.Value) {
	for _, known := range j.known {
		if known.Equal(v) {
			return
		}
	}
	j.known = append(j.known, v)
}
