package gitleaks

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// Fragment is text that is looked at as one.
type Fragment struct {
	Text []byte
	// Path is slash-separated, Commit an id in hex; both may be empty.
	Path, Commit string
	// Line is that of the begin of the text, as findings are to have it.
	Line int
	// Anywhere leaves open what the origin decides: see Finding.In.
	Anywhere bool
}

// Options say how a fragment is looked at.
type Options struct {
	// DecodeDepth is how many encodings inside each other are undone.
	DecodeDepth int
	// Megabytes is the longest text that expressions are tried on; 0 sets no
	// limit.
	Megabytes int
	// IgnoreMarks is for marks such as gitleaks:allow, which then do not count.
	IgnoreMarks bool
	// Allowed asks for what allowlists leave out, too, but for those of
	// gitleaks' default configuration, which belong to its rules.
	Allowed bool
	// Lines asks for Finding.Line.
	Lines bool
}

// Finding is what a rule found.
type Finding struct {
	Rule *Rule
	Location
	// Start and End are the place of the match in the fragment.
	Start, End int
	Material
	Entropy float32
	Tags    []string
	// Marked is true where the line says that this is no leak, Unheard if that
	// does not count.
	Marked, Unheard bool
	// Allowed is true where an allowlist says so; see Options.
	Allowed bool
	// open are the allowlists that the origin decides about.
	open []*allowlist
}

// Material is the text of a finding.
type Material struct {
	Match, Secret secret.Value
	// Line are the lines that the match stands in, if they are asked for.
	Line secret.Value
}

// Location is in gitleaks' way of counting: ends are inclusive, and the columns
// of every line but the first of a fragment are one more than one would think.
// Of a file that is found by its path alone it is zero.
type Location struct {
	StartLine, EndLine, StartColumn, EndColumn int
}

// looking is the look at one fragment.
type looking struct {
	*Set
	Fragment
	options Options
	origin  origin
	lines   *lines
	// text is the fragment after so many passes of decoding, segments what the
	// last one decoded.
	text     []byte
	segments []*segment
	seen     *sight
}

// Detect finds what the rules describe. Marked findings are among the others;
// whether marks count is for the caller to say. When the context ends, what was
// found until then is returned.
func (s *Set) Detect(ctx context.Context, f Fragment, o Options) []Finding {
	l := &looking{Set: s, Fragment: f, options: o, text: f.Text, origin: origin{path: f.Path, commit: f.Commit}}
	if !f.Anywhere && allowsOrigin(s.allow, l.origin) != nil {
		return nil
	}
	var found []Finding
	for depth := 0; ; depth++ {
		l.seen = s.look(l.text)
		for i, r := range s.rules {
			if ctx.Err() != nil {
				break
			}
			if len(r.Keywords) == 0 || l.seen.keyword[i] {
				found = append(found, l.rule(i, false)...)
			}
		}
		s.idle.Put(l.seen)
		if depth >= o.DecodeDepth || ctx.Err() != nil {
			break
		}
		if l.text, l.segments = decodePass(l.text, l.segments); len(l.segments) == 0 {
			break
		}
	}
	return withoutGeneric(found)
}

// rule finds what one rule describes; asked is true if another rule requires
// it.
func (l *looking) rule(number int, asked bool) []Finding {
	r := l.rules[number]
	if r.Hidden && !asked {
		return nil
	}
	var by *allowlist
	if !l.Anywhere {
		by = allowsOrigin(r.allow, l.origin)
	}
	if by != nil && !l.tells(by) {
		return nil
	}
	if r.path != nil {
		matches := l.Anywhere || r.path.MatchString(l.Path)
		if r.pattern == nil && len(l.segments) == 0 && matches && !l.Anywhere {
			match := secret.New([]byte("file detected: " + l.Path))
			return []Finding{{Rule: r, Material: Material{Match: match}, Tags: r.Tags, Allowed: by != nil}}
		}
		if !matches {
			return nil
		}
	}
	if r.pattern == nil || l.options.Megabytes > 0 && len(l.text)/1_000_000 > l.options.Megabytes {
		return nil
	}
	var found []Finding
	for _, m := range r.pattern.find(l.text, l.seen.spots[number], l.seen.odd) {
		if f, ok := l.match(r, span{m[0], m[1]}); ok {
			f.Allowed = f.Allowed || by != nil
			found = append(found, f)
		}
	}
	if asked || len(r.required) == 0 || len(found) == 0 {
		return found
	}
	return l.complete(r, found)
}

// tells reports whether what a list leaves out is asked for.
func (l *looking) tells(by *allowlist) bool { return l.options.Allowed && !by.preset }

