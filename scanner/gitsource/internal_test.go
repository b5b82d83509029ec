package gitsource

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestConfigIsReadAsGitReadsIt(t *testing.T) {
	for name, text := range map[string]string{
		"plain":         "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/a.git\n",
		"quotes":        "[a]\nb = \" x \\\"y\\\" ; no comment \" # comment\n",
		"continuation":  "[a]\nb = one \\\n two\n",
		"boolean":       "[a]\nb\nc = yes\n",
		"case":          "[CoRe]\nBARE=True\n[Remote \"Origin\"]\nUrl=x\n",
		"old form":      "[branch.main]\nmerge = x\n",
		"escaped":       "[a \"b\\\"c\\\\d\"]\ne = f\\tg\\nh\n",
		"comments":      "# one\n; two\n[a] b = c ; three\n",
		"same line":     "[a] b = 1\n[a] b = 2\n",
		"trailing":      "[a]\nb = c d   \t\n",
		"inner quotes":  "[a]\nb = x\" y \"z\n",
		"CRLF":          "[a]\r\nb = c\r\n",
		"empty value":   "[a]\nb =\n",
		"bracket":       "[a \"x]y\"]\nb = c\n",
		"no final line": "[a]\nb = c",
		"byte order":    "\ufeff[a]\nb = c\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("git", "config", "--file", file, "--list", "-z").Output()
			if err != nil {
				t.Fatal(err)
			}
			want := gitConfig{}
			for item := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
				key, value, ok := strings.Cut(item, "\n")
				if !ok {
					value = "true"
				}
				want[key] = append(want[key], value)
			}
			if got := parseConfig([]byte(text)); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
				t.Errorf("read %q, git reads %q", got, want)
			}
		})
	}
}

func TestRemotesBecomeNames(t *testing.T) {
	secret := strings.Repeat("x1", 4)
	for remote, want := range map[string]string{
		"https://github.com/Org/name.git":                      "github.com/Org/name",
		"https://user:" + secret + "@GitHub.com/Org/name":      "github.com/Org/name",
		"ssh://git@github.com:22/Org/name.git/":                "github.com/Org/name",
		"git@github.com:Org/name.git":                          "github.com/Org/name",
		"user:" + secret + "@github.com:Org/name.git":          "github.com/Org/name",
		"github.com:Org/name":                                  "github.com/Org/name",
		"https://[::1]:8080/a/b.git":                           "::1/a/b",
		"https://example.org/a?token=" + secret + "#" + secret: "example.org/a",
		"file:///srv/git/a.git":                                "",
		"/srv/git/a.git":                                       "",
		"../a.git":                                             "",
		"C:\\git\\a":                                           "",
		"./host:path":                                          "",
		"":                                                     "",
		"https://":                                             "",
		"https://p%40:" + secret + "@@" + "example.org/a/b.git/": "example.org/a/b",
	} {
		if got := normalRemote(remote); got != want {
			t.Errorf("%q becomes %q, want %q", remote, got, want)
		}
	}
}

