package baseline

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
)

// List is a baseline: the keys that were known when it was made. As a text it
// has one line for each, sorted, and nothing that a change of one key changes
// in the line of another, so that branches merge. Lines are read in any order
// and as often as they come: git's merge=union is always right.
type List struct {
	// Salt names the salt of the fingerprints, as secret.Fingerprinter.Salt
	// does.
	Salt string
	Keys []Known
}

// Known is a key that was known: wherever it stands, under its rule.
type Known struct {
	Fingerprint secret.Fingerprint
	Rule        string
	// Path is where it was found when it was listed. It is for people and
	// decides nothing; it may be empty.
	Path string
}

// knownKey is what decides of a Known.
type knownKey struct {
	fingerprint secret.Fingerprint
	rule        string
}

func (k Known) key() knownKey { return knownKey{k.Fingerprint, k.Rule} }

func keyOf(f finding.Finding) knownKey { return knownKey{f.Fingerprint, f.Rule.ID} }

// listVersion begins the line that says how the others are to be read.
const listVersion = "qleaks-baseline 1 "

const listComment = `# Keys that are known and not reported again, made by "qleaks baseline". None can be read from it.
# A line holds a fingerprint, its rule, and where it was found. Git may merge this file with merge=union.
`

// Errors that ParseList wraps.
var (
	// ErrConflict is a merge that somebody has still to finish.
	ErrConflict = errors.New("a conflict of a merge is not resolved")
	// ErrSalts is a list, or two in one, whose fingerprints have another salt:
	// none of them can be compared.
	ErrSalts = errors.New("the fingerprints were made with another salt")
)

// ParseList reads a baseline whose fingerprints have the salt; "" is for any.
func ParseList(text []byte, salt string) (*List, error) {
	list := &List{}
	number := 0
	for raw := range bytes.Lines(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
		number++
		line := strings.TrimRight(string(raw), "\r\n \t")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := list.add(line, salt); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if list.Salt == "" {
		return nil, errors.New("it is no baseline: a line that begins with " + strconv.Quote(listVersion) + " is missing")
	}
	list.Keys = tidy(list.Keys)
	return list, nil
}

// add reads one line.
func (l *List) add(line, salt string) error {
	if isConflict(line) {
		return ErrConflict
	}
	if its, ok := strings.CutPrefix(line, listVersion); ok {
		if salt != "" && its != salt || l.Salt != "" && its != l.Salt {
			return ErrSalts
		}
		l.Salt = its
		return nil
	}
	if strings.HasPrefix(line, "qleaks-baseline ") {
		return errors.New("it is of a version that this qleaks does not know")
	}
	k, err := parseKnown(line)
	if err == nil {
		l.Keys = append(l.Keys, k)
	}
	return err
}

func isConflict(line string) bool {
	return slices.ContainsFunc([]string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"}, func(marker string) bool {
		return strings.HasPrefix(line, marker)
	})
}

var fingerprintForm = expression.Lazy(`^[a-z2-7]{26}$`)

func parseKnown(line string) (Known, error) {
	fingerprint, rest, _ := strings.Cut(line, " ")
	if !fingerprintForm().MatchString(fingerprint) || rest == "" {
		return Known{}, errors.New("it is no fingerprint with a rule")
	}
	rule, rest, err := word(rest)
	path := rest
	if err == nil && strings.HasPrefix(rest, `"`) {
		path, rest, err = word(rest)
		if rest != "" {
			err = strconv.ErrSyntax
		}
	}
	if err != nil {
		return Known{}, errors.New("it is not quoted well")
	}
	return Known{Fingerprint: secret.Fingerprint(fingerprint), Rule: rule, Path: path}, nil
}

// word reads a word that may be quoted, and the space behind it.
func word(text string) (word, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		word, rest, _ = strings.Cut(text, " ")
		return word, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", err
	}
	rest = text[len(quoted):]
	if rest != "" && rest[0] != ' ' {
		return "", "", strconv.ErrSyntax
	}
	word, err = strconv.Unquote(quoted)
	return word, strings.TrimPrefix(rest, " "), err
}

// tidy sorts, and keeps one of those that decide the same.
func tidy(keys []Known) []Known {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b Known) int {
		return cmp.Or(
			strings.Compare(string(a.Fingerprint), string(b.Fingerprint)),
			strings.Compare(a.Rule, b.Rule),
			strings.Compare(a.Path, b.Path),
		)
	})
	return slices.CompactFunc(keys, func(a, b Known) bool { return a.key() == b.key() })
}

// Add lists the keys of findings. One in a key store is where it belongs, and
// is not listed. A path that holds a key is left out.
func (l *List) Add(findings []finding.Finding) {
	listed := map[knownKey]bool{}
	for _, k := range l.Keys {
		listed[k.key()] = true
	}
	for _, f := range findings {
		if f.Stored || listed[keyOf(f)] {
			continue
		}
		k := Known{Fingerprint: f.Fingerprint, Rule: f.Rule.ID, Path: f.Path}
		if slices.ContainsFunc(findings, func(other finding.Finding) bool { return other.Secret.In(k.Path) }) {
			k.Path = ""
		}
		l.Keys = append(l.Keys, k)
		listed[k.key()] = true
	}
	l.Keys = tidy(l.Keys)
}

// Drop takes keys from the list.
func (l *List) Drop(gone []Known) {
	dropped := map[knownKey]bool{}
	for _, k := range gone {
		dropped[k.key()] = true
	}
	l.Keys = slices.DeleteFunc(l.Keys, func(k Known) bool { return dropped[k.key()] })
}

// Text is the baseline as a file holds it: the same for the same keys.
func (l *List) Text() []byte {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	_, _ = fmt.Fprintf(w, "%s%s%s\n", listComment, listVersion, l.Salt) // a buffer never fails
	for _, k := range tidy(l.Keys) {
		_, _ = fmt.Fprintf(w, "%s %s", k.Fingerprint, quoted(k.Rule, " "))
		if k.Path != "" {
			_, _ = fmt.Fprintf(w, " %s", quoted(k.Path, ""))
		}
		_ = w.WriteByte('\n')
	}
	_ = w.Flush()
	return out.Bytes()
}

// quoted quotes a text that would not be read back as it is.
func quoted(text, ends string) string {
	q := strconv.Quote(text)
	plain := text != "" && text == q[1:len(q)-1] && text == strings.TrimSpace(text)
	if plain && (ends == "" || !strings.Contains(text, ends)) {
		return text
	}
	return q
}
