//go:build unix

package source

import (
	"io/fs"
	"syscall"
)

// modesTell says whether permission bits say who can read a file.
const modesTell = true

// privateGroup reports whether a file's group is the one that the system made
// for its owner alone: it has the owner's number.
func privateGroup(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == stat.Gid
}
