package textpage_test

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/textpage"
)

func TestNothingOfOthersIsObeyed(t *testing.T) {
	p := textpage.New(0, false)
	for _, bad := range []string{"::error::x", "  ::set-output x", "##[error]x", "a\x1b[2Jb", "a\nb", "a\u202eb", "\xff"} {
		p.Line(textpage.Bold, bad)
		p.Wrapped(textpage.Red, "  ", bad)
		p.Wrapped(textpage.Red, "", bad)
	}
	text := string(p.Bytes())
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimLeft(line, " "), "::") || strings.Contains(line, "##[") {
			t.Errorf("a runner obeys %q", line)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\xff") || strings.Contains(text, "\u202e") {
		t.Errorf("got %q", text)
	}
}

func TestTextIsSetWithinTheWidth(t *testing.T) {
	p := textpage.New(10, true) // too narrow to read: 60 is the least
	p.Heading("Words")
	p.Wrapped(textpage.Dim, "  - ", strings.Repeat("word ", 40))
	p.Heading("More")
	for line := range strings.Lines(string(p.Bytes())) {
		plain := strings.NewReplacer("\x1b[2m", "", "\x1b[1m", "", "\x1b[0m", "").Replace(line)
		if len(plain) > 61 {
			t.Errorf("%d columns: %q", len(plain), plain)
		}
	}
	if got := string(p.Bytes()); !strings.HasPrefix(got, "\x1b[1mWords\x1b[0m\n\x1b[2m  - word") || !strings.Contains(got, "\n\x1b[2m    word") || !strings.Contains(got, "\n\n\x1b[1mMore") {
		t.Errorf("got %q", got)
	}
}
