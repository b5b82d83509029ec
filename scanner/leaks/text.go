package leaks

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteText lists leaks for people, as gitleaks does with --verbose. Clean makes
// text of the scanned content safe to print.
func (r Report) WriteText(w io.Writer, all []Leak, clean func(string) string) error {
	out := bufio.NewWriter(w)
	line := func(name string, value any) {
		if text := clean(strings.TrimSpace(fmt.Sprint(value))); text != "" {
			_, _ = fmt.Fprintf(out, "%-12s %s\n", name+":", text)
		}
	}
	for _, l := range r.forms(all) {
		line("Finding", l.Match)
		line("Secret", l.Secret)
		line("RuleID", l.RuleID)
		line("Entropy", fmt.Sprintf("%f", l.Entropy))
		if l.File != "" {
			if len(l.Tags) > 0 {
				line("Tags", l.Tags)
			}
			line("File", l.File)
			line("Line", l.StartLine)
		}
		line("Commit", l.Commit)
		line("Author", l.Author)
		line("Email", l.Email)
		if l.Commit != "" {
			line("Date", l.Date)
		}
		if l.File != "" {
			line("Fingerprint", l.Fingerprint)
		}
		line("Link", l.Link)
		_ = out.WriteByte('\n') // told by Flush
	}
	return out.Flush()
}
