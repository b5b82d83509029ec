package cli

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/qleaks/qleaks/scanner/homesource"
	"github.com/qleaks/qleaks/scanner/source"
)

// registryVariables are the variables of the person and of the machine, which Windows keeps
// in the registry.
func registryVariables() []homesource.Environment {
	const machine = `SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
	return []homesource.Environment{
		{Name: `HKCU\Environment`, Place: source.UserEnvironment, Text: registryText(registry.CURRENT_USER, `Environment`)},
		{Name: `HKLM\` + machine, Place: source.SystemEnvironment, Text: registryText(registry.LOCAL_MACHINE, machine)},
	}
}

// registryText reads a key of the registry as lines NAME="value".
func registryText(root registry.Key, path string) func() (string, error) {
	return func() (string, error) {
		k, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
		if err != nil {
			return "", err
		}
		defer k.Close()
		names, err := k.ReadValueNames(-1)
		if err != nil {
			return "", err
		}
		slices.Sort(names)
		var text strings.Builder
		for _, name := range names {
			value, kind, err := k.GetStringValue(name)
			if err != nil || kind != registry.SZ && kind != registry.EXPAND_SZ {
				continue // a number or bytes: no variable
			}
			fmt.Fprintf(&text, "%s=\"%s\"\n", name, strings.NewReplacer("\r", " ", "\n", " ").Replace(value))
		}
		return text.String(), nil
	}
}
