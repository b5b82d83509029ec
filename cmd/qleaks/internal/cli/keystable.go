package cli

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/scanner/report"
)

// write writes the list in the format that was asked for.
func (l *keysListing) write(shown inventory.Inventory) error {
	out, err := l.options.Output.open(l.env)
	if err != nil {
		return err
	}
	switch {
	case l.options.Changes:
		err = l.writeChanges(out, shown)
	case l.options.Output.Format == "json":
		document := shown.Document()
		document.Failed = append(document.Failed, l.failed...)
		err = writeIndented(out, document)
	case l.options.Output.Format == "csv":
		err = writeKeysCSV(out, shown)
	default:
		err = writeKeysText(out, shown, l.env.Now())
	}
	if err != nil {
		return couldNot("cannot write the list of keys", errors.Join(err, out.abandon()))
	}
	return out.finish()
}

func writeIndented(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(document)
}

// writeKeysText writes a table for each account.
func writeKeysText(w io.Writer, shown inventory.Inventory, now time.Time) error {
	var b strings.Builder
	done := map[string]bool{}
	for _, list := range shown.Lists {
		if done[list.Account.Name] {
			continue
		}
		done[list.Account.Name] = true
		if len(done) > 1 {
			b.WriteByte('\n')
		}
		var keys []*inventory.Entry
		for _, e := range shown.Entries {
			if e.Key.Provider == list.Account.Provider && slices.Contains(e.Accounts, list.Account.Name) {
				keys = append(keys, e)
			}
		}
		fmt.Fprintln(&b, listHeading(list, keys, now))
		for _, gap := range list.Gaps {
			fmt.Fprintf(&b, "  not whole: %s\n", report.Clean(gap))
		}
		if err := writeKeyRows(&b, keys, list); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// listHeading says what a list is: "lab (IBM): 3 keys of everybody, as the
// provider told on 2026-03-01 12:00 UTC".
func listHeading(list inventory.Snapshot, keys []*inventory.Entry, now time.Time) string {
	older := 0
	for _, e := range keys {
		if e.AsOf.Before(list.AsOf) {
			older++
		}
	}
	title := list.Account.Provider
	if kit, ok := all.Named(list.Account.Provider); ok {
		title = kit.Title
	}
	whose := ""
	switch list.Extent.Everybody {
	case key.Yes:
		whose = " of everybody"
	case key.No:
		whose = " of one's own"
	case key.Untold:
	}
	from := "as the provider told"
	switch list.Origin.Way {
	case inventory.ByImport:
		from = "imported from " + list.Origin.Name + ", as it was"
	case inventory.ByConsole:
		from = "read in the console"
	case inventory.ByCommand:
		from = "as " + list.Origin.Name + " told"
	case inventory.ByAPI:
	}
	age := ""
	if days := int(now.Sub(list.AsOf) / (24 * time.Hour)); days > 0 {
		age = ", " + plural(days, "day") + " ago"
	}
	also := ""
	if older > 0 {
		also = "; and " + grouped(int64(older)) + " of older lists, for this one does not speak of them"
	}
	return report.Clean(fmt.Sprintf("%s (%s): %s%s, %s on %s%s%s", list.Account.Name, title, plural(len(keys)-older, "key"), whose, from, minute(list.AsOf), age, also))
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func writeKeyRows(b *strings.Builder, keys []*inventory.Entry, list inventory.Snapshot) error {
	if len(keys) == 0 {
		return nil
	}
	rows := [][]string{{"NAME", "ID", "OWNER", "PROJECT", "CREATED", "LAST USED", "EXPIRES", "STATE"}}
	for _, e := range keys {
		k := e.Key
		state := stateWords(e)
		if e.AsOf.Before(list.AsOf) {
			state = append(state, "as of "+minute(e.AsOf))
		}
		rows = append(rows, []string{k.Name, k.ID, partyName(k.Owner), partyName(k.Project), dayOf(k.Dates.Created), lastUsed(k.Use), expiryOf(k), strings.Join(state, ", ")})
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range withoutEmptyColumns(rows) {
		for i, field := range row {
			row[i] = report.Clean(cmp.Or(field, "-"))
		}
		fmt.Fprintln(table, "  "+strings.Join(row, "\t"))
	}
	return table.Flush()
}

// withoutEmptyColumns leaves out columns of which only the heading says
// something.
func withoutEmptyColumns(rows [][]string) [][]string {
	var kept [][]string
	for _, row := range rows {
		var fields []string
		for i, field := range row {
			if slices.ContainsFunc(rows[1:], func(other []string) bool { return other[i] != "" }) {
				fields = append(fields, field)
			}
		}
		kept = append(kept, fields)
	}
	return kept
}

// partyName is how people know somebody.
func partyName(p key.Party) string {
	for _, name := range []string{p.Email, p.Name, p.ID} {
		if name != "" {
			return name
		}
	}
	return ""
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// lastUsed keeps "never" and "nobody knows" apart.
func lastUsed(u key.Use) string {
	switch {
	case !u.Known:
		return "unknown"
	case !u.Last.IsZero():
		return dayOf(u.Last)
	case !u.After.IsZero():
		return "after " + dayOf(u.After)
	}
	return "never"
}

// expiryOf keeps "never" and "nobody told" apart.
func expiryOf(k key.Key) string {
	if !k.Dates.Expires.IsZero() {
		return dayOf(k.Dates.Expires)
	}
	if k.State.Expiring == key.No {
		return "never"
	}
	return ""
}

// stateWords are what is worth saying of a key's state.
func stateWords(e *inventory.Entry) []string {
	var words []string
	for _, w := range []struct {
		says bool
		word string
	}{
		{e.Key.State.Disabled == key.Yes, "disabled"}, {e.Key.State.Disabled == key.No, "enabled"}, {e.Key.State.Locked == key.Yes, "locked"},
		{e.Key.State.Retrievable == key.Yes, "retrievable"}, {e.Key.Kind == "serviceid", "service ID"}, {len(e.Registered) > 0, "registered"},
	} {
		if w.says {
			words = append(words, w.word)
		}
	}
	return words
}

// keysColumns are the columns of the csv format; the fields are those of the
// json format.
func keysColumns() []string {
	return []string{
		"provider", "accounts", "id", "name", "description", "kind", "owner_id", "owner_name", "owner_email", "account_id", "project_id", "project_name",
		"created", "modified", "expires", "use_known", "last_used", "used_after", "use_count", "disabled", "locked", "retrievable", "expiring", "on_leak",
		"roles", "as_of", "origin", "fingerprints",
	}
}

func writeKeysCSV(w io.Writer, shown inventory.Inventory) error {
	c := csv.NewWriter(w)
	_ = c.Write(keysColumns()) // an error stays until Flush
	for _, e := range shown.Entries {
		k := e.Key
		var fingerprints []string
		for _, r := range e.Registered {
			fingerprints = append(fingerprints, string(r.Fingerprint))
		}
		row := []string{
			k.Provider, strings.Join(e.Accounts, " "), k.ID, k.Name, k.Description, k.Kind, k.Owner.ID, k.Owner.Name, k.Owner.Email, k.Account.ID, k.Project.ID, k.Project.Name,
			instantOf(k.Dates.Created), instantOf(k.Dates.Modified), instantOf(k.Dates.Expires), strconv.FormatBool(k.Use.Known), instantOf(k.Use.Last), instantOf(k.Use.After),
			strconv.FormatInt(k.Use.Count, 10), string(k.State.Disabled), string(k.State.Locked), string(k.State.Retrievable), string(k.State.Expiring), k.State.OnLeak,
			strings.Join(k.Roles, " "), instantOf(e.AsOf), string(e.Origin.Way), strings.Join(fingerprints, " "),
		}
		for i := range row {
			row[i] = report.CSVField(row[i])
		}
		_ = c.Write(row)
	}
	c.Flush()
	return c.Error()
}

func instantOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
