package decode

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// pdfOf makes a PDF with one page of a text, in which each character is shown
// by itself, and a file that is attached.
func pdfOf(t testing.TB, text, attached string) []byte {
	var content strings.Builder
	content.WriteString("BT /F 10 Tf 12 TL 72 700 Td ")
	for line := range strings.SplitSeq(text, "\n") {
		content.WriteString("[")
		for _, c := range line {
			fmt.Fprintf(&content, "<%02x> 5 ", c)
		}
		content.WriteString("] TJ T* ")
	}
	out := []byte("%PDF-1.4\n")
	for i, o := range []string{
		"<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R /Parent 2 0 R >>",
		"<< /Filter /FlateDecode >> stream\n" + string(compress(t, kindZlib, []byte(content.String()))) + "\nendstream",
		"<< /Type /EmbeddedFile /Filter /FlateDecode >> stream\n" + string(compress(t, kindZlib, []byte(attached))) + "\nendstream",
	} {
		out = fmt.Appendf(out, "%d 0 obj %s endobj\n", i+1, o)
	}
	return append(out, "trailer << /Root 1 0 R >>"...)
}

func TestPagesOfAPDFAreMembers(t *testing.T) {
	key, other := sampleKey(32, ""), sampleKey(32, "")
	text := "# ionq\nIONQ_API_KEY=" + key
	content := pdfOf(t, text, string(zipOf(t, 8, file{"a.env", "K=" + other})))
	views, notes := collect(t, content, "a.pdf", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{member: "page 1", encoded: text})
	wantPlace(t, views, other, place{member: "object 5!a.env", encoded: other})

	views, notes = collect(t, []byte("x: "+base64.StdEncoding.EncodeToString(content)+"\n"), "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{member: "base64!page 1", encoded: text})

	views, notes = collect(t, zipOf(t, 8, file{"a.pdf", string(content)}), "", Options{})
	wantNote(t, notes)
	wantPlace(t, views, text, place{member: "a.pdf!page 1", encoded: text})
}

func TestWhatIsMissingOfAPDFIsNoted(t *testing.T) {
	whole := pdfOf(t, "text", "file")
	_, notes := collect(t, append(bytes.Clone(whole), " trailer << /Encrypt 9 0 R >>"...), "", Options{})
	wantNote(t, notes, "excluded: : encrypted")
	_, notes = collect(t, bytes.Replace(whole, []byte("/FlateDecode"), []byte("/Unheard-Of"), 1), "", Options{})
	wantNote(t, notes, "unread: : broken PDF")
}

func TestAPDFMeetsItsBudgets(t *testing.T) {
	if testing.Short() { // as the race detector runs it, and nothing runs beside it
		t.Skip("it takes memory and time")
	}
	bomb := pdfOf(t, "text", strings.Repeat("0", 40<<20))
	_, notes := collect(t, bomb, "", Options{Ratio: 20})
	wantNote(t, notes, "unread: : it unfolds to more than 20 times its size")
	_, notes = collect(t, bomb, "", Options{TotalBytes: 1 << 20})
	wantNote(t, notes, "unread: : it unfolds to more than 1 MiB")
	_, notes = collect(t, bomb, "", Options{MemberBytes: 1 << 20})
	wantNote(t, notes, "unread: : only the first 1 MiB were read")
}
