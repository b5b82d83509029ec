package demo

import (
	"time"

	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
)

const (
	day  = 24 * time.Hour
	hour = time.Hour
)

// populate opens the accounts: at each provider a key that leaked, and beside it
// keys that lie idle, are old, or are just as they should be.
func (w *World) populate(now time.Time) {
	clock := time.Now // the accounts go on living while one tries things
	w.atIonQ(now, clock)
	w.atIBM(now, clock)
	w.atQBraid(now, clock)
}

func (w *World) atIonQ(now time.Time, clock func() time.Time) {
	s := ionq.New(ionq.Options{Now: clock})
	laptop, value := s.Create(ionq.Key{Name: "ada-laptop", Project: "bell-lab", Owner: "Ada", Created: now.Add(-200 * day), Used: now.Add(-3 * hour)})
	s.Create(ionq.Key{Name: "old-course", Project: "course-2025", Owner: "Ada", Created: now.Add(-400 * day), Used: now.Add(-140 * day)})
	_, own := s.Create(ionq.Key{Name: "qleaks", Project: "bell-lab", Owner: "Grace", Created: now.Add(-20 * day), Used: now.Add(-day)})
	for _, j := range []ionq.Job{
		{Name: "bell-pairs", Submitter: "Ada", Shots: 1000, Cost: 3},
		{Name: "vqe-h2", Submitter: "Ada", Shots: 2000, Cost: 6},
		{Name: "job", Submitter: "nobody-we-know", Backend: "qpu.aria-1", Shots: 100_000, Cost: 970},
	} {
		j.Project, j.Status, j.Submitted = laptop.Project, "ready", now.Add(-2*hour)
		s.Submit(j)
	}
	// What Ada is used to, before the key leaked.
	for i := range 8 {
		at := now.Add(-time.Duration(12+5*i) * day)
		s.Submit(ionq.Job{
			Name: "bell-pairs", Submitter: "Ada", Shots: 1000, Cost: 3, Project: laptop.Project, Status: "completed",
			Submitted: at, Started: at.Add(hour), Completed: at.Add(hour + 40*time.Second),
		})
	}
	w.IonQ, w.leaked["ionq"], w.Credentials["ionq"] = s, value, own
}

func (w *World) atIBM(now time.Time, clock func() time.Time) {
	s := ibm.New(ibm.Options{Now: clock})
	grace := s.Join(ibm.Identity{Name: "Grace", Email: "grace@bell-lab.example", Administrator: true})
	ada := s.Join(ibm.Identity{Name: "Ada", Email: "ada@bell-lab.example"})
	nightly := s.Service("nightly-calibration")
	operator, own := s.Create(ibm.Key{Name: "qleaks", Owner: grace.ID})
	laptop, value := s.Create(ibm.Key{Name: "ada-laptop", Owner: ada.ID})
	idle, _ := s.Create(ibm.Key{Name: "poster-session", Owner: ada.ID})
	robot, _ := s.Create(ibm.Key{Name: "nightly", Owner: nightly.ID, Locked: true})
	s.Age(operator.ID, now.Add(-20*day), now.Add(-day), 40)
	s.Age(laptop.ID, now.Add(-300*day), now.Add(-2*day), 911)
	s.Age(idle.ID, now.Add(-220*day), now.Add(-150*day), 3)
	s.Age(robot.ID, now.Add(-60*day), now.Add(-hour), 1400)
	lab := s.Provide(ibm.Instance{Name: "bell-lab", Plan: "open-plan", Backends: []string{"ibm_torino"}, Limit: 600, Consumed: 212})
	s.Submit(ibm.Job{Instance: lab.CRN, User: ada.ID, Backend: "ibm_torino"})
	w.IBM, w.leaked["ibm"], w.Credentials["ibm"] = s, value, own
}

func (w *World) atQBraid(now time.Time, clock func() time.Time) {
	s := qbraid.New(qbraid.Options{Now: clock})
	ada := s.Join(qbraid.User{Name: "ada", Email: "ada@bell-lab.example", Roles: []string{"user"}, Credits: 1200})
	w.leaked["qbraid"] = s.Create(qbraid.Key{Name: "hackathon", User: ada.ID, Created: now.Add(-100 * day), Used: now.Add(-99 * day)})
	s.Delete(ada.ID, "hackathon")
	w.Credentials["qbraid"] = s.Create(qbraid.Key{Name: "qleaks", User: ada.ID, Created: now.Add(-20 * day), Used: now.Add(-day)})
	w.QBraid = s
}