// match judges one match of a rule's expression.
func (l *looking) match(r *Rule, at span) (Finding, bool) {
	matched := bytes.Trim(l.text[at.start:at.end], "\n")
	f := Finding{Rule: r, Tags: r.Tags}
	var line []byte
	if len(l.segments) > 0 {
		segments := overlapping(l.segments, at)
		if len(segments) == 0 {
			return f, false // it was found in an earlier pass
		}
		at = original(segments, at)
		f.Tags = slices.Concat(r.Tags, tagsOf(segments))
		line = decodedLine(segments, l.text)
	} else {
		at.end = at.start + len(matched)
	}
	if l.lines == nil {
		l.lines = newLines(l.Text)
	}
	p := l.lines.place(at)
	f.Location = Location{l.Line + p.startLine, l.Line + p.endLine, p.startColumn, p.endColumn}
	f.Start, f.End = at.start, at.end
	whole := l.Text[p.from:p.to]
	f.Marked = marked(whole, l.Text[:p.from])
	if l.options.IgnoreMarks {
		f.Marked, f.Unheard = false, f.Marked
	}
	if len(line) == 0 {
		line = whole
	}
	value := r.secretIn(matched)
	entropy := entropyOf(value)
	if r.Entropy != 0 && entropy <= r.Entropy {
		return f, false
	}
	f.Entropy = float32(entropy)
	for _, lists := range [][]*allowlist{l.allow, r.allow} {
		by, open := allows(lists, candidate{secret: value, match: matched, line: line})
		if by == nil && !l.Anywhere {
			by = decided(open, l.origin)
		}
		if by != nil && !l.tells(by) {
			return f, false
		}
		f.Allowed = f.Allowed || by != nil
		f.open = append(f.open, open...)
	}
	f.Match, f.Secret = secret.New(matched), secret.New(value)
	if l.options.Lines {
		f.Line = secret.New(whole)
	}
	return f, true
}

// In reports whether a finding of a fragment from anywhere is one in a path.
func (s *Set) In(f Finding, path string) bool {
	o := origin{path: path}
	return allowsOrigin(s.allow, o) == nil && allowsOrigin(f.Rule.allow, o) == nil && decided(f.open, o) == nil &&
		(f.Rule.path == nil || f.Rule.path.MatchString(path))
}

// secretIn is the part of a match that is the secret.
func (r *Rule) secretIn(match []byte) []byte {
	if r.pattern.groups == 0 {
		return match
	}
	groups := r.pattern.get().FindSubmatch(match)
	if r.SecretGroup > 0 && len(groups) > 0 {
		return groups[r.SecretGroup]
	}
	for i, g := range groups {
		if i > 0 && len(g) > 0 {
			return g
		}
	}
	return match
}

// entropyOf is Shannon's, by characters but for the length in bytes.
func entropyOf(text []byte) float64 {
	counts := map[rune]int{}
	for _, r := range string(text) {
		counts[r]++
	}
	var all []int
	for _, n := range counts {
		all = append(all, n)
	}
	slices.Sort(all) // sums of fractions depend on their order
	sum := 0.0
	for _, n := range all {
		share := float64(n) / float64(len(text))
		sum -= share * math.Log2(share)
	}
	return sum
}

// complete keeps the findings near which all required rules find something.
func (l *looking) complete(r *Rule, found []Finding) []Finding {
	others := map[string][]Finding{}
	for _, q := range r.required {
		number := slices.IndexFunc(l.rules, func(o *Rule) bool { return o.ID == q.id })
		if number < 0 {
			return nil
		}
		others[q.id] = slices.DeleteFunc(l.rule(number, true), func(f Finding) bool { return f.Marked || f.Allowed })
	}
	return slices.DeleteFunc(found, func(f Finding) bool {
		return slices.ContainsFunc(r.required, func(q requirement) bool {
			return !slices.ContainsFunc(others[q.id], func(o Finding) bool { return q.near(f, o) })
		})
	})
}

func (q requirement) near(a, b Finding) bool {
	far := func(limit *count, x, y int) bool { return limit != nil && max(x-y, y-x) > int(*limit) }
	return !far(q.lines, a.StartLine, b.StartLine) && !far(q.columns, a.StartColumn, b.StartColumn)
}

// withoutGeneric drops what a generic rule finds where another one says more.
func withoutGeneric(found []Finding) []Finding {
	generic := func(f Finding) bool { return strings.Contains(strings.ToLower(f.Rule.ID), "generic") }
	says := func(f, o Finding) bool {
		return generic(f) && !generic(o) || o.Rule.Specificity > f.Rule.Specificity
	}
	yields := func(f Finding) bool { return generic(f) || f.Rule.Specificity < usualSpecificity }
	special := func(f Finding) bool { return f.Rule.Specificity > usualSpecificity }
	if !slices.ContainsFunc(found, yields) && !slices.ContainsFunc(found, special) {
		return found
	}
	var out []Finding
	for _, f := range found {
		better := slices.ContainsFunc(found, func(o Finding) bool {
			return o.StartLine == f.StartLine && says(f, o) && !o.Allowed && !o.Marked && o.Secret.Contains(f.Secret)
		})
		if !better {
			out = append(out, f)
		}
	}
	return out
}
