package file

import "io/fs"

// sameOwner has nothing to do: a file is made with the rights of its directory.
func sameOwner(string, fs.FileInfo) error { return nil }

// syncDirectory has nothing to do: Windows keeps no names back.
func syncDirectory(string) error { return nil }
