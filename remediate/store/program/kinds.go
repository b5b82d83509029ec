package program

import (
	"slices"
	"strings"

	"github.com/qleaks/qleaks/remediate/store"
)

// Kinds are the kinds of stores of this package.
func Kinds() []store.Kind {
	reads := store.Traits{Reads: true}
	word := func(name, means string, required bool) store.Setting {
		return store.Setting{Name: name, Means: means, Required: required, Valid: isWord}
	}
	over := func(entry func(d store.Declaration, u store.Use) store.Entry) func(store.Declaration, store.Use) (store.Store, error) {
		return func(d store.Declaration, u store.Use) (store.Store, error) { return store.Over(entry(d, u), u), nil }
	}
	return []store.Kind{
		{
			Name: "keychain", Title: "the keychain of your system", Traits: reads,
			Settings: []store.Setting{
				{Name: "name", Means: "the name of the entry: letters, digits and . _ @ -", Required: true, Valid: plain},
				{Name: "service", Means: "the service of the entry; without it qleaks", Valid: plain},
			},
			Example: []string{`name = "ionq"`},
			Open: over(func(d store.Declaration, _ store.Use) store.Entry {
				return keychain{d.Or("service", "qleaks"), d.Text("name")}
			}),
		},
		{
			Name: "1password", Title: "an item of 1Password", Traits: store.Traits{Reads: true},
			Settings: []store.Setting{word("vault", "the vault", true), word("item", "the item, which must be there", true), word("field", "the id or label of the field; without it credential", false)},
			Example:  []string{`vault = "Quantum"`, `item = "IonQ"`},
			Open: over(func(d store.Declaration, _ store.Use) store.Entry {
				return onePassword{d.Text("vault"), d.Text("item"), d.Or("field", "credential")}
			}),
		},
		{
			Name: "lastpass", Title: "an entry of LastPass", Traits: reads,
			Settings: []store.Setting{word("entry", "the name or id of the entry, which must be there", true), word("field", "password, notes or a field of the entry; without it password", false)},
			Example:  []string{`entry = "Quantum/IonQ"`},
			Open: over(func(d store.Declaration, _ store.Use) store.Entry {
				return lastPass{d.Text("entry"), d.Or("field", "password")}
			}),
		},
		{
			Name: "kubernetes", Title: "a Secret of Kubernetes", Traits: store.Traits{Reads: true, Compares: true},
			Settings: []store.Setting{word("name", "the name of the Secret", true), word("entry", "the entry of its data", true), word("namespace", "the namespace; without it default", false), word("context", "the context of your kubeconfig; without it the current one", false)},
			Example:  []string{`name = "quantum"`, `entry = "IONQ_API_KEY"`, `namespace = "lab"`},
			After:    "restart the pods that have it in their environment: kubectl rollout restart",
			Open: over(func(d store.Declaration, _ store.Use) store.Entry {
				return cluster{d.Text("name"), d.Text("entry"), d.Or("namespace", "default"), d.Text("context")}
			}),
		},
		{
			Name: "command", Title: "what your program keeps", Traits: store.Traits{Reads: true, Runs: true},
			Settings: []store.Setting{{Name: "command", Means: "the program and its arguments", Required: true, List: true}},
			Example:  []string{`command = ["/usr/local/bin/put-key", "--quiet"]`},
			Open: func(d store.Declaration, u store.Use) (store.Store, error) {
				return command{d.Name, d.List("command"), u.Rotation}, nil
			},
		},
	}
}

// plain reports whether a text needs no quotes anywhere.
func plain(text string) bool {
	return isWord(text) && !slices.ContainsFunc([]byte(text), func(c byte) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-", rune(c))
	})
}
