package decode

import (
	"archive/zip"
	"bytes"
	"path"
	"strings"

	"github.com/qleaks/qleaks/scanner/decode/office"
)

const (
	sharedStrings   = "xl/sharedStrings.xml"
	workbook        = "xl/workbook.xml"
	workbookRelated = "xl/_rels/workbook.xml.rels"
)

// document is a zip that an office program wrote.
type document struct {
	texts  *office.Strings
	titles map[string]string
	// rest is the part whose texts are told when all sheets were read.
	rest string
}

// document tells whether a zip is a document, and reads what its sheets need;
// nil for another one.
func (w *walk) document(archive *zip.Reader) *document {
	parts := map[string]*zip.File{}
	is := false
	for i, f := range archive.File {
		switch f.Name {
		case "[Content_Types].xml":
			is = true
		case "mimetype":
			is = is || i == 0
		case sharedStrings, workbook, workbookRelated:
			parts[f.Name] = f
		}
	}
	if !is || w.o.ArchivesOnly {
		return nil
	}
	d := &document{}
	if part := w.part(parts[sharedStrings]); part != nil {
		d.texts, d.rest = office.ReadStrings(part), sharedStrings
	}
	if part := w.part(parts[workbook]); part != nil {
		d.titles = office.Titles(part, w.part(parts[workbookRelated]))
	}
	return d
}

// part reads a member of a document beforehand, nil if it cannot be read.
func (w *walk) part(f *zip.File) []byte {
	if f == nil || f.Flags&encryptedFlag != 0 {
		return nil
	}
	in, err := openZipFile(f)
	if err != nil {
		return nil
	}
	defer func() { _ = in.Close() }()
	data, err := w.read(w.guard(in))
	if err != nil {
		return nil
	}
	return data
}

// text returns the text of a member and the name by which it is told; false for
// one that is not marked as text.
func (d *document) text(name string, part []byte) (text []byte, title string, ok bool) {
	if d == nil || !strings.EqualFold(path.Ext(name), ".xml") || sniffWide(part).unit > 0 {
		return nil, "", false
	}
	title = name
	switch {
	case name == d.rest:
		return nil, name, true
	case strings.HasPrefix(name, "xl/worksheets/"):
		if known := d.titles[name]; known != "" {
			title = known
		}
		text, ok = office.Sheet(part, d.texts)
	case strings.HasPrefix(name, "word/"), strings.HasPrefix(name, "ppt/"), strings.HasPrefix(name, "xl/"),
		path.Base(name) == "content.xml", path.Base(name) == "styles.xml":
		text, ok = office.Text(part)
	}
	return text, title, ok
}

// documentPart yields the text of a part of a document. It returns done = false
// for one that is to be read like the member of any zip.
func (w *walk) documentPart(n *node, d *document, name string, part []byte) (done, more bool) {
	text, title, ok := d.text(name, part)
	if !ok {
		return false, true
	}
	if len(text) == 0 {
		return true, true
	}
	if !w.take(n.member, max(0, len(text)-len(part))) {
		return true, !w.stopped
	}
	child := w.member(n, title, text)
	return true, w.showText(child)
}

// restOfDocument yields the texts that no sheet has.
func (w *walk) restOfDocument(n *node, d *document) bool {
	if d == nil || d.texts == nil || w.full {
		return true
	}
	rest := d.texts.Rest()
	if len(bytes.TrimSpace(rest)) == 0 {
		return true
	}
	child := w.member(n, d.rest, rest)
	return w.showText(child)
}
