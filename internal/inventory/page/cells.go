package page

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/key"
)

// longestCell is how much of a text is kept, in bytes.
const longestCell = 256

// keyOf reads the cells of a row; ended says that the list calls the key
// revoked.
func (r *reader) keyOf(one row) (k key.Key, ended bool, err error) {
	text := func(f field) string { return plainText(one.cells[f]) }
	k = key.Key{
		Provider: r.options.Provider, ID: text(fieldID), Name: text(fieldName), Description: text(fieldDescription), Kind: text(fieldKind),
		Owner: party(text(fieldOwner)), Account: party(text(fieldAccount)), Project: party(text(fieldProject)),
		State: key.State{OnLeak: text(fieldOnLeak)}, Roles: list(text(fieldRoles)),
	}
	for _, p := range []struct {
		to *string
		f  field
	}{{&k.Owner.ID, fieldOwnerID}, {&k.Owner.Email, fieldOwnerEmail}, {&k.Account.ID, fieldAccountID}, {&k.Project.ID, fieldProjectID}} {
		if told := text(p.f); told != "" && !blank(told) {
			*p.to = told
		}
	}
	if err := r.dates(&k, one); err != nil {
		return k, false, err
	}
	if count := text(fieldCount); count != "" && !blank(count) {
		n, err := strconv.ParseInt(strings.ReplaceAll(count, ",", ""), 10, 64)
		if err != nil || n < 0 {
			return k, false, wrong(one.lineOf(fieldCount), "the number of uses is no number")
		}
		k.Use.Count = n
	}
	ended, err = states(&k, one)
	return k, ended, err
}

// plainText keeps what can be printed, and not too much of it.
func plainText(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, text)
	for len(text) > longestCell {
		text = text[:strings.LastIndexFunc(text[:len(text)-1], func(rune) bool { return true })]
	}
	return strings.TrimSpace(text)
}

// blank reports whether a text says that there is nothing to say.
func blank(text string) bool {
	return slices.Contains([]string{"", "-", "–", "—", "--", "n/a", "na", "null", "unknown"}, strings.ToLower(text))
}

var idShape = expression.Lazy(`^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-f]{24}|[0-9a-f]{32}|IBMid-\w+|iam-\w+-[0-9a-f-]+)$`)

// party takes a text for an id, an address or a name, by its shape.
func party(text string) key.Party {
	switch {
	case blank(text):
		return key.Party{}
	case strings.Contains(text, "@") && !strings.Contains(text, " "):
		return key.Party{Email: text}
	case idShape().MatchString(text):
		return key.Party{ID: text}
	}
	return key.Party{Name: text}
}

// list divides permissions.
func list(text string) []string {
	if blank(text) {
		return nil
	}
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == '|' })
	var all []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// dates reads the four days of a key.
func (r *reader) dates(k *key.Key, one row) error {
	for _, d := range []struct {
		f  field
		to *time.Time
	}{{fieldCreated, &k.Dates.Created}, {fieldModified, &k.Dates.Modified}, {fieldUsed, &k.Use.Last}, {fieldExpires, &k.Dates.Expires}} {
		told := strings.ToLower(plainText(one.cells[d.f]))
		if blank(told) {
			continue
		}
		if never(told) && (d.f == fieldUsed || d.f == fieldExpires) {
			if d.f == fieldUsed {
				k.Use.Known = true
			} else {
				k.State.Expiring = key.No
			}
			continue
		}
		at, approximate, err := moment(told, r.options)
		if err != nil {
			return wrong(one.lineOf(d.f), "the %s %s", d.f, err)
		}
		if d.f != fieldExpires && at.After(r.options.AsOf.Add(36*time.Hour)) {
			return wrong(one.lineOf(d.f), "the %s is after the day of the list, %s", d.f, r.options.AsOf.UTC().Format(time.DateOnly))
		}
		*d.to = at
		r.page.Approximate = r.page.Approximate || approximate
	}
	k.Use.Known = k.Use.Known || !k.Use.Last.IsZero()
	if !k.Dates.Expires.IsZero() {
		k.State.Expiring = key.Yes
	}
	if created := k.Dates.Created; !created.IsZero() && !k.Use.Last.IsZero() && k.Use.Last.Before(created.Add(-36*time.Hour)) {
		return wrong(one.lineOf(fieldUsed), "the day of its last use is before the day of its making")
	}
	return nil
}

func never(text string) bool {
	switch text {
	case "never", "never used", "not used", "not yet used", "not used yet", "unused", "never expires", "no expiration", "no expiry", "none", "does not expire":
		return true
	}
	return false
}

// states reads status, disabled and locked.
func states(k *key.Key, one row) (ended bool, err error) {
	switch strings.ToLower(plainText(one.cells[fieldStatus])) {
	case "active", "enabled", "true", "yes", "valid":
		k.State.Disabled = key.No
	case "inactive", "disabled", "suspended", "false", "no", "expired":
		k.State.Disabled = key.Yes
	case "revoked", "deleted":
		ended = true
	default:
		if !blank(one.cells[fieldStatus]) {
			return false, wrong(one.lineOf(fieldStatus), "the status is none of active, inactive, disabled, suspended, expired, revoked")
		}
	}
	for _, s := range []struct {
		f  field
		to *key.Trait
	}{{fieldDisabled, &k.State.Disabled}, {fieldLocked, &k.State.Locked}} {
		switch strings.ToLower(one.cells[s.f]) {
		case "true", "yes", "1", string(s.f):
			*s.to = key.Yes
		case "false", "no", "0", "not " + string(s.f):
			*s.to = key.No
		default:
			if !blank(one.cells[s.f]) {
				return false, wrong(one.lineOf(s.f), "%s is neither yes nor no", s.f)
			}
		}
	}
	return ended, nil
}
