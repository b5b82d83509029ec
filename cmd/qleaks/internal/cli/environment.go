package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// origin says where the value of a setting comes from; "" is the default.
type origin string

const (
	fromFlag        origin = "command line"
	fromEnvironment origin = "environment"
	fromFile        origin = "configuration file"
)

// rank orders origins: the higher one decides.
func (o origin) rank() int {
	switch o {
	case fromFlag:
		return 3
	case fromEnvironment:
		return 2
	case fromFile:
		return 1
	}
	return 0
}

// variable is the name of the environment variable for a flag.
func variable(flag string) string {
	return "QLEAKS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// saidOnly are the flags that no variable sets: what changes keys, or hands them
// over, is said in so many words. QLEAKS_REMEDIATE names a directory.
func saidOnly() []string { return []string{"help", "remediate", "hand-over"} }

// bindEnvironment gives flags that the command line does not set the values of
// their variables, and returns the origin of each value that is no default.
func bindEnvironment(flags *pflag.FlagSet, getenv func(string) string) (map[string]origin, error) {
	origins := map[string]origin{}
	var wrong error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			origins[f.Name] = fromFlag
			return
		}
		value := getenv(variable(f.Name))
		if value == "" || slices.Contains(saidOnly(), f.Name) {
			return
		}
		if err := f.Value.Set(value); err != nil {
			if wrong == nil {
				wrong = wrongUsage(fmt.Sprintf("%s=%q: %v", variable(f.Name), value, err))
			}
			return
		}
		origins[f.Name] = fromEnvironment
	})
	return origins, wrong
}
