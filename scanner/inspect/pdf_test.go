package inspect_test

import (
	"path/filepath"
	"testing"
)

// writePDFs writes PDFs as programs do: compressed, with kerning, with glyphs
// that only a table turns into characters, filled forms, links, earlier versions
// of a page, and look-alikes.
const writePDFs = `
import base64, os, sys, zlib
folder, keys = sys.argv[1], sys.stdin.read().split("\n")
a, b, alike = keys

def stream(content, more="", filters="/FlateDecode", pack=zlib.compress):
    data = pack(content.encode("latin-1"))
    return ("<< /Filter [%s] /Length %d %s >>\nstream\n" % (filters, len(data), more)).encode() + data + b"\nendstream"

def write(name, *objects, more=b""):
    out = b"%PDF-1.5\n"
    for i, o in enumerate(objects): out += b"%d 0 obj\n%s\nendobj\n" % (i + 1, o if isinstance(o, bytes) else o.encode())
    with open(os.path.join(folder, name), "wb") as f: f.write(out + more + b"trailer << /Root 1 0 R >>\n%%EOF\n")

def page(name, content, font="<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>", *others, **more):
    write(name, "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>", content if isinstance(content, bytes) else stream(content), font, *others, **more)

def kerned(text): return "[" + " ".join("(%s) %d" % (c.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)"), i % 40 - 20) for i, c in enumerate(text)) + "] TJ"
def lines(*texts): return "BT /F1 10 Tf 14 TL 72 700 Td " + " T* ".join(kerned(t) for t in texts) + " ET"

page("listing.pdf", lines("A first run", "from qiskit_ionq import IonQProvider", 'provider = IonQProvider("%s")' % a))
page("ascii.pdf", stream(lines("IONQ_API_KEY=" + a), "", "/ASCII85Decode /FlateDecode", lambda d: base64.a85encode(zlib.compress(d)) + b"~>"))
glyphs = sorted(set("IONQ_API_KEY=" + a))
table = "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange %d beginbfchar %s endbfchar" % (len(glyphs), " ".join("<%04X> <%04X>" % (i + 3, ord(g)) for i, g in enumerate(glyphs)))
page("glyphs.pdf", "BT /F1 9 Tf <%s> Tj ET" % "".join("%04X" % (glyphs.index(c) + 3) for c in "IONQ_API_KEY=" + a), "<< /Type /Font /Subtype /Type0 /ToUnicode 6 0 R >>", stream(table))
page("form.pdf", lines("Fill in"), "<< >>", "<< /FT /Tx /T (ionq_api_key) /V (%s) >>" % a, "<< /Subtype /Link /A << /S /URI /URI (https://x.example/?ionq_api_key=%s) >> >>" % b)
field = "<< /T (ionq_api_key) /V (%s) >>" % b
page("objects.pdf", lines("x"), "<< >>", stream("9 0 " + field, "/Type /ObjStm /N 1 /First 4"))
page("replaced.pdf", lines("IONQ_API_KEY=" + a), more=b"4 0 obj\n" + stream(lines("IONQ_API_KEY is in the vault")) + b"\nendobj\n")
page("alike.pdf", lines("checksum of ionq.bin", alike, 'IonQProvider("your_api_key_here")', a[:20]))
`

func TestKeysInPDFs(t *testing.T) {
	values := []string{key(51), key(52), "0123456789abcdef0123456789abcdef"}
	folder := written(t, writePDFs, values...)
	for name, want := range map[string][]string{
		"listing.pdf":  {"listing.pdf!page 1 3: ionq-api-key #1"},
		"ascii.pdf":    {"ascii.pdf!page 1 1: ionq-api-key #1"},
		"glyphs.pdf":   {"glyphs.pdf!page 1 1: ionq-api-key #1"},
		"form.pdf":     {"form.pdf!strings 1: ionq-api-key #1", "form.pdf!strings 2: ionq-api-key #2"},
		"objects.pdf":  {"objects.pdf!strings 1: ionq-api-key #2"},
		"replaced.pdf": {"replaced.pdf!earlier version 1 1: ionq-api-key #1"},
		"alike.pdf":    nil,
	} {
		wantTold(t, filepath.Join(folder, name), values, want...)
	}
}
