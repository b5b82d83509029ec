package demo

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Environment is what points qleaks at the world, by variables: where the
// simulated services answer, and where the operator's own keys are, which are in
// variables as well.
func (w *World) Environment() map[string]string {
	variables := map[string]string{}
	var endpoints, credentials []string
	for _, name := range slices.Sorted(maps.Keys(w.Origins)) {
		for _, service := range slices.Sorted(maps.Keys(w.Origins[name])) {
			endpoints = append(endpoints, name+"."+service+"="+w.Origins[name][service])
		}
		holder := "DEMO_" + strings.ToUpper(name) + "_KEY"
		variables[holder] = w.Credentials[name].Reveal()
		credentials = append(credentials, name+"=env:"+holder)
	}
	variables["QLEAKS_ENDPOINT"], variables["QLEAKS_CREDENTIAL"] = strings.Join(endpoints, ","), strings.Join(credentials, ",")
	return variables
}

// WriteEnvironment writes the Environment as a file that a shell reads, for its
// owner only.
func (w *World) WriteEnvironment(file string) error {
	var b strings.Builder
	b.WriteString("# Keys that open nothing but the demonstration, as long as it runs.\n")
	variables := w.Environment()
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		fmt.Fprintf(&b, "export %s='%s'\n", name, variables[name])
	}
	return os.WriteFile(file, []byte(b.String()), 0o600)
}
