package sim

// words are what the controls of a console are called, in the words of the
// provider's guide.
type words struct {
	// menu opens the way to the keys, link leads there; path is where they are.
	menu, link, path string
	title            string
	create           string
	name             string
	make             string
	copy             string
	copied           string
	revoke           string
	confirm          string
	regenerate       string
	regenerated      string
	empty            string
}

func (c *Console) words() words {
	if c.options.Provider == "qbraid" {
		return words{
			menu: "Account", link: "API Keys", path: "/account/api-keys", title: "API Keys",
			create: "Create API Key", name: "Name", make: "Create", copy: "Copy", copied: "Copied to clipboard",
			revoke: "Delete", confirm: "Delete", regenerate: "Refresh", regenerated: "Regenerate Key", empty: "You have no API keys yet",
		}
	}
	return words{
		menu: "Ada Lovelace", link: "API Keys", path: "/settings/keys", title: "API Keys",
		create: "Generate a new API Key", name: "Name", make: "Generate key", copy: "Copy API key", copied: "API key copied",
		revoke: "Revoke", confirm: "Revoke key", empty: "No API keys",
	}
}
