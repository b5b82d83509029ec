package sample

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// Tells reports whether a text tells a key, in any form in which programs show
// what they were given, or a part of it.
func Tells(text, key string) bool {
	return slices.ContainsFunc(forms(key), func(form string) bool { return strings.Contains(text, form) })
}

// forms are the ways in which a key could be told.
func forms(key string) []string {
	reversed := []byte(key)
	slices.Reverse(reversed)
	out := []string{hex.EncodeToString([]byte(key)), strings.ToUpper(hex.EncodeToString([]byte(key)))}
	for i := range 3 {
		shifted := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", i) + key))
		out = append(out, shifted[4:len(shifted)-4])
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var wide []byte
		for _, b := range []byte(key) {
			wide = order.AppendUint16(wide, uint16(b))
		}
		out = append(out, string(wide))
	}
	const window = 10
	for i := 0; i+window <= len(key); i++ {
		out = append(out, key[i:i+window], string(reversed[i:i+window]))
	}
	return out
}
