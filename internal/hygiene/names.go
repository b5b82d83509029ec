package hygiene

import (
	"strings"

	"github.com/qleaks/qleaks/internal/inventory"
)

// names are the policies about telling keys apart.
func names() []Policy {
	return []Policy{
		{
			ID: "no-project", Title: "belongs to no project", Severity: Low,
			Reason: "IonQ: every key belongs to a project, and its jobs are billed to it; budgets of projects bound what a thief can spend.",
			Page:   ionqKeys,
			Advice: "Make a key in the right project, and revoke this one.",
			find:   eachKey(noProject),
		},
		{
			ID: "duplicate-name", Title: "has the name of another key", Severity: Low,
			Reason: "Who revokes one of two keys of the same name may take the wrong one. IonQ: give a key a descriptive name.",
			Page:   ionqKeys,
			Advice: "Replace one of them under a name of its own.",
			find:   eachKey(duplicateName),
		},
		{
			ID: "unnamed", Title: "its name says nothing", Severity: Low,
			Reason: "IonQ: give a key a descriptive name: who, where, what for.",
			Page:   ionqKeys,
			Advice: "Rename it, or replace it under a name that says where it is used.",
			find:   eachKey(unnamed),
		},
	}
}

// noProject is about lists that tell projects: where none of an account's keys
// has one, the list does not tell.
func noProject(k *Known, c *Case) string {
	if !c.alive(k.Now) || c.Provider != "ionq" || hasProject(c) {
		return ""
	}
	for _, other := range k.Cases {
		if other.Entry != nil && other.Provider == c.Provider && sameAccount(other.Entry, c.Entry) && hasProject(other) {
			return "the list tells the projects of other keys, and none of this one"
		}
	}
	return ""
}

func hasProject(c *Case) bool { return c.Entry.Key.Project.ID != "" || c.Entry.Key.Project.Name != "" }

func sameAccount(a, b *inventory.Entry) bool {
	return a.Key.Provider == b.Key.Provider && a.Accounts[0] == b.Accounts[0] && a.Key.Account.ID == b.Key.Account.ID
}

func duplicateName(k *Known, c *Case) string {
	if !c.alive(k.Now) || c.Entry.Key.Name == "" {
		return ""
	}
	others := 0
	for _, other := range k.Cases {
		if other != c && other.alive(k.Now) && sameAccount(other.Entry, c.Entry) && other.Entry.Key.Name == c.Entry.Key.Name {
			others++
		}
	}
	if others == 0 {
		return ""
	}
	return count(others, "other key of the account has", "other keys of the account have") + " the same name"
}

func unnamed(k *Known, c *Case) string {
	if !c.alive(k.Now) {
		return ""
	}
	switch name := strings.ToLower(strings.Trim(c.Entry.Key.Name, " -_0123456789()#")); name {
	case "":
		return "it has no name"
	case "key", "api key", "apikey", "api-key", "api_key", "my key", "my api key", "new key", "test", "token", "untitled", "default", "copy":
		return "it is called " + c.Entry.Key.Name
	}
	return ""
}
