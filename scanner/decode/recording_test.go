package decode

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// cast is a recording of asciinema that shows some texts one after the other.
func cast(version int, texts ...string) string {
	var b strings.Builder
	if version == 1 {
		var events []string
		for _, text := range texts {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic(err)
			}
			events = append(events, fmt.Sprintf("[0.25, %s]", quoted))
		}
		return `{"version": 1, "width": 80, "height": 24, "duration": 1.5, "command": "/bin/zsh", "title": "", "env": {}, "stdout": [` + strings.Join(events, ", ") + "]}\n"
	}
	if version == 2 {
		b.WriteString(`{"version": 2, "width": 80, "height": 24, "timestamp": 1504467315}` + "\n")
	} else {
		b.WriteString(`{"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},"timestamp":1504467315}` + "\n")
	}
	for i, text := range texts {
		quoted, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "[%d.5, \"o\", %s]\n[%d.75, \"i\", \"x\"]\n", i, quoted, i)
	}
	return b.String()
}

func TestRecordingsShowWhatTheTerminalShowed(t *testing.T) {
	key := sampleKey(32, "")
	var typed []string
	for _, c := range key {
		typed = append(typed, string(c))
	}
	for name, texts := range map[string][]string{
		"two events":   {"$ export IONQ_API_KEY=", key[:16], key[16:], "\r\n"},
		"typed":        append(append([]string{"$ export IONQ_API_KEY="}, typed...), "\r\n"),
		"coloured":     {"$ export IONQ_API_KEY=", "\x1b[32m" + key[:10], "\x1b[39m" + key[10:] + "\x1b[0m\r\n"},
		"corrected":    {"$ export IONQ_API_KEY=", key[:10] + "xy", "\b \b\b \b", key[10:], "\r\n"},
		"drawn again":  {"$ export IONQ_API_KEY=", "e\bex", "\b\b" + key, "\r\n"},
		"at the edge":  {"$ export IONQ_API_KEY=", key[:20] + " \r", key[20:] + "\r\n"},
		"pasted":       {"$ export IONQ_API_KEY=", "\x1b[7m" + key + "\x1b[27m", strings.Repeat("\b", 32) + "\x1b[27m" + key, "\x1b[?2004l\r\r\n"},
		"with a quote": {"$ export IONQ_API_KEY=\"", key, "\"\r\n"},
	} {
		for version := 1; version <= 3; version++ {
			if !shownAs(t, cast(version, texts...), "IONQ_API_KEY=", key) {
				t.Errorf("%s, version %d: not shown", name, version)
			}
		}
		if !shownAs(t, scriptHead+"2026-01-02 03:04:05+00:00 [TERM=\"xterm\"]\n"+strings.Join(texts, "")+"\nScript done\n", "IONQ_API_KEY=", key) {
			t.Errorf("%s, script: not shown", name)
		}
	}
}

// shownAs reports whether a view shows a value behind a name.
func shownAs(t *testing.T, content, name, key string) bool {
	t.Helper()
	views, _ := collect(t, []byte(content), "", Options{})
	for _, v := range views {
		if strings.Contains(v.text, name+key) || strings.Contains(v.text, name+`"`+key) {
			return true
		}
	}
	return false
}
