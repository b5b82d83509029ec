package rewrite

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// History is what is known of keys in a history.
type History struct {
	// URL is where the repository is cloned from.
	URL  string
	Keys []Key
	// Packed are files in which a key is packed or encoded: they are dropped,
	// since no replacement reaches into them.
	Packed []string
	// Pieces are files in which a key is put together of pieces: somebody has to
	// decide what becomes of them.
	Pieces []string
}

// Plan writes how to take keys out of a history: commands for a shell that run
// git filter-repo on a fresh clone. It holds no key: the commands know the keys
// by their SHA-256 digests.
func (h History) Plan() string {
	var out strings.Builder
	url := h.URL
	if url == "" {
		url = "URL-OF-THE-REPOSITORY"
	}
	fmt.Fprintf(&out, "# In a fresh clone, since git filter-repo rewrites every commit after the first\n# that held a key. First revoke the keys: whoever cloned the repository has them.\n"+
		"git clone --mirror %s cleaned.git\ncd cleaned.git\ncat > ../without-keys.py <<'END'\n%sEND\n", shellWord(url), h.callback())
	out.WriteString("git filter-repo --force \\\n  --blob-callback \"$(cat ../without-keys.py)\nblob.data = without_keys(blob.data)\" \\\n" +
		"  --commit-callback \"$(cat ../without-keys.py)\ncommit.message = without_keys(commit.message)\" \\\n" +
		"  --tag-callback \"$(cat ../without-keys.py)\ntag.message = without_keys(tag.message)\"\n")
	if packed := slices.Compact(slices.Sorted(slices.Values(h.Packed))); len(packed) > 0 {
		out.WriteString("# In these files a key is packed or encoded; this drops them from all commits.\ngit filter-repo --force --invert-paths")
		for _, p := range packed {
			fmt.Fprintf(&out, " \\\n  --path %s", shellWord(p))
		}
		out.WriteString("\n")
	}
	for _, p := range slices.Compact(slices.Sorted(slices.Values(h.Pieces))) {
		fmt.Fprintf(&out, "# In %s a key is put together of pieces, which no replacement finds:\n# drop the file as above, or edit it with git rebase before.\n", shellWord(p))
	}
	out.WriteString("qleaks scan .            # must find nothing\ngit push --mirror --force " + shellWord(url) + "\n")
	return out.String()
}

// callback is a Python function that takes keys out of bytes. A key stands in a
// row of key characters, with a few others at most, as in a traceback.
func (h History) callback() string {
	var out strings.Builder
	out.WriteString("import hashlib, re\nkeys = {\n")
	for _, k := range h.Keys {
		value := k.Value.Reveal()
		fmt.Fprintf(&out, "    \"%x\": (%d, b\"<%s>\"),\n", sha256.Sum256([]byte(value)), len(value), k.Variable)
	}
	out.WriteString(`}
lengths = sorted({n for n, _ in keys.values()}, reverse=True)
def row(m):
    text, out, at = m[0], b"", 0
    while at < len(text):
        for n in lengths:
            piece = text[at:at + n]
            name = keys.get(hashlib.sha256(piece).hexdigest()) if len(piece) == n else None
            if name:
                out, at = out + name[1], at + n
                break
        else:
            out, at = out + text[at:at + 1], at + 1
    return out
def without_keys(data):
    return re.sub(rb"[A-Za-z0-9_.\-]{%d,400}" % min(lengths), row, data)
`)
	return out.String()
}

// Unreached is text about what no rewrite of a repository reaches.
func Unreached() string {
	return `What this does not reach, so that the keys must be revoked in any case:
- forks and clones of other people, and mirrors;
- on GitHub: refs of pull requests (refs/pull/*), cached views of commits, and
  what Actions kept (caches, artifacts, logs): ask https://support.github.com
- packages, container images and documentation that were built from it;
- search engines, archives, and those who collect keys from public pushes.
`
}

// Request is a text for the support of the host, which the operator completes.
func Request(url string, commits []string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Subject: remove cached views of commits that held a credential\n\nRepository: %s\n"+
		"A credential was pushed by mistake. It is revoked, and the history was rewritten\nwith git filter-repo. Please remove cached views of these commits and the refs of\n"+
		"pull requests that still lead to them, and run a garbage collection:\n", url)
	for _, c := range commits {
		fmt.Fprintf(&out, "  %s\n", c)
	}
	return out.String()
}

// shellWord writes text as one word of a shell.
func shellWord(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
