package cli

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// parseLogOptions reads the options of git log that choose commits and files.
// No Git program runs, so an option that is not understood is an error, not
// something to pass on.
func parseLogOptions(text, below string) (gitsource.PatchLog, error) {
	var l gitsource.PatchLog
	words, err := splitWords(text)
	if err != nil {
		return l, err
	}
	if len(words) == 0 {
		l.All = true
		return l, nil
	}
	p := &logParser{log: &l, below: below}
	for p.rest = words; len(p.rest) > 0; {
		if err := p.next(); err != nil {
			return l, err
		}
	}
	if len(l.Revisions) == 0 && !l.All {
		l.Revisions = []string{"HEAD"}
	}
	return l, nil
}

// splitWords splits as a shell does, quotes included; gitleaks splits at spaces
// alone.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quote, inside := rune(0), false
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inside = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	if quote != 0 {
		return nil, gitleaksWrong("--log-opts: a quote is not closed")
	}
	if inside {
		words = append(words, word.String())
	}
	return words, nil
}

type logParser struct {
	log   *gitsource.PatchLog
	below string
	rest  []string
	not   bool
}

// harmless are options that change nothing here.
var harmless = []string{
	"--full-history", "--no-merges", "--no-ext-diff", "--no-textconv", "-p", "--patch", "-U0", "--unified=0", "--no-color",
	"--diff-filter=tuxdb", "--no-decorate", "--date-order", "--topo-order", "--author-date-order", "--reverse",
}

func (p *logParser) next() error {
	word := p.rest[0]
	p.rest = p.rest[1:]
	switch {
	case word == "--":
		p.paths()
	case word == "--all" || word == "--branches" || word == "--tags" || word == "--remotes":
		p.log.All = true // a few refs more than some of these words say
	case word == "--not":
		p.not = !p.not
	case strings.HasPrefix(word, "-"):
		return p.option(word)
	case p.not:
		p.log.Revisions = append(p.log.Revisions, "^"+word)
	default:
		p.log.Revisions = append(p.log.Revisions, word)
	}
	return nil
}

// paths takes the rest for paths, which count from the directory that is
// looked at.
func (p *logParser) paths() {
	for _, name := range p.rest {
		if full := path.Join(p.below, name); full != "." {
			p.log.Paths = append(p.log.Paths, full)
		}
	}
	p.rest = nil
}

func (p *logParser) option(word string) error {
	if slices.Contains(harmless, word) {
		return nil
	}
	name, value, joined := strings.Cut(word, "=")
	take := func() string {
		if !joined && len(p.rest) > 0 {
			value, p.rest = p.rest[0], p.rest[1:]
		}
		return value
	}
	digits, short := strings.CutPrefix(word, "-n")
	if !short {
		digits = strings.TrimPrefix(word, "-")
	}
	switch {
	case name == "--since" || name == "--after":
		p.log.Since = take()
		return nil
	case name == "--until" || name == "--before":
		p.log.Until = take()
		return nil
	case name == "--max-count", word == "-n":
		digits = take()
	}
	if n, err := strconv.Atoi(digits); err == nil && n > 0 {
		p.log.Most = n
		return nil
	}
	return gitleaksWrong(fmt.Sprintf("--log-opts: %q is not understood", word),
		"understood are revisions and ranges, --all, --not, -n N, --since, --until, --no-merges, and -- PATH...",
		"no Git program runs here, so the rest of git log's options cannot be passed on")
}
