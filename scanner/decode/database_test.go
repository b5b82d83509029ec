package decode

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/decode/sqlite"
)

// emptyDatabase is a database of one page, without a table, and with a text
// where a row was.
func emptyDatabase(text string) []byte {
	page := make([]byte, 4096)
	copy(page, sqlite.Magic)
	page[16], page[18], page[19], page[31], page[59], page[100], page[105] = 16, 1, 1, 1, 1, 13, 16
	copy(page[3000:], text)
	return page
}

func TestWhatADatabaseForgotIsSeen(t *testing.T) {
	key := sampleKey(32, "")
	text := "IONQ_API_KEY=" + key
	content := emptyDatabase(text)
	views, notes := collect(t, content, "a.db", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{way: "unused space", encoded: text})
	for _, v := range views {
		if len(v.Way) == 0 {
			t.Errorf("raw bytes are shown of a whole database")
		}
	}

	code := base64.StdEncoding.EncodeToString(content)
	views, notes = collect(t, []byte("db: "+code+"\n"), "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{way: "base64 unused space", encoded: code})
}

func TestABrokenDatabaseIsReadAsBytes(t *testing.T) {
	text := "IONQ_API_KEY=" + sampleKey(32, "")
	content := emptyDatabase(text)
	content[100] = 99
	for _, broken := range [][]byte{content, append(emptyDatabase(text), 1), emptyDatabase(text)[:3500]} {
		views, notes := collect(t, broken, "a.db", Options{})
		wantNote(t, notes, "unread: : broken sqlite")
		found := false
		for _, v := range views {
			found = found || len(v.Way) == 0 && v.Member == "" && strings.Contains(v.text, text)
		}
		if !found {
			t.Error("the raw bytes are not shown")
		}
	}
}

func TestOnlyArchivesAreUnfoldedOnDemand(t *testing.T) {
	content := emptyDatabase(strings.Repeat("x", 50))
	views, _ := collect(t, tarOf(t, file{"a.db", string(content)}), "", Options{ArchivesOnly: true})
	if len(views) != 2 || views[1].text != string(content) {
		t.Errorf("%d views", len(views))
	}
}

func TestDatabasesMeetTheirBudgets(t *testing.T) {
	content := emptyDatabase("")
	for range 3 {
		content = compress(t, kindGzip, content)
	}
	content = compress(t, kindGzip, content)
	_, notes := collect(t, content, "", Options{Depth: 4})
	wantNote(t, notes, "unread: data!data!data!data: archives are nested deeper than 4")
	_, notes = collect(t, emptyDatabase(""), "", Options{Time: time.Nanosecond})
	if len(notes) != 1 || !strings.Contains(notes[0].Reason, "cut short") {
		t.Errorf("%v", notes)
	}
	if bytes.Contains(appendJSON(nil, []byte("a\n\x00\"\\é")), []byte("\n")) {
		t.Error("a row is more than a line")
	}
}
