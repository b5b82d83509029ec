package source

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Access says who can read a file, as far as its mode and the modes of the
// directories above it tell. The zero Access says nothing.
type Access struct {
	// Mode holds the permission bits of the file.
	Mode    fs.FileMode
	Readers Readers
	// Store is true for a file that is made to hold keys.
	Store bool
}

// Readers says who can get at a file.
type Readers string

// Who can read a file besides the system's administrator. A group of which the
// owner is the only member, as most systems make one for each person, is no
// other reader.
const (
	OnlyOwner  Readers = "owner"
	GroupToo   Readers = "group"
	Everybody  Readers = "everybody"
	NotTold    Readers = ""
	othersRead         = 0o004
	groupReads         = 0o040
	othersPass         = 0o001
	groupPass          = 0o010
	othersBits         = 0o077
)

// Exposed reports whether somebody else than the owner can read the file.
func (a Access) Exposed() bool { return a.Readers == GroupToo || a.Readers == Everybody }

// Loose reports whether the file's own mode gives others something, even if
// nobody can pass the directories above it.
func (a Access) Loose() bool { return a.Readers != NotTold && a.Mode&othersBits != 0 }

// AccessOf looks who can read a file, given by its real path. It is the zero
// Access where the system has no such modes, or the file is not there.
func AccessOf(name string) Access {
	info, err := os.Stat(name)
	if err != nil || !modesTell {
		return Access{}
	}
	mode := info.Mode().Perm()
	group := mode&groupReads != 0 && !privateGroup(info)
	everybody := mode&othersRead != 0
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if above, err := os.Stat(dir); err == nil {
			others := above.Mode()&othersPass != 0
			everybody = everybody && others
			group = group && (others || above.Mode()&groupPass != 0 && !privateGroup(above))
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	access := Access{Mode: mode, Readers: OnlyOwner}
	switch {
	case everybody:
		access.Readers = Everybody
	case group:
		access.Readers = GroupToo
	}
	return access
}
