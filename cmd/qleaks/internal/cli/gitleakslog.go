package cli

import (
	"fmt"
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
	if len(l.Revisions)+len(l.Refs) == 0 && !l.All {
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
	"--full-history", "--no-ext-diff", "--no-textconv", "-p", "-u", "--patch", "-U0", "--unified=0", "--no-color", "--color=never",
	"--diff-filter=tuxdb", "--no-decorate", "--date-order", "--topo-order", "--author-date-order", "--reverse", "--no-notes",
}

// refsOf are the options that choose refs, with the names that these have.
var refsOf = map[string]string{"--branches": "refs/heads/", "--tags": "refs/tags/", "--remotes": "refs/remotes/", "--glob": "refs/"}

func (p *logParser) next() error {
	word := p.rest[0]
	p.rest = p.rest[1:]
	name, pattern, _ := strings.Cut(word, "=")
	switch {
	case word == "--":
		return p.paths()
	case word == "--all":
		p.log.All = true
	case refsOf[name] != "" && !p.not:
		p.log.Refs = append(p.log.Refs, refPattern(refsOf[name], pattern))
	case word == "--not":
		p.not = !p.not
	case strings.HasPrefix(word, "-"):
		return p.option(word)
	case p.not:
		p.log.Revisions = append(p.log.Revisions, turned(word))
	default:
		p.log.Revisions = append(p.log.Revisions, word)
	}
	return nil
}

// turned is a revision behind --not.
func turned(word string) string {
	if name, not := strings.CutPrefix(word, "^"); not {
		return name
	}
	return "^" + word
}

// refPattern is a pattern of full names, as Git completes it.
func refPattern(prefix, pattern string) string {
	if pattern == "" {
		return prefix + "*"
	}
	full := prefix + strings.TrimPrefix(pattern, prefix)
	if !strings.ContainsAny(pattern, "*?[") {
		full = strings.TrimSuffix(full, "/") + "/*"
	}
	return full
}

// paths takes the rest for paths, which count from the directory that is
// looked at.
func (p *logParser) paths() error {
	if len(p.rest) == 0 {
		return nil
	}
	if p.log.Most+p.log.Skip > 0 {
		return gitleaksWrong("--log-opts: a number of commits and paths do not go together here", "give a range of commits: HEAD~10..HEAD -- PATH")
	}
	for _, name := range p.rest {
		p.log.Paths = append(p.log.Paths, gitsource.PathspecBelow(p.below, name))
	}
	p.rest = nil
	return nil
}

func (p *logParser) option(word string) error {
	switch {
	case slices.Contains(harmless, word):
		return nil
	case word == "--first-parent":
		p.log.FirstParent = true
		return nil
	case word == "--no-merges":
		p.log.NoMerges = true
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
	number := &p.log.Most
	switch {
	case name == "--since" || name == "--after":
		p.log.Since = take()
		return nil
	case name == "--until" || name == "--before":
		p.log.Until = take()
		return nil
	case name == "--max-count", word == "-n":
		digits = take()
	case name == "--skip":
		digits, number = take(), &p.log.Skip
	}
	if n, err := strconv.Atoi(digits); err == nil && n > 0 {
		*number = n
		return nil
	}
	return gitleaksWrong(fmt.Sprintf("--log-opts: %q is not understood", word),
		"understood are revisions and ranges, --all, --branches, --tags, --remotes, --not, --first-parent, --no-merges, -n N, --skip N, --since, --until, and -- PATH...",
		"no Git program runs here, so the rest of git log's options cannot be passed on")
}
