package sim

// words are what the controls of a console are called, in the words of the
// provider's guide.
type words struct {
	// menu opens the way to the keys, link leads there; path is where they are.
	path, title string
	way
	create  string
	name    string
	make    string
	copy    string
	copied  string
	revoke  string
	confirm string
	empty   string
	again
}

// way is what leads to the keys from the first page of a console.
type way struct{ menu, link string }

// again are the words for a new value of the same key.
type again struct{ regenerate, regenerated string }

func (c *Console) words() words {
	if c.options.Provider == "qbraid" {
		return words{
			path: "/account/api-keys", title: "API Keys", way: way{menu: "Account", link: "API Keys"},
			create: "Create API Key", name: "Name", make: "Create", copy: "Copy", copied: "Copied to clipboard",
			revoke: "Delete", confirm: "Delete", empty: "You have no API keys yet",
			again: again{regenerate: "Refresh", regenerated: "Regenerate Key"},
		}
	}
	return words{
		path: "/settings/keys", title: "API Keys", way: way{menu: "Ada Lovelace", link: "API Keys"},
		create: "Generate a new API Key", name: "Name", make: "Generate key", copy: "Copy API key", copied: "API key copied",
		revoke: "Revoke", confirm: "Revoke key", empty: "No API keys",
	}
}
