package page

import (
	"slices"
	"strings"
	"unicode"
)

// field is what a column tells.
type field string

const (
	fieldUnknown     field = ""
	fieldIgnored     field = "ignored"
	fieldID          field = "id"
	fieldName        field = "name"
	fieldDescription field = "description"
	fieldKind        field = "kind"
	fieldOwner       field = "owner"
	fieldOwnerID     field = "id of the owner"
	fieldOwnerEmail  field = "address of the owner"
	fieldAccount     field = "account"
	fieldAccountID   field = "id of the account"
	fieldProject     field = "project"
	fieldProjectID   field = "id of the project"
	fieldCreated     field = "day of its making"
	fieldModified    field = "day of its last change"
	fieldUsed        field = "day of its last use"
	fieldExpires     field = "day of its end"
	fieldStatus      field = "status"
	fieldDisabled    field = "disabled"
	fieldLocked      field = "locked"
	fieldRoles       field = "permissions"
	fieldCount       field = "number of uses"
	fieldOnLeak      field = "action when leaked"
	fieldValue       field = "key"
)

// columnNames are the names of columns, without regard to case, underscores
// and the like.
var columnNames = map[string]field{
	"id": fieldID, "key id": fieldID, "api key id": fieldID, "uuid": fieldID, "apikey id": fieldID,
	"name": fieldName, "key name": fieldName, "api key name": fieldName, "title": fieldName, "label": fieldName,
	"description": fieldDescription, "notes": fieldDescription,
	"kind": fieldKind, "type": fieldKind,
	"owner": fieldOwner, "owner name": fieldOwner, "created by": fieldOwner, "user": fieldOwner, "user name": fieldOwner, "member": fieldOwner,
	"owner id": fieldOwnerID, "iam id": fieldOwnerID, "user id": fieldOwnerID,
	"email": fieldOwnerEmail, "owner email": fieldOwnerEmail, "user email": fieldOwnerEmail,
	"account": fieldAccount, "organization": fieldAccount, "organisation": fieldAccount, "org": fieldAccount,
	"account id": fieldAccountID, "organization id": fieldAccountID, "organisation id": fieldAccountID,
	"project": fieldProject, "project name": fieldProject, "assigned project": fieldProject, "project id": fieldProjectID,
	"created": fieldCreated, "created at": fieldCreated, "created on": fieldCreated, "creation date": fieldCreated, "date created": fieldCreated, "created date": fieldCreated,
	"modified": fieldModified, "modified at": fieldModified, "updated": fieldModified, "updated at": fieldModified, "last modified": fieldModified,
	"last used": fieldUsed, "last used at": fieldUsed, "last used date": fieldUsed, "time last used": fieldUsed, "last use": fieldUsed, "last activity": fieldUsed, "last authn": fieldUsed,
	"expires": fieldExpires, "expires at": fieldExpires, "expiration": fieldExpires, "expiration date": fieldExpires, "expiry": fieldExpires, "expiry date": fieldExpires,
	"status": fieldStatus, "state": fieldStatus, "active": fieldStatus, "enabled": fieldStatus, "disabled": fieldDisabled, "locked": fieldLocked,
	"permissions": fieldRoles, "roles": fieldRoles, "role": fieldRoles, "scopes": fieldRoles, "scope": fieldRoles,
	"usage count": fieldCount, "use count": fieldCount, "authn count": fieldCount, "requests": fieldCount,
	"action when leaked": fieldOnLeak, "on leak": fieldOnLeak,
	"key": fieldValue, "api key": fieldValue, "apikey": fieldValue, "token": fieldValue, "secret": fieldValue, "value": fieldValue, "key value": fieldValue,
	"actions": fieldIgnored, "action": fieldIgnored, "": fieldIgnored, "#": fieldIgnored,
}

// columnOf knows a column by its name.
func columnOf(name string) field { return columnNames[plainName(name)] }

// plainName writes a column's name as words: lastUsed, LAST_USED and "Last
// used ↓" are the same.
func plainName(name string) string {
	var b strings.Builder
	small := false
	for _, c := range strings.TrimPrefix(name, "'") {
		switch {
		case unicode.IsUpper(c):
			if small {
				b.WriteByte(' ')
			}
			b.WriteRune(unicode.ToLower(c))
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '#':
			b.WriteRune(c)
		default:
			b.WriteByte(' ')
		}
		small = unicode.IsLower(c)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// header is the fields of a table, in their order.
type header []field

// headerOf reads the names of columns; false if a line is no heading: at least
// two of them must be known, and one must name keys.
func headerOf(names []string) (h header, unknown []string, ok bool) {
	known := 0
	for _, name := range names {
		f := columnOf(name)
		switch f {
		case fieldUnknown:
			unknown = append(unknown, strings.TrimSpace(name))
		case fieldIgnored:
		default:
			known++
		}
		h = append(h, f)
	}
	return h, unknown, known >= 2 && h.has(fieldName, fieldID)
}

func (h header) has(fields ...field) bool {
	return slices.ContainsFunc(h, func(f field) bool { return slices.Contains(fields, f) })
}

// twice returns a field that two columns tell.
func (h header) twice() (field, bool) {
	seen := map[field]bool{}
	for _, f := range h {
		if f != fieldUnknown && f != fieldIgnored && seen[f] {
			return f, true
		}
		seen[f] = true
	}
	return fieldUnknown, false
}
