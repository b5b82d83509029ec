package cli

import (
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/scanner/report"
)

// isCompletion reports whether a shell asks what could come next.
func isCompletion(args []string) bool {
	return len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd)
}

// suggestion lists what a person may mean. It reads what is theirs, asks nobody,
// and is silent about what it cannot read: a shell is waiting.
type suggestion func(env Env) []string

// completeOwn makes a shell complete the names of what is one's own, wherever a
// command or a flag takes one.
func completeOwn(env Env, root *cobra.Command) {
	flags := map[string]suggestion{
		"account": suggestAccounts, "store": suggestStores, "confidence": suggestConfidence,
		"provider": func(Env) []string { return providerNames() },
	}
	beginnings := map[string]suggestion{"credential": suggestCredentials, "endpoint": suggestEndpoints}
	arguments := map[string]suggestion{
		"stores check": suggestStores, "stores put": suggestStores, "stores share": suggestStores,
		"keys show": suggestKeys, "revoke": suggestKeys, "rotate": suggestKeys, "incident": suggestKeys, "remediate plan": suggestKeys, "handoff": suggestKeys,
		"remediate rollback": suggestRotations, "trust remove": suggestTrusted, "ignore remove": suggestIgnored,
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for name, s := range flags {
			completeFlag(env, cmd, name, s, cobra.ShellCompDirectiveNoFileComp)
		}
		for name, s := range beginnings {
			completeFlag(env, cmd, name, s, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
		}
		name := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
		if name == "ci" {
			completeFlag(env, cmd, "report", suggestReports, cobra.ShellCompDirectiveNoSpace)
		}
		if s, ok := arguments[name]; ok {
			cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
				found := slices.DeleteFunc(s(env), func(word string) bool { return slices.Contains(args, word) })
				return found, cobra.ShellCompDirectiveNoFileComp
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// completeFlag leaves a flag alone that the command lacks or that is completed
// already.
func completeFlag(env Env, cmd *cobra.Command, name string, s suggestion, then cobra.ShellCompDirective) {
	if cmd.Flags().Lookup(name) == nil {
		return
	}
	_ = cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return s(env), then
	})
}

// sayable are the words that a shell can show and a person can take: a name comes
// from a list of somebody else's.
func sayable(words []string) []string {
	words = slices.DeleteFunc(words, func(word string) bool {
		return word == "" || strings.HasPrefix(word, "-") || len(inventory.Material(word)) > 0 ||
			strings.ContainsFunc(word, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./@+=", r)
			})
	})
	slices.Sort(words)
	return slices.Compact(words)
}

// unheard takes what no completion may say.
type unheard struct{}

// Write implements io.Writer.
func (unheard) Write(p []byte) (int, error) { return len(p), nil }

func suggestAccounts(env Env) []string {
	list, err := loadAccounts(env, "", messages{w: unheard{}})
	if err != nil {
		return nil
	}
	var names []string
	for _, a := range list {
		names = append(names, a.name)
	}
	return sayable(names)
}

func suggestStores(env Env) []string {
	list, err := loadStores(env, "", messages{w: unheard{}})
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	return sayable(names)
}

func suggestKeys(env Env) []string {
	store, err := openInventory(env, messages{w: unheard{}})
	if err != nil {
		return nil
	}
	lists, err := store.Load()
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range lists.Entries {
		names = append(names, e.Key.Name, e.Handle())
	}
	return sayable(names)
}

func suggestRotations(env Env) []string {
	r, err := newRemedy(env, remedyOptions{})
	if err != nil {
		return nil
	}
	journals, err := r.journals()
	if err != nil {
		return nil
	}
	var ids []string
	for _, j := range journals {
		for _, s := range j.standings {
			if s.State != remediate.StateDone && s.State != remediate.StateAbandoned {
				ids = append(ids, s.Row.ID)
			}
		}
	}
	return sayable(ids)
}

func suggestTrusted(env Env) []string {
	_, trust, err := openTrust(env)
	if err != nil {
		return nil
	}
	var roots []string
	for _, t := range trust.Entries {
		roots = append(roots, t.Root)
	}
	return sayable(roots)
}

func suggestIgnored(env Env) []string {
	file, err := openIgnores(env, "")
	if err != nil {
		return nil
	}
	var ids []string
	for _, i := range file.config.Ignore {
		ids = append(ids, i.ID)
	}
	return sayable(ids)
}

func suggestConfidence(Env) []string { return []string{"high", "medium", "low"} }

func suggestCredentials(Env) []string {
	var words []string
	for _, name := range append(providerNames(), "github") {
		for _, place := range []string{"env:", "keychain:", "file:", "vault:", "op://", "cmd:"} {
			words = append(words, name+"="+place)
		}
	}
	return words
}

func suggestEndpoints(Env) []string {
	var words []string
	for _, name := range append(providerNames(), "github") {
		kit, ok := askable(name)
		for _, s := range kit.Services {
			switch {
			case !ok:
			case len(kit.Services) == 1:
				words = append(words, name+"=")
			default:
				words = append(words, name+"."+s.Name+"=")
			}
		}
	}
	return words
}

func suggestReports(Env) []string {
	var words []string
	for _, format := range report.Formats() {
		words = append(words, format+"=")
	}
	return words
}
