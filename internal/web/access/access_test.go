package access_test

import (
	"errors"
	"testing"

	"github.com/qleaks/qleaks/internal/web/access"
)

func TestEachRoleMayWhatThoseBelowMay(t *testing.T) {
	for i, r := range access.Roles() {
		if read, err := access.ParseRole(r.String()); err != nil || read != r {
			t.Errorf("%v is read as %v, %v", r, read, err)
		}
		for k, needed := range access.Roles() {
			ctx := access.With(t.Context(), access.Identity{Name: "ada", Role: r})
			if _, err := access.Need(ctx, needed); (err == nil) != (i >= k) {
				t.Errorf("a %v where a %v is needed: %v", r, needed, err)
			}
		}
	}
	for _, word := range []string{"", "nobody", "Admin", "root"} {
		if r, err := access.ParseRole(word); err == nil || r != access.Nobody {
			t.Errorf("%q is read as %v", word, r)
		}
	}
	if access.Role(99).May(access.Viewer) || access.Role(-1).May(access.Viewer) {
		t.Error("a role that does not exist may something")
	}
}

func TestNobodyMayNothing(t *testing.T) {
	if _, err := access.Need(t.Context(), access.Viewer); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("without an identity: %v", err)
	}
	ctx := access.With(t.Context(), access.Identity{Role: access.Admin})
	if _, err := access.Need(ctx, access.Viewer); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("without a name: %v", err)
	}
}
