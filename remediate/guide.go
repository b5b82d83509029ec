package remediate

import (
	"cmp"
	"time"
)

// guidebook is where a provider's keys are managed by hand, as it documents.
type guidebook struct {
	page string
	// open leads to the list of keys; create and revoke go on from there, with
	// NAME and PROJECT replaced.
	open   []string
	create []string
	revoke []string
}

func consoleOf(provider string) guidebook {
	switch provider {
	case "ionq":
		return guidebook{
			page:   "https://cloud.ionq.com/settings/keys",
			open:   []string{"open the page, or click your profile icon (upper right) and then API Keys"},
			create: []string{"click Generate a new API Key", "give it the name and the project below, exactly", "click Generate key", "click Copy API key, and leave the page open until qleaks says that the value is sealed"},
			revoke: []string{"find the key below in the list: name, project and dates must be the same, and there must be one only", "revoke it"},
		}
	case "qbraid":
		return guidebook{
			page:   "https://docs.qbraid.com/v2/account/api-keys",
			open:   []string{"sign in at qBraid, and click Account, then API Keys in the sidebar; the page here says how it looks"},
			create: []string{"click Create API Key (top right); never the Refresh icon, which ends the old key at once", "give it the name below, exactly, and the scopes of the old key", "confirm, copy the value, and leave the page open until qleaks says that it is sealed"},
			revoke: []string{"find the key below in the list: name and dates must be the same, and there must be one only", "click its trash icon (Delete), and confirm"},
		}
	case "ibm":
		return guidebook{
			page:   "https://cloud.ibm.com/iam/apikeys",
			open:   []string{"click Manage, Access (IAM), then API keys"},
			create: []string{"click Create, and give it the name below, exactly", "copy the value, and leave the page open until qleaks says that it is sealed"},
			revoke: []string{"find the key below in the list by its id", "open its menu, and click Delete"},
		}
	}
	return guidebook{open: []string{"open the provider's page of keys"}, create: []string{"make a key with the name below, exactly, and copy its value"}, revoke: []string{"revoke the key below"}}
}

// guide words a task for a person.
func guide(t Task) Guide {
	c := consoleOf(t.Target.Provider)
	g := Guide{Page: c.page, Steps: append([]string{}, c.open...)}
	switch t.Deed {
	case Issuing:
		g.Title = "Make a new key"
		g.Steps, g.Facts = append(g.Steps, c.create...), []string{"the name: " + t.Name}
		if project := cmp.Or(t.Target.Project.Name, t.Target.Project.ID); project != "" {
			g.Facts = append(g.Facts, "the project: "+project)
		}
		g.Question = "The new value (it is not shown)"
	case Revoking:
		g.Title = "Revoke the key " + t.Name
		g.Steps, g.Facts = append(g.Steps, c.revoke...), about(t)
		g.Question = "Is it revoked?"
	case Seeking:
		g.Title = "Look for the key " + t.Name
		g.Steps = append(g.Steps, "look for a key that is called exactly: "+t.Name)
		g.Question = "Is it in the list?"
	case Suspending, Resuming, Unlocking:
	}
	if t.Text != "" {
		g.Facts = append(g.Facts, t.Text)
	}
	return g
}

// about tells by what a key is known in a list.
func about(t Task) []string {
	lines := []string{"its name: " + t.Name}
	if t.ID != "" {
		lines = append(lines, "its id: "+t.ID)
	}
	if t.Name != t.Target.Name {
		return lines // one of ours, of which nothing else is known
	}
	if project := cmp.Or(t.Target.Project.Name, t.Target.Project.ID); project != "" {
		lines = append(lines, "its project: "+project)
	}
	if owner := party(t.Target.Owner); owner != "" {
		lines = append(lines, "its owner: "+owner)
	}
	if made := t.Target.Facts.Created; !made.IsZero() {
		lines = append(lines, "made on "+made.UTC().Format(time.DateOnly))
	}
	if last := t.Target.Facts.Use.Last; !last.IsZero() {
		lines = append(lines, "last used on "+last.UTC().Format(time.DateOnly)+", or later")
	}
	return lines
}
