package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/qleaks/qleaks/scanner/finding"
)

type junitSuites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr,omitempty"`
	Suite    junitSuite
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitOutcome `xml:"failure"`
	Error   *junitOutcome `xml:"error"`
	Skipped *junitOutcome `xml:"skipped"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Body    string `xml:",cdata"`
}

// writeJUnit writes a failed test for each finding, a skipped one for each
// stored or suppressed finding, and one test that stands for the completeness
// of the scan: without findings it is the only one, and it is an error if
// something was not read.
func writeJUnit(w io.Writer, r finding.Result, o Options) error {
	if o.ShowSecrets {
		return ErrSecretsNotShown
	}
	r = prepare(r, o)
	suite := junitSuite{Name: "qleaks"}
	several := countRepositories(r.Findings) > 1
	for _, f := range r.Findings {
		if f.Stored {
			suite.skip(f, "kept in a key store, not a leak")
			continue
		}
		suite.fail(f, several)
	}
	for _, s := range r.Suppressed {
		suite.skip(s.Finding, "suppressed by "+string(s.By)+prefixed(": ", s.Reason))
	}
	suite.complete(r.Coverage)
	suite.verified(finding.Summarize(r))
	suite.Tests = len(suite.Cases)
	suites := junitSuites{
		Name: suite.Name, Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Skipped: suite.Skipped,
		Suite: suite,
	}
	if o.Elapsed > 0 {
		suites.Time = fmt.Sprintf("%.3f", o.Elapsed.Seconds())
	}
	out, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding XML: %w", err)
	}
	_, err = w.Write(append([]byte(xml.Header), append(out, '\n')...))
	return err
}

func (s *junitSuite) fail(f finding.Finding, severalRepositories bool) {
	p := &page{width: defaultWidth}
	t := text{page: p, hinted: map[string]bool{}, manyRepositories: severalRepositories}
	g := group{fingerprint: f.Fingerprint, findings: []finding.Finding{f}}
	t.line()
	t.verification(f.Check)
	t.places(g, f.Rule)
	t.advice(f.Rule)
	c := newJUnitCase(f)
	c.Failure = &junitOutcome{
		Message: Clean(fmt.Sprintf("%s · %s · %s confidence%s",
			f.Rule.Title, naming(f), f.Confidence, standingWords(f.Standing))),
		Type: Clean(f.Rule.ID),
		Body: p.out.String(),
	}
	s.Failures++
	s.Cases = append(s.Cases, c)
}

func (s *junitSuite) skip(f finding.Finding, why string) {
	c := newJUnitCase(f)
	c.Skipped = &junitOutcome{Message: Clean(why)}
	s.Skipped++
	s.Cases = append(s.Cases, c)
}

func newJUnitCase(f finding.Finding) junitCase {
	first := f.Occurrences[0].Location
	return junitCase{
		Class: Clean(f.Rule.ID),
		Name:  Clean(entriesOf(f)[0].where() + " " + f.ID),
		File:  Clean(first.Path),
		Line:  first.Line,
	}
}

// verified adds a test that stands for the answers, where somebody was asked.
func (s *junitSuite) verified(sum finding.Summary) {
	if sum.Active+sum.Inactive+sum.Unanswered == 0 {
		return
	}
	test := junitCase{Class: "verification", Name: "every key was verified"}
	if sum.Unanswered > 0 {
		test.Error = &junitOutcome{Message: unansweredWords(sum.Unanswered), Type: "verification"}
		s.Errors++
	}
	s.Cases = append(s.Cases, test)
}

func unansweredWords(n int) string {
	return "of " + count(int64(n), "key it is", "keys it is") + " not known whether the provider accepts it"
}

func (s *junitSuite) complete(c finding.Coverage) {
	test := junitCase{Class: "coverage", Name: "everything was read"}
	if !c.Complete {
		p := &page{width: defaultWidth}
		t := text{page: p}
		t.line()
		t.coverage(c)
		message := "the scan was cut short"
		if c.Unread > 0 {
			message = count(c.Unread, "thing was", "things were") + " not read"
		}
		test.Error = &junitOutcome{Message: message, Type: "coverage", Body: p.out.String()}
		s.Errors++
	}
	s.Cases = append(s.Cases, test)
}
