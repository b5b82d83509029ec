package leaks

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// archives and streams are the names by which gitleaks takes a file for one.
var (
	archiveNames = []string{"7z", "rar", "tar", "tbz2", "tgz", "txz", "tzst", "zip"}
	streamNames  = []string{"br", "bz2", "gz", "lz", "lz4", "mz", "s2", "sz", "xz", "zst", "zz"}
)

func extension(name string) string {
	return strings.TrimPrefix(strings.ToLower(path.Ext(name)), ".")
}

func isArchiveName(name string) bool {
	return slices.Contains(archiveNames, extension(name)) || slices.Contains(streamNames, extension(name))
}

// isStreamName tells what is compressed, but no archive.
func isStreamName(name string) bool {
	return slices.Contains(streamNames, extension(name)) && !strings.HasSuffix(strings.ToLower(name), ".tar."+extension(name))
}

// applications are how the files begin that gitleaks passes over: programs,
// archives, documents and fonts.
var applications = []string{
	"\x00asm\x01\x00\x00\x00", "dex\n", "dey\n", "PK\x03\x04", "PK\x05\x06", "PK\x07\x08", "Rar!\x1a\x07", "\x1f\x8b\x08", "BZh",
	"7z\xbc\xaf\x27\x1c", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "%PDF", "MZ", "CWS", "FWS", "{\\rtf", "%!PS-Adobe-", "SQLite",
	"NES\x1a", "Cr24", "MSCF", "ISc(", "!<arch>", "\x1f\xa0", "\x1f\x9d", "LZIP", "\xed\xab\xee\xdb", "\x7fELF",
	"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
	"wOFF\x00\x01\x00\x00", "wOF2\x00\x01\x00\x00", "\x00\x01\x00\x00\x00", "OTTO\x00",
}

// isApplication reports whether content is passed over.
func isApplication(data []byte) bool {
	for _, magic := range applications {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	at := func(offset int, magic string) bool {
		return len(data) >= offset+len(magic) && string(data[offset:offset+len(magic)]) == magic
	}
	return at(257, "ustar") || at(128, "DICM") || at(32769, "CD001")
}
