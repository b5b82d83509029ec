package auditreport

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/scanner/report"
)

//go:embed audit.html.tmpl
var htmlPage string

// htmlView is what the page shows. The page asks for nothing: no script, no
// font, no picture from elsewhere.
type htmlView struct {
	AsOf     string
	Summary  string
	Counts   []htmlCount
	Sections []htmlSection
	Accounts []htmlAccount
	Matrix   htmlMatrix
	Timeline timeline
	Gaps     []string
}

type htmlCount struct {
	Severity hygiene.Severity
	N        int
}

type htmlSection struct {
	Severity hygiene.Severity
	Words    string
	Groups   []htmlGroup
}

type htmlGroup struct {
	ID, Title, Reason, Advice, Page string
	Said                            []htmlSaid
}

type htmlSaid struct{ Subject, Text string }

type htmlAccount struct {
	Title string
	Keys  []htmlKey
}

type htmlKey struct {
	Name, Owner, Made, Used, Status, Standing string
	Places                                    []htmlPlace
	Lapses                                    []string
}

type htmlPlace struct{ Where, Spot, Words string }

// htmlMatrix is the table with two sides: a row for each key that is somewhere,
// a column for each place.
type htmlMatrix struct {
	Columns []string
	Rows    []htmlRow
}

type htmlRow struct {
	Name  string
	Cells []htmlCell
}

type htmlCell struct {
	// Open counts the kept ones that others can read.
	Leaked, Kept, Open int
	Registered         bool
	Spots              string
}

func writeHTML(w io.Writer, r Report, _ Options) error {
	page, err := template.New("audit").Funcs(template.FuncMap{"clean": report.Clean}).Parse(htmlPage)
	if err != nil {
		return err
	}
	return page.Execute(w, newView(r))
}

func newView(r Report) htmlView {
	v := htmlView{AsOf: r.Known.Now.UTC().Format("2006-01-02 15:04 UTC"), Summary: summary(r), Gaps: r.Gaps, Matrix: newMatrix(r), Timeline: newTimeline(r)}
	counts := r.Count()
	for _, s := range hygiene.Severities() {
		v.Counts = append(v.Counts, htmlCount{s, counts[s]})
	}
	for _, g := range r.groups() {
		if n := len(v.Sections); n == 0 || v.Sections[n-1].Severity != g.severity {
			v.Sections = append(v.Sections, htmlSection{Severity: g.severity, Words: severityWords(g.severity)})
		}
		section := &v.Sections[len(v.Sections)-1]
		group := htmlGroup{ID: g.policy.ID, Title: sentence(g.policy.Title), Reason: g.policy.Reason, Advice: g.policy.Advice, Page: g.policy.Page}
		for _, l := range g.lapses {
			group.Said = append(group.Said, htmlSaid{subjectOf(l), l.Said})
		}
		section.Groups = append(section.Groups, group)
	}
	names, groups := byAccount(r.Known.Cases)
	for _, name := range names {
		title := "On no list"
		if name != "" {
			title = name + " · " + r.listOf(groups[name][0], len(groups[name]))
		}
		account := htmlAccount{Title: title}
		for _, c := range groups[name] {
			account.Keys = append(account.Keys, newHTMLKey(r, c))
		}
		v.Accounts = append(v.Accounts, account)
	}
	return v
}

func newHTMLKey(r Report, c *hygiene.Case) htmlKey {
	k := htmlKey{Name: c.Called(), Owner: c.Owner(), Made: day(c.Key().Dates.Created), Used: used(c), Status: status(c), Lapses: r.index.lapsed[c]}
	if c.Entry == nil {
		k.Name, k.Standing = titled(c), standing(c)
	}
	for _, p := range c.Places {
		k.Places = append(k.Places, htmlPlace{where(p), spot(p), placeWords(p)})
	}
	if c.Entry != nil {
		for _, known := range c.Entry.Registered {
			if known.Place != "" {
				k.Places = append(k.Places, htmlPlace{known.Place, "", "registered"})
			}
		}
	}
	return k
}

func newMatrix(r Report) htmlMatrix {
	var m htmlMatrix
	column := map[string]int{}
	at := func(row *htmlRow, name string) *htmlCell {
		i, ok := column[name]
		if !ok {
			i = len(m.Columns)
			column[name] = i
			m.Columns = append(m.Columns, name)
		}
		for len(row.Cells) <= i {
			row.Cells = append(row.Cells, htmlCell{})
		}
		return &row.Cells[i]
	}
	for _, c := range r.Known.Cases {
		row := htmlRow{Name: titled(c)}
		for _, p := range c.Places {
			cell := at(&row, where(p))
			switch {
			case p.Leaked():
				cell.Leaked++
			case p.Access.Exposed():
				cell.Open++
			default:
				cell.Kept++
			}
			cell.Spots = strings.TrimPrefix(cell.Spots+", "+spot(p), ", ")
		}
		if c.Entry != nil {
			for _, known := range c.Entry.Registered {
				if known.Place != "" {
					at(&row, known.Place).Registered = true
				}
			}
		}
		if len(row.Cells) > 0 {
			m.Rows = append(m.Rows, row)
		}
	}
	for i := range m.Rows {
		for len(m.Rows[i].Cells) < len(m.Columns) {
			m.Rows[i].Cells = append(m.Rows[i].Cells, htmlCell{})
		}
	}
	return m
}

// Words is what a cell shows: a sign and a word, so that no colour is needed.
func (c htmlCell) Words() string {
	var parts []string
	if c.Leaked > 0 {
		parts = append(parts, fmt.Sprintf("%d leaked", c.Leaked))
	}
	if c.Open > 0 {
		parts = append(parts, fmt.Sprintf("%d readable by others", c.Open))
	}
	if c.Kept > 0 {
		parts = append(parts, fmt.Sprintf("%d kept", c.Kept))
	}
	if c.Registered {
		parts = append(parts, "registered")
	}
	return strings.Join(parts, ", ")
}
