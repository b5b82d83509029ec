package decode

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func wideString(s string, big bool) string {
	var out bytes.Buffer
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			out.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return out.String()
}

// widest writes text in UTF-32.
func widest(s string, big bool) string {
	var out bytes.Buffer
	for _, r := range s {
		four := []byte{byte(r), byte(r >> 8), byte(r >> 16), 0}
		if big {
			slices.Reverse(four)
		}
		out.Write(four)
	}
	return out.String()
}

func TestUTF16AndUTF32AreTheBase(t *testing.T) {
	key := sampleKey(32, "")
	text := "# Schlüssel 🔑\r\nIONQ_API_KEY=" + key + "\r\n" + strings.Repeat("x = 1\r\n", 30)
	for name, content := range map[string]string{
		"LE with mark":      wideString("\ufeff"+text, false),
		"BE with mark":      wideString("\ufeff"+text, true),
		"LE without mark":   wideString(text[13:], false),
		"BE without mark":   wideString(text[13:], true),
		"UTF-32 LE":         widest("\ufeff"+text, false),
		"UTF-32 BE":         widest("\ufeff"+text, true),
		"UTF-32 LE, bare":   widest(text[13:], false),
		"UTF-32 BE, bare":   widest(text[13:], true),
		"UTF-32 LE, cut":    widest("\ufeff"+text, false) + "x\x00",
		"LE, cut character": wideString("\ufeff"+text, false) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			views, notes := collect(t, []byte(content), "", Options{})
			wantNote(t, notes)
			way := "utf-16"
			if strings.HasPrefix(name, "UTF-32") {
				way = "utf-32"
			}
			for _, v := range views[1:] {
				if strings.Join(v.Way, " ") != way || v.base != v.text {
					continue
				}
				if i := strings.Index(v.text, key); strings.Count(v.base[:i], "\n") != 1 && name[3:7] == "with" {
					t.Errorf("lines are not those of an editor: %q", v.base[:i])
				}
				wantPlace(t, views, key, place{way: way, encoded: key})
				return
			}
			t.Error("no decoded base")
		})
	}
}

func TestBase64OfUTF16IsSeen(t *testing.T) {
	key := sampleKey(32, "")
	code := base64.StdEncoding.EncodeToString([]byte(wideString(`$env:IONQ_API_KEY = "`+key+`"`, false)))
	views, _ := collect(t, []byte("powershell -enc "+code+"\n"), "", Options{})
	wantPlace(t, views, key, place{way: "base64 utf-16", encoded: code})
}

// Text in which other letters prevail has no mark of its own: its stretches of
// ASCII are seen.
func TestWideTextOfOtherLettersWithoutAMark(t *testing.T) {
	key := sampleKey(32, "")
	text := strings.Repeat("量子コンピュータ ", 20) + "\r\nIONQ_API_KEY = '" + key + "'\r\n" + strings.Repeat("ключ ", 20)
	for name, content := range map[string]string{
		"utf-16": wideString(text, false), "utf-16 ": wideString(text, true),
		"utf-32": widest(text, false), "utf-32 ": widest(text, true),
	} {
		views, notes := collect(t, []byte(content), "", Options{})
		wantNote(t, notes)
		found := placesOf(views, "IONQ_API_KEY = '"+key+"'")
		if len(found) == 0 || found[0].way != strings.TrimSpace(name) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestZerosAreNoWideText(t *testing.T) {
	content := []byte(strings.Repeat("\x00\x00\x00\x01\x00\x00\x01\x02ab\x00\x00", 5000))
	if views, _ := collect(t, content, "", Options{}); len(views) != 1 {
		t.Errorf("%d views: %q", len(views), views[1].Way)
	}
}
