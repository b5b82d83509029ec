package notify

import (
	"strings"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/report"
)

// longestText is how many characters a name or a path may have here.
const longestText = 160

// plain makes text of others harmless in any medium: one line, of bounded length,
// without control characters, key material, or anything that a program would make
// a link of by itself. Each medium escapes what it would obey.
func plain(text string) string {
	if len(inventory.Material(text)) > 0 {
		return secret.Redacted
	}
	text = report.Clean(text)
	text = strings.NewReplacer("://", "[:]//", "www.", "www[.]", "mailto:", "mailto[:]").Replace(text)
	return shortened(text, longestText)
}

// shortened keeps the beginning and the end of a text, which tell more than its
// middle.
func shortened(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	head := most/2 - 1
	return string(runes[:head]) + "…" + string(runes[len(runes)-(most-head-1):])
}

// clipped is a text of at most so many characters.
func clipped(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
