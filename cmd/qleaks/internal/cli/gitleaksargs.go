package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandFirst moves a command of gitleaks' grammar before the flags that
// stand in front of it: gitleaks -v dir is gitleaks dir -v.
func commandFirst(commands []*cobra.Command, args []string) []string {
	flags := commands[0].Flags()
	at := 0
	for at < len(args) && len(args[at]) > 1 && args[at][0] == '-' {
		if takesNext(flags, args[at]) {
			at++
		}
		at++
	}
	if at == 0 || at >= len(args) {
		return args
	}
	isIt := func(c *cobra.Command) bool { return c.Name() == args[at] || c.HasAlias(args[at]) }
	if !slices.ContainsFunc(commands, isIt) {
		return args
	}
	return slices.Concat([]string{args[at]}, args[:at], args[at+1:])
}

// takesNext reports whether the value of a flag is the next argument.
func takesNext(flags *pflag.FlagSet, word string) bool {
	if name, long := strings.CutPrefix(word, "--"); long {
		f := flags.Lookup(name) // none if it has its value with it
		return f != nil && f.NoOptDefVal == ""
	}
	for i, letter := range word[1:] {
		f := flags.ShorthandLookup(string(letter))
		if f == nil || letter > '~' {
			return false
		}
		if f.NoOptDefVal == "" {
			return i == len(word)-2
		}
	}
	return false
}
