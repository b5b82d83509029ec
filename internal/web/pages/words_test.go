package pages

import (
	"testing"
	"time"
)

func TestTimesInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		340 * time.Millisecond: "340 ms", 9500 * time.Millisecond: "9.5 s", 100 * time.Second: "1 min 40 s", 10 * time.Minute: "10 min 0 s",
		3*time.Hour + 20*time.Minute + 10*time.Second: "3 h 20 min",
	} {
		if got := took(d); got != want {
			t.Errorf("%v took %q, want %q", d, got, want)
		}
	}
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", time.Minute: "60 seconds ago", 2 * time.Hour: "2 hours ago", -25 * time.Hour: "in 25 hours", 118 * 24 * time.Hour: "118 days ago",
	} {
		if got := ago(now, now.Add(-d)); got != want {
			t.Errorf("%v ago is %q, want %q", d, got, want)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1,023 bytes", 1536: "1.5 KiB", 84123456: "80.2 MiB"} {
		if got := sized(n); got != want {
			t.Errorf("%d bytes are %q", n, got)
		}
	}
}

// A command that people copy has no name in it that a shell could misread.
func TestNamesInCommands(t *testing.T) {
	for name, want := range map[string]string{
		"nightly-calibration": "nightly-calibration", "ql5ychxq": "ql5ychxq", "ada@lab/vqe:1": "ada@lab/vqe:1",
		"": "KEY", "a; rm -rf ~": "KEY", "$(evil)": "KEY", "--force": "KEY", "two words": "KEY", "quote'": "KEY", "n\u00e4me": "KEY", "x\ny": "KEY",
	} {
		if got := quoted(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

// Only what a browser opens as a page of the web becomes a link.
func TestAddressesThatBecomeLinks(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/acme/vqe": "https://github.com/acme/vqe", "http://git.lab.example:8080/x": "http://git.lab.example:8080/x",
		"javascript:evil()": "", "JAVASCRIPT:evil()": "", "data:text/html,x": "", "//evil.example": "", "https://me:pw@host/": "", "file:///etc": "", "https:": "", "\x00https://x": "",
	} {
		if got := link(address); got != want {
			t.Errorf("%q becomes %q, want %q", address, got, want)
		}
	}
}
