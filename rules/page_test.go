package rules

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	rulesPage = "../docs/rules.md"
	// generated begins what a test writes of the page.
	generated = "<!-- From here on, go generate ./rules writes this page. -->\n"
)

// The page must have a section for every rule, as the rule files say it.
func TestTheDocumentationHasAPageForEveryRule(t *testing.T) {
	page, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	written, rest, found := strings.Cut(string(page), generated)
	if !found {
		t.Fatalf("%s does not say where the rules begin", rulesPage)
	}
	want := pages(writtenRules(t))
	if *update {
		if err := os.WriteFile(rulesPage, []byte(written+generated+want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if rest != want {
		t.Errorf("%s is not what the rules say; run: go generate ./rules", rulesPage)
	}
}

// pages describes rules, a section for each provider.
func pages(list []*Rule) string {
	byProvider := map[string][]*Rule{}
	for _, r := range list {
		byProvider[r.Provider] = append(byProvider[r.Provider], r)
	}
	var providers []string
	for p := range byProvider {
		providers = append(providers, p)
	}
	slices.Sort(providers)
	var out strings.Builder
	out.WriteString("\n## The built-in rules\n\n| provider | rule | severity | up to |\n|---|---|---|---|\n")
	for _, p := range providers {
		for _, r := range byProvider[p] {
			fmt.Fprintf(&out, "| %s | [`%s`](#%s) | %s | %s |\n", p, r.ID, r.ID, r.Severity, best(r))
		}
	}
	for _, p := range providers {
		for _, r := range byProvider[p] {
			section(&out, r)
		}
	}
	return out.String()
}

func best(r *Rule) Confidence {
	c := None
	for _, e := range r.Evidence {
		c = max(c, e.Confidence)
	}
	return c
}

func section(out *strings.Builder, r *Rule) {
	fmt.Fprintf(out, "\n### %s\n\n**%s** (%s, severity %s). %s\n\n", r.ID, r.Title, r.Provider, r.Severity, r.Description)
	fmt.Fprintf(out, "What it looks like: %s.\n\n", strings.Join(looks(&r.Token), "; "))
	out.WriteString("| confidence | where it sits | and |\n|---|---|---|\n")
	for i := range r.Evidence {
		e := &r.Evidence[i]
		fmt.Fprintf(out, "| %s | %s | %s |\n", e.Confidence, e.Name, strings.Join(also(e), "; "))
	}
	fmt.Fprintf(out, "\nWhat to do about a leaked one: %s\n\nThe provider's page: <%s>\n", r.Fix, r.Page)
}

// looks says in words what a value looks like.
func looks(t *Token) []string {
	length := fmt.Sprintf("%d to %d characters", t.Min, t.Max)
	if t.Min == t.Max {
		length = fmt.Sprintf("%d characters", t.Min)
	}
	list := []string{length + ", found behind " + code(t.Keywords)}
	if t.Alphabet != "" {
		list[0] = length + " of " + code([]string{t.Alphabet})
	}
	if t.Public != "" {
		list = append(list, "begins with "+code([]string{t.Public}))
	}
	for _, need := range t.Needs {
		switch need {
		case "mixed":
			list = append(list, "upper and lower case, and digits or many changes of case")
		case "random":
			list = append(list, "two digits or more, or mixed case")
		default:
			list = append(list, "with a "+strings.NewReplacer("upper", "capital letter", "lower", "small letter").Replace(need))
		}
	}
	if t.Entropy > 0 {
		list = append(list, fmt.Sprintf("at least %.1f bits of entropy a character", t.Entropy))
	}
	return append(list, "no placeholder")
}

// also says what evidence demands beside what its name says.
func also(e *Evidence) []string {
	var list []string
	if len(e.Near.Words) > 0 {
		list = append(list, fmt.Sprintf("%s within %d lines", code(e.Near.Words), e.Near.Lines))
	}
	if e.Beside.Pattern != "" {
		list = append(list, fmt.Sprintf("what belongs to it within %d lines", e.Beside.Lines))
	}
	if len(e.Issuers) > 0 {
		list = append(list, "iss or aud has "+code(e.Issuers))
	}
	if e.Form != "" {
		list = append(list, "the value has the usual form")
	}
	if len(e.File) > 0 {
		list = append(list, "the file mentions "+code(e.File))
	}
	if len(e.Path) > 0 {
		list = append(list, "the path is "+code(e.Path))
	}
	if len(e.Part) > 0 {
		list = append(list, "in a notebook's "+strings.Join(e.Part, ", "))
	}
	return list
}

// code sets words as code; a bar would end the table's cell.
func code(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, "`"+strings.ReplaceAll(w, "|", "\\|")+"`")
	}
	return strings.Join(out, ", ")
}
