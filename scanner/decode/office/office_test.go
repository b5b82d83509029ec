package office_test

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/decode/office"
)

func TestTextIsThatOfThePage(t *testing.T) {
	for part, want := range map[string]string{
		`<w:p><w:r><w:t>one</w:t></w:r><w:r><w:t xml:space="preserve"> wo</w:t></w:r><w:r><w:t>rd &amp; &#x41;</w:t><w:br/></w:r></w:p><w:p/>`:    "one word & A\n\n\n",
		`<w:p>space <w:t>x</w:t><w:tab/><w:t><![CDATA[a<b&amp;]]></w:t></w:p>`:                                                                    "x\ta<b&amp;\n",
		`<w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs><w:t>x</w:t>`:                                                                          "x",
		`<text:p>a<text:s text:c="3"/>b<text:s/>c<text:line-break/>d</text:p><text:h>e</text:h>`:                                                  "a   b c\nd\ne\n",
		`<w:tbl><w:tr><w:tc><w:p><w:t>a</w:t></w:p><w:p><w:t>b</w:t></w:p></w:tc><w:tc><w:t>c</w:t></w:tc></w:tr></w:tbl><w:p><w:t>d</w:t></w:p>`: "a b\tc\t\nd\n",
		`<w:p><w:t>stays</w:t><w:del><w:delText>goes</w:delText></w:del><w:t> here</w:t></w:p>`:                                                   "stays here\tgoes\n",
		`<!-- <w:t>no</w:t> --><?xml <w:t>?><!DOCTYPE x><w:t>yes`:                                                                                 "yes",
		`<w:t>x</w:t><pic:cNvPr descr="a text with a row: abcdefghij0123456789"/>`:                                                                "xdescr=\"a text with a row: abcdefghij0123456789\"\n",
	} {
		if got, ok := office.Text([]byte(part)); !ok || string(got) != want {
			t.Errorf("%s\nwant %q\ngot  %q", part, want, got)
		}
	}
	for _, part := range []string{"", "<", "<w:p/>", "no mark", "<w:settings><w:zoom/></w:settings>"} {
		if got, ok := office.Text([]byte(part)); ok {
			t.Errorf("%q has no text, got %q", part, got)
		}
	}
}

func TestRowsHaveTheirNumberAsLine(t *testing.T) {
	texts := office.ReadStrings([]byte(`<sst><si><t>one</t></si><si/><si><r><t>t</t></r><r><t>wo</t></r></si><si><t>` + strings.Repeat("long ", 50) + `</t></si><si><t>gone</t></si></sst>`))
	part := `<sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c r="D2"><v>1.5</v></c></row><row r="4"><c r="A4" t="s"><v>2</v></c><c t="str"><f>A1&amp;B1</f><v>x</v></c></row>` +
		`<row><c t="s"><v>3</v></c><c t="s"><v>3</v></c><c t="s"><v>99</v></c><c t="s"><v>-1</v></c></row></sheetData>`
	got, ok := office.Sheet([]byte(part), texts)
	want := "\none\t1.5\t\n\ntwo\t=A1&B1 x\t\n" + strings.Repeat("long ", 49) + "long\t" + strings.TrimSpace(strings.Repeat("long ", 50)[:64]) + "\t99\t-1\t\n"
	if !ok || string(got) != want {
		t.Errorf("want %q\ngot  %q", want, got)
	}
	if rest := string(texts.Rest()); rest != "\ngone\n" {
		t.Errorf("rest %q", rest)
	}
}

func TestAHeadNamesItsColumn(t *testing.T) {
	const value = "abcdefghij0123456789abcdefghij"
	cell := func(s string) string { return `<c t="inlineStr"><is><t>` + s + `</t></is></c>` }
	for row, want := range map[string]string{
		`<row>` + cell("who") + cell("API key") + `</row><row>` + cell("ada") + cell(value) + `</row>`: "who\tAPI key\t\nada\tAPI key: \"" + value + "\"\t\n",
		`<row>` + cell("my_token") + cell(value) + `</row>`:                                            "my_token: \"" + value + "\"\t\n",
		`<row>` + cell("who") + cell("what") + `</row><row>` + cell("ada") + cell(value) + `</row>`:    "who\twhat\t\nada\t" + value + "\t\n",
		`<row>` + cell("keys") + `</row><row>` + cell("short") + `</row>`:                              "keys\t\nshort\t\n",
	} {
		if got, _ := office.Sheet([]byte("<sheetData>"+row+"</sheetData>"), nil); string(got) != want {
			t.Errorf("want %q\ngot  %q", want, got)
		}
	}
}

func TestTitlesOfSheets(t *testing.T) {
	got := office.Titles([]byte(`<sheets><sheet name="A &amp; B" sheetId="3" r:id="rId1"/><sheet name="x" r:id="none"/><sheet r:id="rId2"/></sheets>`),
		[]byte(`<Relationships><Relationship Target="worksheets/sheet1.xml" Id="rId1"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>`))
	if len(got) != 1 || got["xl/worksheets/sheet1.xml"] != "A & B" {
		t.Errorf("%q", got)
	}
}

func TestFewBytesMakeLittleText(t *testing.T) {
	texts := office.ReadStrings([]byte("<si><t>" + strings.Repeat("x", 10_000) + "</t></si>"))
	for name, part := range map[string]string{
		"repeated text": strings.Repeat(`<c t="s"><v>0</v></c>`, 10_000),
		"far columns":   strings.Repeat(`<row><c r="XFD1"><v>1</v></c></row>`, 10_000),
		"far row":       `<row r="99999999999999999999"/><row r="1048576"/>`,
		"spaces":        strings.Repeat(`<text:p><text:s text:c="999999999"/></text:p>`, 1000),
		"columns":       strings.Repeat(`<table:table-cell table:number-columns-repeated="16384"/>`, 1000),
		"open":          strings.Repeat("<w:tbl><w:t>", 10_000),
		"closed":        strings.Repeat("</w:t></w:tbl></w:tr>", 10_000),
	} {
		sheet, _ := office.Sheet([]byte("<sheetData>"+part), texts)
		text, _ := office.Text([]byte(part))
		if most := 6*len(part) + 2<<20; len(sheet) > most || len(text) > most {
			t.Errorf("%s: %d and %d bytes of %d", name, len(sheet), len(text), len(part))
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add(`<w:p><w:r><w:t>one</w:t><w:tab/><w:br/></w:r><w:del><w:delText>x</w:delText></w:del></w:p><w:tbl><w:tr><w:tc>`)
	f.Add(`<sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c><f>A&amp;1</f></c></row><![CDATA[x]]><!-- --><?x?>`)
	f.Add(`<text:p>a<text:s text:c="3"/></text:p><table:table-cell number-columns-repeated="9"/><office:spreadsheet>`)
	f.Fuzz(func(t *testing.T, part string) {
		texts := office.ReadStrings([]byte(part))
		sheet, _ := office.Sheet([]byte(part), texts)
		text, _ := office.Text([]byte(part))
		if most := 32*len(part) + 2<<20; len(sheet) > most || len(text) > most {
			t.Fatalf("%d and %d bytes of %d", len(sheet), len(text), len(part))
		}
		_ = texts.Rest()
		office.Titles([]byte(part), []byte(part))
	})
}
