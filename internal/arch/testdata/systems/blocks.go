// Package systems asks for something that Windows does not have.
package systems

import "syscall"

// Blocks is how large a file is on disk.
func Blocks(s syscall.Stat_t) int64 { return s.Blocks } // bad
