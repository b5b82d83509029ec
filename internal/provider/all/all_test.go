package all_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
)

var update = flag.Bool("update", false, "write the tables of docs/providers.md anew")

const page = "../../../docs/providers.md"

func TestKitsAreInOrderAndFoundByName(t *testing.T) {
	var names []string
	for _, k := range all.Kits() {
		names = append(names, k.Name)
		if found, ok := all.Named(k.Name); !ok || found.Title != k.Title {
			t.Errorf("%s is not found", k.Name)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("order: %v", names)
	}
	if _, ok := all.Named("nobody"); ok {
		t.Error("nobody is found")
	}
}

// tables are the parts of the page that are made from the kits.
func tables(t *testing.T) map[string]string {
	t.Helper()
	kits := all.Kits()
	abilities, hosts := &strings.Builder{}, &strings.Builder{}
	abilities.WriteString("| |")
	for _, k := range kits {
		fmt.Fprintf(abilities, " %s |", k.Title)
	}
	abilities.WriteString("\n|---|" + strings.Repeat("---|", len(kits)) + "\n")
	for _, a := range provider.AllAbilities() {
		fmt.Fprintf(abilities, "| %s |", a)
		for _, k := range kits {
			fmt.Fprintf(abilities, " %s |", can(t, k, a))
		}
		abilities.WriteString("\n")
	}
	hosts.WriteString("| provider | to | request | holds |\n|---|---|---|---|\n")
	for _, k := range kits {
		for _, c := range k.Calls {
			i := slices.IndexFunc(k.Services, func(s provider.Service) bool { return s.Name == c.Service })
			fmt.Fprintf(hosts, "| %s | %s | `%s %s%s` | %s |\n", k.Title, c.Ability, c.Method, k.Services[i].Origin, c.Path, c.Carries)
		}
	}
	return map[string]string{"abilities": abilities.String(), "requests": hosts.String()}
}

func can(t *testing.T, k provider.Kit, a provider.Ability) string {
	t.Helper()
	c, err := k.New(provider.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(provider.Abilities(c), a) {
		return "yes"
	}
	return "–"
}

func TestThePageOfProvidersIsTrue(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	was := strings.ReplaceAll(string(text), "\r\n", "\n")
	now := was
	for name, table := range tables(t) {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
		before, rest, ok := strings.Cut(now, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no place for %s", page, name)
		}
		now = before + begin + table + end + after
	}
	if now == was {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: go test ./internal/provider/all -update", page)
	}
	if err := os.WriteFile(page, []byte(now), 0o600); err != nil {
		t.Fatal(err)
	}
}
