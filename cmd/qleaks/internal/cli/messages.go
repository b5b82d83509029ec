package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/scanner/report"
)

// messages writes sentences for people to stderr. Every line begins with the
// program's name, so that no text of a repository ever begins one.
type messages struct {
	w io.Writer
	// quiet keeps notes back; errors, hints and warnings are always written.
	quiet bool
}

func (m messages) error(err error) {
	m.line("error", err.Error())
	for _, hint := range hintsFor(err) {
		m.line("hint", hint)
	}
}

func (m messages) warning(format string, args ...any) {
	m.line("warning", fmt.Sprintf(format, args...))
}

func (m messages) note(format string, args ...any) {
	if !m.quiet {
		m.line("note", fmt.Sprintf(format, args...))
	}
}

func (m messages) hint(format string, args ...any) {
	if !m.quiet {
		m.line("hint", fmt.Sprintf(format, args...))
	}
}

func (m messages) line(kind, text string) {
	// A failing stderr leaves nobody to tell.
	_, _ = fmt.Fprintf(m.w, "qleaks: %s: %s\n", kind, report.Clean(text))
}

// plural returns "1 file", "2 files".
func plural[N ~int | ~int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	many := one + "s"
	if stem, ok := strings.CutSuffix(one, "y"); ok && !strings.HasSuffix(stem, "e") {
		many = stem + "ies"
	}
	return grouped(int64(n)) + " " + many
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return out.String()
}
