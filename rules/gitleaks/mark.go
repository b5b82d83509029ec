package gitleaks

import "bytes"

// marks are the words by which a line says that what stands on it is no leak,
// to one scanner or another.
var marks = []string{"gitleaks:allow", "betterleaks:allow", "trufflehog:ignore", "ggignore", "pragma: allowlist secret"}

// nextLineMark is one that holds for the line behind it.
const nextLineMark = "pragma: allowlist nextline secret"

// marked reports whether a line has a mark, or the one before it says so.
func marked(line, before []byte) bool {
	for _, mark := range marks {
		if bytes.Contains(line, []byte(mark)) {
			return true
		}
	}
	at := bytes.LastIndexByte(before, '\n')
	return bytes.Contains(before[at+1:], []byte(nextLineMark))
}
