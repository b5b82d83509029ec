package report

import (
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
)

// This file is the only one of the package that sees material.

// minMasked is the shortest material, in bytes, that is searched for in names:
// what is shorter stands in too many of them by chance.
const minMasked = 8

// ellipsis stands for the part of a key that is not shown.
const ellipsis = "…"

// shown returns the material of a finding if the options ask for it.
func shown(f finding.Finding, o Options) string {
	if !o.ShowSecrets {
		return ""
	}
	return f.Secret.Reveal()
}

// redacted returns what may always be shown of a finding's key: the prefix
// that its rule says all such keys share, as long as that is no large part.
func redacted(f finding.Finding) string {
	material, public := f.Secret.Reveal(), f.Rule.Token.Public
	if !strings.HasPrefix(material, public) || 4*len(public) > len(material) {
		public = ""
	}
	return public + ellipsis
}

// masking returns a function that takes the material of the findings out of a
// text: a key also leaks through the name of a file or a branch. With
// ShowSecrets it changes nothing.
func masking(findings []finding.Finding, o Options) func(string) string {
	unchanged := func(s string) string { return s }
	if o.ShowSecrets {
		return unchanged
	}
	var materials []string
	for _, f := range findings {
		if material := f.Secret.Reveal(); len(material) >= minMasked {
			materials = append(materials, material)
		}
	}
	if len(materials) == 0 {
		return unchanged
	}
	// The longest first: a material may begin with another one.
	slices.SortFunc(materials, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, material := range materials {
		pairs = append(pairs, material, secret.Redacted)
	}
	return strings.NewReplacer(pairs...).Replace
}
