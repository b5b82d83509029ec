package incident

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/qleaks/qleaks/scanner/report"
)

//go:embed incident.html.tmpl
var htmlPage string

type htmlView struct {
	htmlHead

	Story  []htmlEvent
	Places []htmlPlace
	Reach  []string
	Jobs   []htmlJob
	Queued, Sessions, Made,
	Gaps, Steps []string
	Asked bool
}

type htmlHead struct{ Title, Owner, AsOf, Since, Verdict, Caveat, MadeCaveat, Total string }

type htmlEvent struct{ At, What, How string }

type htmlPlace struct {
	Repository, Path string
	Line             int
}

type htmlJob struct {
	At, ID, Name, Backend, Owner, Ran, Cost, Status string
	Shots                                           int64
	Unlike                                          []string
}

func writeHTML(w io.Writer, t Told, _ Options) error {
	page, err := template.New("incident").Funcs(template.FuncMap{"clean": report.Clean}).Parse(htmlPage)
	if err != nil {
		return err
	}
	v := htmlView{htmlHead: htmlHead{
		Title: t.Case.Provider + " " + t.Case.Called(), Owner: t.Case.Owner(), AsOf: minute(t.Now), Since: minute(t.Since), Verdict: t.verdict(), Caveat: caveat, MadeCaveat: madeCaveat,
		Total: t.total(),
	}, Reach: t.reach(), Gaps: t.Gaps, Steps: t.steps(), Asked: t.Asked}
	for _, e := range t.story() {
		v.Story = append(v.Story, htmlEvent{minute(e.At), e.What, e.How})
	}
	for _, p := range t.Case.Leaks() {
		v.Places = append(v.Places, htmlPlace{of(p), p.Path, p.Line})
	}
	for _, j := range t.Window {
		job := htmlJob{At: minute(j.Times.Submitted), ID: j.ID, Name: j.Name, Backend: j.Backend, Owner: j.Owner, Cost: amount(j.Cost), Status: j.Status, Shots: j.Shots, Unlike: j.Unlike}
		if j.Times.Ran > 0 {
			job.Ran = seconds(j.Times.Ran)
		}
		v.Jobs = append(v.Jobs, job)
	}
	for _, j := range t.Queued {
		v.Queued = append(v.Queued, jobLine(j))
	}
	for _, s := range t.Sessions {
		v.Sessions = append(v.Sessions, s.ID+" · "+s.Backend+" · since "+minute(s.Begun))
	}
	for _, e := range t.Made {
		v.Made = append(v.Made, madeLine(e))
	}
	return page.Execute(w, v)
}
