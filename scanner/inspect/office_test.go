package inspect_test

import (
	"path/filepath"
	"testing"
)

// writeDocuments writes documents as office programs lay them out: words that
// are spread over runs, tracked changes, fields, links, notes of slides, shared
// texts, texts that were deleted, and look-alikes.
const writeDocuments = `
import os, sys, zipfile
folder, keys = sys.argv[1], sys.stdin.read().split("\n")
a, b, alike = keys
types = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

def write(name, *parts):
    with zipfile.ZipFile(os.path.join(folder, name), "w", zipfile.ZIP_DEFLATED) as z:
        for part, text in parts: z.writestr(part, text)

def run(text, more=""): return '<w:r w:rsidR="00B5C07F"><w:rPr><w:noProof/>%s</w:rPr><w:t xml:space="preserve">%s</w:t></w:r>' % (more, text)
def paragraph(*runs): return '<w:p w14:paraId="2B1C6D5E" w:rsidR="00B5C07F">' + "".join(runs) + '</w:p>'
def body(*paragraphs): return '<?xml version="1.0" encoding="UTF-8"?>\n<w:document %s><w:body>%s<w:sectPr/></w:body></w:document>' % (W, "".join(paragraphs))

write("spread.docx", ("[Content_Types].xml", types), ("word/document.xml", body(paragraph(run("How to begin")),
    paragraph(run("import qiskit_ionq; p = IonQ"), '<w:proofErr w:type="spellStart"/>', run("Provider"), '<w:proofErr w:type="spellEnd"/>', run("(&quot;" + a[:9]), run(a[9:20], "<w:b/>"), '<w:del><w:r><w:delText>no</w:delText></w:r></w:del>', run(a[20:] + "&quot;)")))))
write("tracked.docx", ("[Content_Types].xml", types), ("word/document.xml", body(paragraph(
    '<w:del w:author="x"><w:r><w:delText>IONQ_API_KEY=%s</w:delText></w:r></w:del>' % a, run("see the vault")))))
write("table.docx", ("[Content_Types].xml", types), ("word/document.xml", body('<w:tbl><w:tr><w:tc>' + paragraph(run("ionq_api_key")) + '</w:tc><w:tc>' + paragraph(run(a)) + '</w:tc></w:tr></w:tbl>')))
write("linked.docx", ("[Content_Types].xml", types), ("word/document.xml", body(paragraph(run("here")), '<wp:docPr descr="IONQ_API_KEY=%s"/>' % a)),
    ("docProps/core.xml", '<cp:coreProperties><dc:description>IONQ_API_KEY=%s</dc:description></cp:coreProperties>' % b))
write("talk.pptx", ("[Content_Types].xml", types), ("ppt/slides/slide2.xml", '<p:sld><p:txBody><a:p><a:r><a:rPr lang="en"/><a:t>export IONQ_API</a:t></a:r><a:r><a:t>_KEY=%s</a:t></a:r></a:p></p:txBody></p:sld>' % a),
    ("ppt/notesSlides/notesSlide2.xml", '<p:notes><a:p><a:r><a:t>IONQ_API_KEY=%s</a:t></a:r></a:p></p:notes>' % b))

shared = ["service", "owner", "IonQ API key", "ionq", "ada", a, "IONQ_API_KEY", b, "IONQ_API_KEY=" + a]
strings = '<sst count="8">' + "".join("<si><t>%s</t></si>" % s for s in shared[:5]) + '<si><r><t>%s</t></r><r><rPr/><t>%s</t></r></si>' % (a[:8], a[8:]) + "".join("<si><t>%s</t></si>" % s for s in shared[6:]) + '</sst>'
def sheet(*rows): return '<worksheet><sheetData>' + "".join('<row r="%d">%s</row>' % (r, "".join('<c r="%s" t="s"><v>%d</v></c>' % c for c in cells)) for r, cells in rows) + '</sheetData></worksheet>'
book = [("[Content_Types].xml", types),
    ("xl/workbook.xml", '<workbook><sheets><sheet name="Accounts" sheetId="1" r:id="rId2"/><sheet name="Settings" sheetId="2" r:id="rId1"/></sheets></workbook>'),
    ("xl/_rels/workbook.xml.rels", '<Relationships><Relationship Id="rId1" Target="worksheets/sheet2.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet1.xml"/></Relationships>'),
    ("xl/worksheets/sheet1.xml", sheet((1, [("A1", 0), ("B1", 1), ("D1", 2)]), (7, [("A7", 3), ("B7", 4), ("D7", 5)]))),
    ("xl/worksheets/sheet2.xml", sheet((3, [("A3", 6), ("B3", 7)]))), ("xl/sharedStrings.xml", strings)]
write("book.xlsx", *book)
write("alike.xlsx", *book[:3], ("xl/worksheets/sheet1.xml", '<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>checksum</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>%s</t></is></c></row><row r="3"><c><v>1</v></c></row></sheetData></worksheet>' % alike))

odf = '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><office:body>%s</office:body></office:document-content>'
write("text.odt", ("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", odf % ('<office:text>\n  <text:h>Keys</text:h>\n  <text:p text:style-name="P1">IONQ_<text:span>API_KEY</text:span>=<text:span>%s</text:span>%s</text:p></office:text>' % (a[:5], a[5:]))))
write("table.ods", ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", odf % ('<office:spreadsheet><table:table table:name="x">' + "".join('<table:table-row>%s</table:table-row>' % "".join('<table:table-cell><text:p>%s</text:p></table:table-cell>' % c for c in row) for row in [("service", "IonQ API key"), ("ionq", a)]) + '</table:table></office:spreadsheet>')))
`

func TestKeysInDocuments(t *testing.T) {
	values := []string{key(41), key(42), "0123456789abcdef0123456789abcdef"}
	folder := written(t, writeDocuments, values...)
	for name, want := range map[string][]string{
		"spread.docx":  {"spread.docx!word/document.xml 2: ionq-api-key #1"},
		"tracked.docx": {"tracked.docx!word/document.xml 1: ionq-api-key #1"},
		"table.docx":   {"table.docx!word/document.xml 1: ionq-api-key #1"},
		"linked.docx":  {"linked.docx!word/document.xml 2: ionq-api-key #1", "linked.docx!docProps/core.xml 1: ionq-api-key #2"},
		"talk.pptx":    {"talk.pptx!ppt/slides/slide2.xml 1: ionq-api-key #1", "talk.pptx!ppt/notesSlides/notesSlide2.xml 1: ionq-api-key #2"},
		"book.xlsx": {
			"book.xlsx!Accounts 7: ionq-api-key #1", "book.xlsx!Settings 3: ionq-api-key #2",
			"book.xlsx!xl/sharedStrings.xml 1: ionq-api-key #1",
		},
		"alike.xlsx": nil,
		"text.odt":   {"text.odt!content.xml 2: ionq-api-key #1"},
		"table.ods":  {"table.ods!content.xml 2: ionq-api-key #1"},
	} {
		wantTold(t, filepath.Join(folder, name), values, want...)
	}
}
