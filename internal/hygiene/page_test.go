package hygiene

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const guide = "../../docs/hygiene.md"

var update = flag.Bool("update", false, "write the tables of docs/hygiene.md anew")

func TestThePageHasTheTables(t *testing.T) {
	data, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for name, table := range map[string]string{"policies": policyTable(), "duties": dutyTable()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
		head, rest, ok := strings.Cut(text, begin)
		old, tail, ended := strings.Cut(rest, end)
		if !ok || !ended {
			t.Fatalf("%s has no %q", guide, begin)
		}
		if old != table && !*update {
			t.Errorf("the table of %s in %s is old: go test ./internal/hygiene -update", name, guide)
		}
		text = head + begin + table + end + tail
	}
	if *update {
		if err := os.WriteFile(guide, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func policyTable() string {
	var b strings.Builder
	b.WriteString("| policy | what is wrong | severity | why | what to do |\n|---|---|---|---|---|\n")
	for _, p := range Policies() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s [page](%s) | %s |\n", p.ID, p.Title, p.Severity, p.Reason, p.Page, p.Advice)
	}
	return b.String()
}

func dutyTable() string {
	var b strings.Builder
	b.WriteString("| duty | question | where to look | of |\n|---|---|---|---|\n")
	for _, d := range Duties() {
		of := d.Only
		if of == "" {
			of = "all"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.ID, d.Question, d.Where, of)
	}
	return b.String()
}
