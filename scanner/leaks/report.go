package leaks

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/template"

	"github.com/qleaks/qleaks/rules/gitleaks"
)

// Report says how leaks are written.
type Report struct {
	// Format is one of Formats.
	Format  string
	Showing Showing
	// Rules are listed in sarif; Version is qleaks' own.
	Rules   []*gitleaks.Rule
	Version string
	// Template is the text of one, for the format of that name.
	Template string
}

// Formats are the names that Write knows.
func Formats() []string { return []string{"json", "csv", "junit", "sarif", "template"} }

// jsonLeak has the names and the order of gitleaks' reports; templates see it,
// too.
type jsonLeak struct {
	jsonWhat
	jsonWhere
	Entropy float32
	jsonWho
	Tags        []string
	Fingerprint string
}

type jsonWhat struct {
	RuleID      string
	Description string
	StartLine   int
	EndLine     int
	StartColumn int
	EndColumn   int
	// Line is for templates alone.
	Line   string `json:"-"`
	Match  string
	Secret string
}

type jsonWhere struct {
	File        string
	SymlinkFile string
	Commit      string
	Link        string `json:",omitempty"`
}

type jsonWho struct{ Author, Email, Date, Message string }

func (r Report) forms(all []Leak) []jsonLeak {
	out := make([]jsonLeak, 0, len(all))
	message := r.Showing.messages(all)
	for _, l := range all {
		shown := r.Showing.values(l)
		tags := l.Tags
		if tags == nil {
			tags = []string{}
		}
		out = append(out, jsonLeak{
			jsonWhat: jsonWhat{
				RuleID: l.Rule.ID, Description: l.Rule.Description,
				StartLine: l.StartLine, EndLine: l.EndLine, StartColumn: l.StartColumn, EndColumn: l.EndColumn,
				Line: shown.line, Match: shown.match, Secret: shown.secret,
			},
			jsonWhere: jsonWhere{l.File, l.Symlink, l.Commit.ID, l.Link},
			Entropy:   l.Entropy,
			jsonWho:   jsonWho{l.Commit.Author, l.Commit.Email, l.Commit.Date, message(l.Commit.Message)},
			Tags:      tags, Fingerprint: l.Fingerprint(),
		})
	}
	return out
}

// Write writes a report in gitleaks' form.
func (r Report) Write(w io.Writer, all []Leak) error {
	forms := r.forms(all)
	switch r.Format {
	case "json":
		return indented(w, forms)
	case "csv":
		return writeCSV(w, forms)
	case "junit":
		return writeJUnit(w, forms)
	case "sarif":
		return indented(w, r.sarif(forms))
	case "template":
		t, err := r.Parse()
		if err != nil {
			return err
		}
		return t.Execute(w, forms)
	}
	return fmt.Errorf("report format %q is not one of %s", r.Format, strings.Join(Formats(), ", "))
}

func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// writeCSV writes nothing where there are no leaks, as gitleaks does.
func writeCSV(w io.Writer, all []jsonLeak) error {
	if len(all) == 0 {
		return nil
	}
	columns := []string{
		"RuleID", "Commit", "File", "SymlinkFile", "Secret", "Match", "StartLine", "EndLine", "StartColumn", "EndColumn",
		"Author", "Message", "Date", "Email", "Fingerprint", "Tags",
	}
	links := all[0].Link != ""
	if links {
		columns = append(columns, "Link")
	}
	out := csv.NewWriter(w)
	_ = out.Write(columns) // told by Error
	for _, l := range all {
		row := []string{
			l.RuleID, l.Commit, l.File, l.SymlinkFile, l.Secret, l.Match,
			strconv.Itoa(l.StartLine), strconv.Itoa(l.EndLine), strconv.Itoa(l.StartColumn), strconv.Itoa(l.EndColumn),
			l.Author, l.Message, l.Date, l.Email, l.Fingerprint, strings.Join(l.Tags, " "),
		}
		if links {
			row = append(row, l.Link)
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Failures string      `xml:"failures,attr"`
	Name     string      `xml:"name,attr"`
	Tests    string      `xml:"tests,attr"`
	Cases    []junitCase `xml:"testcase"`
	Time     string      `xml:"time,attr"`
}

type junitCase struct {
	Classname string       `xml:"classname,attr"`
	Failure   junitFailure `xml:"failure"`
	File      string       `xml:"file,attr"`
	Name      string       `xml:"name,attr"`
	Time      string       `xml:"time,attr"`
}

type junitFailure struct {
	Data    string `xml:",chardata"`
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
}

func writeJUnit(w io.Writer, all []jsonLeak) error {
	count := strconv.Itoa(len(all))
	suite := junitSuite{Failures: count, Name: "gitleaks", Tests: count}
	for _, l := range all {
		data, err := json.MarshalIndent(l, "", "\t")
		if err != nil {
			return err
		}
		message := fmt.Sprintf("%s has detected a secret in file %s, line %d", l.RuleID, l.File, l.StartLine)
		if l.Commit != "" {
			message += ", at commit " + l.Commit
		}
		message += "."
		suite.Cases = append(suite.Cases, junitCase{
			Classname: l.Description, File: l.File, Name: message,
			Failure: junitFailure{Data: string(data), Message: message, Type: l.Description},
		})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "\t")
	return e.Encode(junitSuites{Suite: suite})
}

// Parse reads the template. It has Go's own functions and those of sprig that
// reports use.
func (r Report) Parse() (*template.Template, error) {
	return template.New("report").Funcs(functions()).Parse(r.Template)
}
