package hygiene

import (
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/internal/key"
)

// rights are the policies about what a key may do, and who may change it.
func rights() []Policy {
	return []Policy{
		{
			ID: "scope-too-broad", Title: "may do more than submit jobs", Severity: Medium,
			Reason: "A key with the rights of an administrator gives a thief the account, not only its jobs. qBraid keys have scopes, IBM's services have roles.",
			Page:   qbraidKeys,
			Advice: "Replace it by a key with only the rights that it is used for.",
			find:   eachKey(tooBroad),
		},
		{
			ID: "stored-retrievable", Title: "the provider gives the value out again", Severity: Medium,
			Reason: "IBM keeps the value of such a key: whoever may read the account's keys can read it.",
			Page:   ibmKeys,
			Advice: "Replace it by a key whose value is shown only once.",
			find: eachKey(func(k *Known, c *Case) string {
				if !c.alive(k.Now) || c.Entry.Key.State.Retrievable != key.Yes {
					return ""
				}
				return "the provider's record of the key holds its value"
			}),
		},
		{
			ID: "leaked-action-none", Title: "the provider would do nothing if it leaked", Severity: Medium,
			Reason: "IBM looks for its keys in public and can disable or delete those that it finds; this key is excepted.",
			Page:   ibmKeys,
			Advice: "Set the action for a leaked key to disable.",
			find: eachKey(func(k *Known, c *Case) string {
				if !c.alive(k.Now) || c.Entry.Key.State.OnLeak != "none" {
					return ""
				}
				return "its action when leaked is none"
			}),
		},
		{
			ID: "user-key-where-service-id-fits", Title: "a person's key in a machine's job", Severity: Low,
			Reason: "IBM: prefer a service ID for what runs without a person. Its key has only the rights that it needs, and stays when the person leaves.",
			Page:   ibmServices,
			Advice: "Make a service ID with a key of its own for this use.",
			find:   eachKey(serviceFits),
		},
		{
			ID: "unlocked-production", Title: "in production, and not locked", Severity: Medium,
			Reason: "IBM: lock a key to keep it from being changed or deleted by accident.",
			Page:   ibmKeys,
			Advice: "Lock it; a rotation unlocks it first.",
			find:   eachKey(unlocked),
		},
	}
}

func tooBroad(k *Known, c *Case) string {
	if !c.alive(k.Now) {
		return ""
	}
	var broad []string
	for _, role := range c.Entry.Key.Roles {
		if isBroad(role) {
			broad = append(broad, role)
		}
	}
	if len(broad) == 0 {
		return ""
	}
	return "its rights: " + list(broad)
}

// isBroad knows the words for everything that the providers use.
func isBroad(role string) bool {
	for word := range strings.FieldsFuncSeq(strings.ToLower(role), func(r rune) bool { return strings.ContainsRune(" :./_-", r) }) {
		switch word {
		case "*", "all", "admin", "administrator", "owner", "manager", "superuser", "root":
			return true
		}
	}
	return false
}

// serviceFits is about a person's key that a machine uses: in a file of a CI
// system, or registered as used there.
func serviceFits(k *Known, c *Case) string {
	if !c.alive(k.Now) || c.Entry.Key.Kind != "user" {
		return ""
	}
	for _, p := range c.Places {
		if runsByItself(p.Path) {
			return "in " + p.Path
		}
	}
	for _, r := range c.Entry.Registered {
		for word := range strings.FieldsSeq(strings.ToLower(r.Place)) {
			if word == "ci" || word == "cron" || word == "server" || word == "pipeline" || word == "actions" {
				return "registered as used in " + r.Place
			}
		}
	}
	return ""
}

func runsByItself(name string) bool {
	lower := strings.ToLower(name)
	switch path.Base(lower) {
	case ".gitlab-ci.yml", "jenkinsfile", "dockerfile", "compose.yaml", "docker-compose.yml", "azure-pipelines.yml", ".travis.yml", "crontab":
		return true
	}
	return strings.Contains("/"+lower, "/.github/workflows/") || strings.Contains("/"+lower, "/.circleci/")
}

func unlocked(k *Known, c *Case) string {
	if !c.alive(k.Now) || c.Entry.Key.State.Locked != key.No {
		return ""
	}
	for _, glob := range k.Limits.Production {
		if doublestar.MatchUnvalidated(strings.ToLower(glob), strings.ToLower(c.Entry.Key.Name)) {
			return "its name says that production uses it"
		}
	}
	return ""
}
