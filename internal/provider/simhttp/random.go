package simhttp

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// Letters and digits of which providers make keys.
const (
	Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	Hexadecimal  = "0123456789abcdef"
	URLSafe      = Alphanumeric + "-_"
)

// Random makes a text of so many characters of an alphabet of at most 64.
func Random(length int, alphabet string) string {
	var made strings.Builder
	for made.Len() < length {
		b := make([]byte, length)
		_, _ = rand.Read(b) // never fails
		for _, c := range b {
			if i := int(c) & 63; i < len(alphabet) && made.Len() < length {
				made.WriteByte(alphabet[i])
			}
		}
	}
	return made.String()
}

// UUID makes a random one.
func UUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
