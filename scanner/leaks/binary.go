package leaks

import (
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

// applications are how programs, archives, documents and fonts begin, which
// gitleaks passes over.
var applications = []string{
	"\x00asm\x01\x00\x00\x00", "\x1f\x8b\x08", "BZh", "7z\xbc\xaf\x27\x1c", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "%PDF", "MZ", "CWS", "FWS",
	"{\\rtf", "%!", "SQLi", "NES\x1a", "Cr24", "MSCF", "ISc(", "!<arch>", "\x1f\xa0", "\x1f\x9d", "LZIP", "Rar!\x1a\x07\x00", "Rar!\x1a\x07\x01",
	"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\xbe\xba\xfe\xca",
	"wOFF\x00\x01\x00\x00", "wOF2\x00\x01\x00\x00", "\x00\x01\x00\x00\x00", "OTTO\x00",
}

// isApplication reports whether content is passed over.
func isApplication(data []byte) bool {
	at := func(offset int, text string) bool {
		return len(data) >= offset+len(text) && string(data[offset:offset+len(text)]) == text
	}
	if slices.ContainsFunc(applications, func(begin string) bool { return at(0, begin) }) {
		return true
	}
	switch { // short files of these are looked at
	case at(0, "\x7fELF"):
		return len(data) > 52
	case at(0, "\xed\xab\xee\xdb"):
		return len(data) > 96
	case at(0, "PK") && len(data) > 3:
		return strings.IndexByte("\x03\x05\x07", data[2]) >= 0 && strings.IndexByte("\x04\x06\x08", data[3]) >= 0
	case at(0, "\xd0\xcf\x11\xe0"):
		return len(data) < 514 || at(512, "\xec\xa5") || at(512, "\x09\x08") || at(512, "\xa0\x46")
	case at(0, "dex\n"):
		return at(36, "\x70")
	case at(0, "dey\n"):
		return len(data) > 100 && at(40, "dex\n") && at(76, "\x70")
	}
	if at(257, "ustar") || at(128, "DICM") || at(32769, "CD001") {
		return true
	}
	return at(34, "LP") && (at(8, "\x02\x00\x01") || at(8, "\x01\x00\x00") || at(8, "\x02\x00\x02"))
}
