package homesource

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	guide = "../../docs/hygiene.md"
	begin = "<!-- places -->\n"
	end   = "<!-- end of places -->\n"
)

var update = flag.Bool("update", false, "write the table of docs/hygiene.md anew")

// The page lists what is looked at: a person decides by it whether to trust.
func TestThePageListsThePlaces(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no %q", guide, begin)
	}
	table := placesTable()
	if *update {
		if err := os.WriteFile(guide, []byte(head+begin+table+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table {
		t.Errorf("the table of places in %s is old: go test ./scanner/homesource -update", guide)
	}
}

// placesTable has a row for each kind and owner, in the order of the list.
func placesTable() string {
	var b strings.Builder
	b.WriteString("| kind | of | where |\n|---|---|---|\n")
	type row struct{ kind, of string }
	var order []row
	where := map[row][]string{}
	for _, p := range Places() {
		r := row{string(p.Kind), p.Of}
		if where[r] == nil {
			order = append(order, r)
		}
		where[r] = append(where[r], "`"+p.Name+"`")
	}
	for _, r := range order {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.kind, r.of, strings.Join(where[r], "<br>"))
	}
	return b.String()
}
