package accuracy

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// Scored is the score of one scanner.
type Scored struct {
	Scanner string
	*Score
}

// Write writes scores on one part of the corpus as Markdown: all together, by
// provider and by class of context, then what the first scanner missed and what
// else it reported.
func Write(w io.Writer, title string, contexts []Context, scanners []Scored) error {
	out := &strings.Builder{}
	leaks := 0
	for _, c := range contexts {
		if c.Label == Leak {
			leaks++
		}
	}
	fmt.Fprintf(out, "## %s: %d contexts, %d with keys, %d with look-alikes\n\n", title, len(contexts), leaks, len(contexts)-leaks)
	out.WriteString("| scanner | keys | recall | precision |\n|---|---|---|---|\n")
	for _, s := range scanners {
		fmt.Fprintf(out, "| %s | %d | %s | %s |\n", s.Scanner, s.All.Keys, s.All.Recall().interval(), s.All.Precision().interval())
	}
	groups(out, "provider", scanners, func(s *Score) map[string]Tally { return s.ByProvider })
	groups(out, "class", scanners, func(s *Score) map[string]Tally { return s.ByClass })
	if len(scanners) > 0 {
		lapses(out, scanners[0].Scanner+" misses", scanners[0].Missed)
		lapses(out, scanners[0].Scanner+" reports, too", scanners[0].False)
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("accuracy: write scores: %w", err)
	}
	return nil
}

// groups writes a row for each group, in alphabetical order.
func groups(out *strings.Builder, by string, scanners []Scored, of func(*Score) map[string]Tally) {
	fmt.Fprintf(out, "\n| %s | keys |", by)
	names := map[string]bool{}
	for _, s := range scanners {
		fmt.Fprintf(out, " %s: recall | false |", s.Scanner)
		for name := range of(s.Score) {
			names[name] = true
		}
	}
	fmt.Fprintf(out, "\n|---|---|%s\n", strings.Repeat("---|---|", len(scanners)))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(out, "| %s | %d |", name, of(scanners[0].Score)[name].Keys)
		for _, s := range scanners {
			t := of(s.Score)[name]
			fmt.Fprintf(out, " %s | %d |", t.Recall().interval(), t.False)
		}
		out.WriteString("\n")
	}
}

func lapses(out *strings.Builder, title string, list []Lapse) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n\n", title)
	for _, l := range list {
		line := fmt.Sprintf("- %s %#q (%s, %s): %s", l.Context.ID, l.Context.Path, l.Context.Provider, l.Context.Class, l.What)
		if l.Context.Needs != "" {
			line += "; needs " + l.Context.Needs
		}
		if l.Context.Note != "" {
			line += "; " + l.Context.Note
		}
		out.WriteString(line + "\n")
	}
}

// interval is a share with its interval, as 0.992 (0.97–1.00); a dash for the
// share of nothing.
func (s Share) interval() string {
	if math.IsNaN(s.Value) {
		return "–"
	}
	return fmt.Sprintf("%.3f (%.2f–%.2f)", s.Value, s.Low, s.High)
}