func TestHeadersKeepLinesAndBlankLinks(t *testing.T) {
	tree, parent := strings.Repeat("a1", 20), strings.Repeat("b2", 20)
	text := fmt.Sprintf("tree %s\nparent %s\nauthor A <B> <a@b> 12 +0100\ncommitter C <c@d> 34 -0200\ngpgsig x\n y\n\nsubject\n\nbody\n", tree, parent)
	h := parseHeaders([]byte(text))
	if len(h.tree) != 20 || len(h.parents) != 1 || parseSignature(h.author).email != "a@b" || parseSignature(h.author).when.Unix() != 12 || h.committed.Unix() != 34 {
		t.Errorf("headers %+v", h)
	}
	if string(h.message) != "subject\n\nbody\n" {
		t.Errorf("message %q", h.message)
	}
	if bytes.Contains(h.text, []byte("a1a1")) || bytes.Count(h.text, []byte("\n")) != 6 {
		t.Errorf("header text %q", h.text)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("[a \"b\"]\nc = \"d\\\n e\" # f\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { parseConfig(data) })
}

func FuzzTree(f *testing.F) {
	f.Add([]byte("100644 a\x00aaaaaaaaaaaaaaaaaaaa40000 b\x00bbbbbbbbbbbbbbbbbbbb"))
	f.Fuzz(func(t *testing.T, data []byte) {
		size := 0
		whole := eachEntry(data, 20, func(e treeEntry) { size += len(e.name) + len(e.id) })
		if whole && size > len(data) {
			t.Errorf("entries of %d bytes in %d", size, len(data))
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add([]byte("tree 00\nauthor a <b> 1 +0000\n\nmessage"))
	f.Fuzz(func(_ *testing.T, data []byte) { parseHeaders(data) })
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"+strings.Repeat("a", 100)), []byte{}, 20)
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x02"+strings.Repeat("\x00", 200)), []byte{}, 32)
	base := strings.Repeat("s", 20)
	shared := indexBytes(2, base, "a", "b", "c")
	f.Add(splitIndexBytes(base, 1<<34|0x2, []uint64{0b001}, []uint64{0b010}, "", "d"), shared, 20)
	f.Fuzz(func(_ *testing.T, data, shared []byte, width int) {
		if width == 20 || width == 32 {
			x := &index{shared: func(string) ([]byte, error) { return shared, nil }}
			_ = x.parse(data, width)
		}
	})
}

// indexBytes makes an index file without extensions.
func indexBytes(version byte, sum string, paths ...string) []byte {
	out := append([]byte("DIRC\x00\x00\x00"), version, 0, 0, 0, byte(len(paths)))
	for i, path := range paths {
		head := make([]byte, 62)
		copy(head[24:], "\x00\x00\x81\xa4") // a regular file
		head[40] = byte(i + 1)
		out = append(append(out, head...), path...)
		out = append(out, make([]byte, 8-(len(head)+len(path))%8)...)
	}
	return append(out, sum...)
}

// splitIndexBytes makes a split index; the bitmaps are given by their literal
// words, each after the same first word.
func splitIndexBytes(base string, first uint64, deleted, replaced []uint64, paths ...string) []byte {
	link := []byte(base)
	for _, words := range [][]uint64{deleted, replaced} {
		link = binary.BigEndian.AppendUint32(link, 64)
		link = binary.BigEndian.AppendUint32(link, uint32(1+len(words)))
		for _, word := range append([]uint64{first}, words...) {
			link = binary.BigEndian.AppendUint64(link, word)
		}
		link = binary.BigEndian.AppendUint32(link, 0)
	}
	out := append(indexBytes(2, "", paths...), "link"...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(link)))
	out = append(out, link...)
	return append(out, base...)
}

func TestSplitIndexesAreJoined(t *testing.T) {
	const one = 1 << 33 // one literal word
	base := strings.Repeat("s", 20)
	shared := indexBytes(2, base, "a", "b", "c")
	for name, c := range map[string]struct {
		data  []byte
		paths string
		says  string
	}{
		"all kinds":             {splitIndexBytes(base, one, []uint64{0b001}, []uint64{0b010}, "", "aa"), "aa b c", ""},
		"added again":           {splitIndexBytes(base, one, []uint64{0}, []uint64{0}, "b"), "a b c", ""},
		"too few replacements":  {splitIndexBytes(base, one, []uint64{0}, []uint64{0b011}, ""), "a b c", "not as many"},
		"too many replacements": {splitIndexBytes(base, one, []uint64{0}, []uint64{0b001}, "", "", "d"), "a b c d", "more replacements"},
		"out of bounds":         {splitIndexBytes(base, one, []uint64{0b1000}, []uint64{0}), "a b c", "deletions: bitmap is longer"},
		"run out of bounds":     {splitIndexBytes(base, 1|0xffff_ffff<<1|one, []uint64{0}, []uint64{0}), "a b c", "deletions: bitmap is longer"},
		"more literals":         {splitIndexBytes(base, 9<<33, []uint64{0}, []uint64{0}), "a b c", "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			x := &index{shared: func(string) ([]byte, error) { return shared, nil }}
			err := x.parse(c.data, 20)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			var paths []string
			for _, e := range x.entries {
				paths = append(paths, e.path)
			}
			if got := strings.Join(paths, " "); got != c.paths {
				t.Errorf("paths %q, want %q", got, c.paths)
			}
			for n := range c.data { // an index that is cut off anywhere
				cut := &index{shared: x.shared}
				if err := cut.parse(c.data[:n], 20); err == nil && len(cut.entries) >= len(x.entries) {
					t.Errorf("%d of %d bytes give %d entries", n, len(c.data), len(cut.entries))
				}
				_ = (&index{shared: func(string) ([]byte, error) { return shared[:min(n, len(shared))], nil }}).parse(c.data, 20)
			}
		})
	}
}

func FuzzReflog(f *testing.F) {
	f.Add([]byte(strings.Repeat("0", 40) + " " + strings.Repeat("a", 40) + " A <a> 1 +0000\tmessage\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { (&Repository{width: 20}).parseReflog("x", data) })
}
