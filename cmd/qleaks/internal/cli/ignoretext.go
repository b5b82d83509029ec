package cli

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
)

// ignoreBlock is where an [[ignore]] entry stands in the text of a
// configuration: lines, counted from 0, from its header to before its end.
type ignoreBlock struct{ header, end int }

var (
	ignoreHeader = expression.Lazy(`^\s*\[\[\s*(?:ignore|"ignore"|'ignore')\s*\]\]`)
	tableHeader  = expression.Lazy(`^\s*\[`)
)

// ignoreBlocks finds the n entries of a configuration; nil if they are written
// in a way that its lines do not tell. An entry ends with its last line that
// is no comment and not empty.
func ignoreBlocks(text []byte, n int) []ignoreBlock {
	var blocks []ignoreBlock
	number, open := -1, false
	for line := range bytes.Lines(text) {
		number++
		switch trimmed := bytes.TrimSpace(line); {
		case ignoreHeader().Match(line):
			blocks = append(blocks, ignoreBlock{number, number + 1})
			open = true
		case tableHeader().Match(line):
			open = false
		case open && len(trimmed) > 0 && trimmed[0] != '#':
			blocks[len(blocks)-1].end = number + 1
		}
	}
	if len(blocks) != n {
		return nil
	}
	return blocks
}

// addIgnore adds an entry to the text of a configuration, and changes nothing
// else of it.
func addIgnore(text []byte, entry baseline.Ignore) ([]byte, error) {
	if !utf8.ValidString(entry.Reason + entry.Owner + entry.ID) {
		return nil, errors.New("not all of it is UTF-8")
	}
	var b strings.Builder
	if len(text) > 0 {
		if text[len(text)-1] != '\n' {
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	b.WriteString("[[ignore]]\n")
	fmt.Fprintf(&b, "id = %s\nreason = %s\n", tomlString(entry.ID), tomlString(entry.Reason))
	if entry.Owner != "" {
		fmt.Fprintf(&b, "owner = %s\n", tomlString(entry.Owner))
	}
	if day := entry.Until.String(); day != "" {
		fmt.Fprintf(&b, "until = %s\n", day)
	}
	block := b.String()
	if bytes.Contains(text, []byte("\r\n")) {
		block = strings.ReplaceAll(block, "\n", "\r\n")
	}
	before, err := parseConfig(text)
	if err != nil {
		return nil, err
	}
	changed := append(bytes.Clone(text), block...)
	return changed, isConfig(changed, before, append(slices.Clone(before.Ignore), entry))
}

// removeIgnore takes the entry of a number out of the text of a configuration,
// and changes nothing else of it. Comments stay.
func removeIgnore(text []byte, number int) ([]byte, error) {
	before, err := parseConfig(text)
	if err != nil {
		return nil, err
	}
	blocks := ignoreBlocks(text, len(before.Ignore))
	if blocks == nil {
		return nil, errAsText
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	begin, end := blocks[number].header, blocks[number].end
	// The empty line between two entries goes with one of them.
	if isBlank(lines, end) {
		end++
	} else if isBlank(lines, begin-1) {
		begin--
	}
	changed := bytes.Join(slices.Delete(slices.Clone(lines), begin, end), nil)
	return changed, isConfig(changed, before, slices.Delete(slices.Clone(before.Ignore), number, number+1))
}

// isBlank reports whether a line is there and has nothing in it.
func isBlank(lines [][]byte, i int) bool {
	return 0 <= i && i < len(lines) && len(lines[i]) > 0 && len(bytes.TrimSpace(lines[i])) == 0
}

var errAsText = errors.New("its entries are written in a way that is not changed by a program")

// isConfig checks that a text says what a configuration said, with these
// ignores.
func isConfig(text []byte, before *fileConfig, ignores []baseline.Ignore) error {
	after, err := parseConfig(text)
	if err != nil {
		return errAsText
	}
	sameRules := slices.EqualFunc(after.Rule, before.Rule, func(a, b *rules.Rule) bool { return a.ID == b.ID })
	if !sameRules || !reflect.DeepEqual(after.Scan, before.Scan) || !slices.Equal(after.Ignore, ignores) {
		return errAsText
	}
	return nil
}

// tomlString quotes a text as a basic string of TOML.
func tomlString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
