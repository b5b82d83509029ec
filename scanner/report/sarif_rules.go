package report

import (
	"strings"

	"github.com/qleaks/qleaks/rules"
)

// The ids of the notifications.
const (
	sarifUnread      = "coverage/unread"
	sarifExcluded    = "coverage/excluded"
	sarifInterrupted = "coverage/interrupted"
	sarifLeftOut     = "report/left-out"
	sarifUnverified  = "verification/unanswered"
)

// maxSARIFText is the longest short description that GitHub shows, in
// characters.
const maxSARIFText = 1024

func newSARIFDriver(ruleset []*rules.Rule, o Options) sarifDriver {
	d := sarifDriver{
		Name:           "qleaks",
		Organization:   "qleaks",
		InformationURI: sarifHome,
		Version:        Clean(o.Version),
		Rules:          []sarifRule{},
		Notifications: []sarifDescriptor{
			newSARIFDescriptor(sarifUnread, "Something was not read: the scan is not complete."),
			newSARIFDescriptor(sarifExcluded, "Something was left out on purpose."),
			newSARIFDescriptor(sarifInterrupted, "The scan did not run to its end."),
			newSARIFDescriptor(sarifLeftOut, "Findings that are no results."),
			newSARIFDescriptor(sarifUnverified, "Keys of which the provider said neither yes nor no."),
		},
	}
	for _, r := range ruleset {
		d.Rules = append(d.Rules, newSARIFRule(r))
	}
	return d
}

func newSARIFDescriptor(id, meaning string) sarifDescriptor {
	text := sarifMessage{Text: meaning}
	return sarifDescriptor{ID: id, Name: pascalCase(id), ShortDescription: text, FullDescription: text, Help: text}
}

func newSARIFRule(r *rules.Rule) sarifRule {
	title := orElse(Clean(r.Title), r.ID)
	description := sentence(orElse(clean(r.Description), title))
	fix := sentence(orElse(clean(r.Fix), "Revoke the key, and read the new one from the environment"))
	rule := sarifRule{
		ID:               r.ID,
		Name:             pascalCase(r.ID),
		ShortDescription: sarifMessage{Text: sentence(clip(title, maxSARIFText-1))},
		FullDescription:  sarifMessage{Text: description},
		Help: sarifMessage{
			Text:     description + "\n\nWhat to do: " + fix,
			Markdown: markdown(description) + "\n\n**What to do:** " + markdown(fix),
		},
		Default: sarifDefault{Level: "error"},
		Properties: sarifRuleProperties{
			SecuritySeverity: securitySeverity(r.Severity),
			Precision:        precision(r),
			Tags:             []string{"security", "secret"},
		},
	}
	if r.Provider != "" {
		rule.Properties.Tags = append(rule.Properties.Tags, Clean(r.Provider))
	}
	if strings.HasPrefix(r.Page, "https://") {
		rule.HelpURI = Clean(r.Page)
		rule.Help.Text += "\n\n" + rule.HelpURI
		rule.Help.Markdown += "\n\n<" + rule.HelpURI + ">"
	}
	return rule
}

// clean is Clean for a text whose line breaks mean nothing.
func clean(s string) string {
	return Clean(strings.Join(strings.Fields(s), " "))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	return strings.TrimSuffix(s, ".") + "."
}

// pascalCase makes the name of a rule of its id: "ionq-api-key" is "IonqApiKey".
// A name that says no more than the id is "", since the standard forbids it.
func pascalCase(id string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	}) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if strings.EqualFold(b.String(), id) {
		return ""
	}
	return b.String()
}

// markdown keeps a text from being markup, a link or a mention.
func markdown(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "#", `\#`, "@", "&#64;",
	).Replace(s)
}

// securitySeverity is what GitHub sorts by; above 9.0 it says critical, from
// 7.0 on high, from 4.0 on medium.
func securitySeverity(s rules.Severity) string {
	switch s {
	case rules.SeverityCritical:
		return "9.5"
	case rules.SeverityHigh:
		return "8.0"
	case rules.SeverityLow:
		return "3.0"
	default:
		return "5.5"
	}
}

// precision is how sure the rule can be at its best.
func precision(r *rules.Rule) string {
	best := rules.None
	for _, e := range r.Evidence {
		best = max(best, e.Confidence)
	}
	switch best {
	case rules.High:
		return "high"
	case rules.Medium:
		return "medium"
	default:
		return "low"
	}
}
