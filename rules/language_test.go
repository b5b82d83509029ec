package rules

import (
	"strings"
	"testing"
)

const sound = `
[[rule]]
id = "acme-key"
provider = "acme"
title = "Acme key"
severity = "high"
description = "A key."
fix = "Revoke it."
page = "https://example.com"
[rule.token]
alphabet = "A-Za-z0-9"
min = 32
max = 32
[[rule.evidence]]
name = "named"
confidence = "high"
before = '''acme{assign}'''
`

func TestARuleFileSaysWhatIsWrongAndWhere(t *testing.T) {
	fragment := "[let]\nassign = '=\"'\n"
	cases := map[string]struct{ file, want string }{
		"unknown key":         {fragment + sound + "\nblame = true\n", `acme.toml: line 21: unknown key "rule.evidence.blame"`},
		"bad TOML":            {"[[rule", "acme.toml"},
		"unknown fragment":    {sound, "no fragment is named {assign}"},
		"fragment in itself":  {"[let]\nassign = '{assign}'\n" + sound, "a fragment uses itself"},
		"bad id":              {fragment + strings.Replace(sound, `"acme-key"`, `"Acme Key"`, 1), "id \"Acme Key\" is not of the form"},
		"no title":            {fragment + strings.Replace(sound, `"Acme key"`, `""`, 1), "title is missing"},
		"bad severity":        {fragment + strings.Replace(sound, `"high"`, `"awful"`, 1), "severity"},
		"bad confidence":      {fragment + strings.Replace(sound, `confidence = "high"`, `confidence = "sure"`, 1), "not one of low, medium, high"},
		"short run":           {fragment + strings.Replace(sound, "min = 32", "min = 8", 1), "too common"},
		"lengths":             {fragment + strings.Replace(sound, "max = 32", "max = 31", 1), "make no sense"},
		"alphabet too wide":   {fragment + strings.Replace(sound, "A-Za-z0-9", "A-Za-z0-9.", 1), "is not within"},
		"anchors of a window": {fragment + strings.Replace(sound, "acme{assign}", `\Aacme`, 1), "edge of a window"},
		"unknown need":        {fragment + strings.Replace(sound, "max = 32", "max = 32\nneeds = [\"luck\"]", 1), "unknown need"},
		"token and pattern":   {fragment + strings.Replace(sound, "max = 32", "max = 32\npattern = 'x'", 1), "either an alphabet or keywords"},
		"group":               {fragment + strings.Replace(sound, `alphabet = "A-Za-z0-9"`, "keywords = ['ab']\npattern = 'a'\nsample = 'a'", 1), `group named "secret"`},
		"glob":                {fragment + sound + "path = ['[']\n", "no glob"},
		"twice":               {fragment + sound + sound, "two rules are named acme-key"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			list, err := Parse("acme.toml", []byte(c.file))
			if err == nil {
				_, err = NewSet(list)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestBracesOfThePatternLanguageAreNoFragments(t *testing.T) {
	got, err := expandFragments(`a{2,3}\x{41}\p{Greek}{word}`, map[string]string{"word": "b|c"}, 0)
	if err != nil || got != `a{2,3}\x{41}\p{Greek}(?:b|c)` {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheHashChangesWithTheRules(t *testing.T) {
	hashes := map[string]bool{}
	for _, text := range []string{sound, strings.Replace(sound, "max = 32", "max = 33", 1)} {
		list, err := Parse("acme.toml", []byte("[let]\nassign = '='\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		set, err := NewSet(list)
		if err != nil {
			t.Fatal(err)
		}
		h, err := set.Hash()
		if err != nil {
			t.Fatal(err)
		}
		hashes[h] = true
	}
	if len(hashes) != 2 {
		t.Error("two rule sets share a hash")
	}
}
