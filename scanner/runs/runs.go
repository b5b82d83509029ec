// Package runs finds rows of key characters: A-Z a-z 0-9 _ and -. Every key
// that qleaks knows is such a row or has a long one in it, and most text has
// none, so that looking for rows first spares nearly all other work.
package runs

// keyBytes has a 1 for every key character.
const keyBytes = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00" +
	"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x01" +
	"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// IsKey reports whether c is a key character.
func IsKey(c byte) bool { return keyBytes[c] != 0 }

// Next returns the first whole run of at least n characters that reaches beyond
// at; start is -1 if there is none. It looks first at the byte where a run of
// that length would end, so most bytes of prose and source are passed over.
func Next(text []byte, at, n int) (start, end int) {
	if at < len(text) && IsKey(text[at]) {
		for at > 0 && IsKey(text[at-1]) {
			at--
		}
	}
	for at+n <= len(text) {
		last := at + n - 1
		k := last
		for k >= at && keyBytes[text[k]] != 0 {
			k--
		}
		if k >= at {
			at = k + 1
			continue
		}
		end = last + 1
		for end < len(text) && keyBytes[text[end]] != 0 {
			end++
		}
		return at, end
	}
	return -1, -1
}

// Mixed tells values from words and numbers: they have letters with a digit, or
// letters of both cases.
func Mixed(run []byte) bool {
	upper, lower, digit := false, false, false
	for _, c := range run {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= 'A' && c <= 'Z':
			upper = true
		}
		if digit && (upper || lower) || upper && lower {
			return true
		}
	}
	return false
}
