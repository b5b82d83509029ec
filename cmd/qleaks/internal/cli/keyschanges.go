package cli

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/report"
)

// writeChanges tells, for each account, what differs between its two newest
// lists.
func (l *keysListing) writeChanges(w io.Writer, shown inventory.Inventory) error {
	var b strings.Builder
	var done []string
	for _, list := range shown.Lists {
		name := list.Account.Name
		if slices.Contains(done, name) {
			continue
		}
		done = append(done, name)
		lists, err := l.store.Latest(name, 2)
		if err != nil {
			return err
		}
		if len(lists) < 2 {
			fmt.Fprintf(&b, "%s: there is one list only, of %s\n", name, minute(list.AsOf))
			continue
		}
		writeChange(&b, name, inventory.Compare(lists[1], lists[0]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeChange(b *strings.Builder, name string, c inventory.Change) {
	fmt.Fprintf(b, "%s: from %s to %s\n", name, minute(c.From), minute(c.To))
	line := func(mark string, k key.Key, what string) {
		fmt.Fprintf(b, "  %s %s%s\n", mark, report.Clean(keyName(k)), report.Clean(what))
	}
	for _, k := range c.Appeared {
		what := ""
		if !c.Known {
			what = " (the list before was not whole, or not as wide: it may have been there)"
		}
		line("+", k, what)
	}
	for _, k := range c.Vanished {
		line("-", k, "")
	}
	for _, k := range c.Unseen {
		line("?", k, " (the later list does not tell)")
	}
	for _, k := range c.Changed {
		line("~", k.After, ": "+strings.Join(differences(k), ", "))
	}
	if len(c.Appeared)+len(c.Vanished)+len(c.Unseen)+len(c.Changed) == 0 {
		b.WriteString("  nothing differs\n")
	}
}

// keyName is a key's name with its id, as far as there are any.
func keyName(k key.Key) string {
	switch {
	case k.Name == "":
		return k.ID
	case k.ID == "":
		return k.Name
	}
	return k.Name + " (" + k.ID + ")"
}

// differences says what is not the same in two records, in the words of the
// table.
func differences(c inventory.Changed) []string {
	var all []string
	tell := func(what, before, after string) {
		if before != after {
			all = append(all, fmt.Sprintf("%s %s → %s", what, orDash(before), orDash(after)))
		}
	}
	a, b := c.Before, c.After
	tell("name", a.Name, b.Name)
	tell("owner", partyName(a.Owner), partyName(b.Owner))
	tell("project", partyName(a.Project), partyName(b.Project))
	tell("last used", lastUsedExactly(a.Use), lastUsedExactly(b.Use))
	tell("used", count(a.Use), count(b.Use))
	tell("expires", expiryOf(a), expiryOf(b))
	tell("disabled", string(a.State.Disabled), string(b.State.Disabled))
	tell("locked", string(a.State.Locked), string(b.State.Locked))
	tell("retrievable", string(a.State.Retrievable), string(b.State.Retrievable))
	tell("roles", strings.Join(a.Roles, " "), strings.Join(b.Roles, " "))
	if len(all) == 0 && !reflect.DeepEqual(a, b) {
		all = append(all, "its record changed")
	}
	return all
}

func lastUsedExactly(u key.Use) string {
	if !u.Last.IsZero() {
		return minute(u.Last)
	}
	return lastUsed(u)
}

func count(u key.Use) string {
	if u.Count == 0 {
		return ""
	}
	return plural(u.Count, "time")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
