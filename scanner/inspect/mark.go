package inspect

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
)

// ignoreMark is a mark in a line: qleaks:ignore[rule-id], or several ids with
// commas. It must name the rule, so that it does not hide the next key that
// somebody writes on the line.
const (
	ignoreMark = "qleaks:ignore["
	// longestMark bounds what stands between the brackets, in bytes.
	longestMark = 200
	// markAlphabet is what may stand there.
	markAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789, -"
)

// markReach is how far from the key a mark may stand, in bytes: a line of
// minified code or of a notebook's JSON is no line that a person marked.
const markReach = 1024

// marked reports whether the line of text that holds [start, end) has a mark
// for a rule.
func marked(text []byte, start, end int, rule string) bool {
	before := text[max(0, start-markReach):start]
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	after := text[end:min(len(text), end+markReach)]
	if i := bytes.IndexByte(after, '\n'); i >= 0 {
		after = after[:i]
	}
	return marksRule(before, rule) || marksRule(after, rule)
}

func marksRule(line []byte, rule string) bool {
	for {
		_, rest, found := bytes.Cut(line, []byte(ignoreMark))
		if !found {
			return false
		}
		ids, _, closed := strings.Cut(string(rest[:min(len(rest), longestMark+1)]), "]")
		if closed && strings.Trim(ids, markAlphabet) == "" {
			for id := range strings.SplitSeq(ids, ",") {
				if strings.Trim(id, " ") == rule {
					return true
				}
			}
		}
		line = rest
	}
}

// markedIn looks for a mark on the line of the decoded text and, outside
// notebooks, on the line of the encoded one.
func markedIn(view decode.View, m rules.Match, p placed) bool {
	if marked(view.Text, m.Start, m.End, m.Rule.ID) {
		return true
	}
	return len(view.Way) > 0 && view.Part.Name == "" && marked(view.Base, p.start, p.end, m.Rule.ID)
}
