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
			find:   noProject,
		},
		{
			ID: "duplicate-name", Title: "has the name of another key", Severity: Low,
			Reason: "Who revokes one of two keys of the same name may take the wrong one. IonQ: give a key a descriptive name.",
			Page:   ionqKeys,
			Advice: "Replace one of them under a name of its own.",
			find:   duplicateName,
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

// holder is an account as lists tell it.
type holder struct{ provider, account, id string }

func holderOf(e *inventory.Entry) holder {
	return holder{e.Key.Provider, e.Accounts[0], e.Key.Account.ID}
}

// noProject is about lists that tell projects: where none of an account's keys
// has one, the list does not tell.
func noProject(k *Known) []Lapse {
	tells := map[holder]bool{}
	for _, c := range k.Cases {
		if c.Entry != nil && hasProject(c) {
			tells[holderOf(c.Entry)] = true
		}
	}
	return eachKey(func(k *Known, c *Case) string {
		if !c.alive(k.Now) || c.Provider != "ionq" || hasProject(c) || !tells[holderOf(c.Entry)] {
			return ""
		}
		return "the list tells the projects of other keys, and none of this one"
	})(k)
}

func hasProject(c *Case) bool { return c.Entry.Key.Project.ID != "" || c.Entry.Key.Project.Name != "" }

func duplicateName(k *Known) []Lapse {
	type named struct {
		holder

		name string
	}
	counts := map[named]int{}
	for _, c := range k.Cases {
		if c.alive(k.Now) {
			counts[named{holderOf(c.Entry), c.Entry.Key.Name}]++
		}
	}
	return eachKey(func(k *Known, c *Case) string {
		if !c.alive(k.Now) || c.Entry.Key.Name == "" {
			return ""
		}
		others := counts[named{holderOf(c.Entry), c.Entry.Key.Name}] - 1
		if others == 0 {
			return ""
		}
		return count(others, "other key of the account has", "other keys of the account have") + " the same name"
	})(k)
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
