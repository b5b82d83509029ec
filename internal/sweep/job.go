package sweep

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// The queues: reading takes memory, so that its workers are counted apart.
const (
	readQueue = "read"
	stepQueue = "step"
)

// discoverArgs are of the job that lists the repositories of a run.
type discoverArgs struct {
	Run     int64   `json:"run"`
	Request Request `json:"request"`
}

// Kind implements river.JobArgs.
func (discoverArgs) Kind() string { return "discover" }

// readArgs are of the job that reads one repository in one run.
type readArgs struct {
	Run        int64 `json:"run"        river:"unique"`
	Repository int64 `json:"repository" river:"unique"`
	// State is the one that was listed: what is read now has at least that.
	State string `json:"state,omitempty" river:"unique"`
	// Look: the state is to be asked for first.
	Look    bool    `json:"look,omitempty"`
	Request Request `json:"request"`
}

// Kind implements river.JobArgs.
func (readArgs) Kind() string { return "read" }

// stepArgs are of the jobs that come when all is read.
type stepArgs struct {
	Run     int64   `json:"run"     river:"unique"`
	Step    string  `json:"step"    river:"unique"`
	Request Request `json:"request"`
	// Failed are the steps before that did not succeed.
	Failed []string `json:"failed,omitempty"`
}

// Kind implements river.JobArgs.
func (stepArgs) Kind() string { return "step" }

// reportStep is the last one: it ends the run.
const reportStep = "report"

// attempts is how often a job may fail.
const attempts = 5

func discovering(run int64, r Request) river.InsertManyParams {
	return river.InsertManyParams{
		Args:       discoverArgs{Run: run, Request: r},
		InsertOpts: &river.InsertOpts{Queue: stepQueue, MaxAttempts: attempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	}
}

func reading(run, repository int64, l Listed, r Request, now time.Time) river.InsertManyParams {
	return river.InsertManyParams{
		Args: readArgs{Run: run, Repository: repository, State: l.State, Look: l.Look, Request: r},
		InsertOpts: &river.InsertOpts{
			Queue: readQueue, MaxAttempts: attempts, Priority: urgency(now.Sub(l.Pushed)), UniqueOpts: river.UniqueOpts{ByArgs: true},
		},
	}
}

func concluding(run int64, step string, r Request, failed []string) river.InsertManyParams {
	if step == "" {
		step = reportStep
	}
	return river.InsertManyParams{
		Args:       stepArgs{Run: run, Step: step, Request: r, Failed: failed},
		InsertOpts: &river.InsertOpts{Queue: stepQueue, MaxAttempts: attempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	}
}

// urgency puts what was pushed lately first: 1 is the most urgent of River's four
// priorities.
func urgency(since time.Duration) int {
	const day = 24 * time.Hour
	switch {
	case since < 2*day:
		return 1
	case since < 14*day:
		return 2
	case since < 180*day:
		return 3
	}
	return 4
}

// patient waits longer after each failure, at most ten minutes.
type patient struct{}

// NextRetry implements river.ClientRetryPolicy.
func (patient) NextRetry(row *rivertype.JobRow) time.Time {
	n := len(row.Errors) + 1
	return time.Now().Add(min(time.Duration(n*n)*time.Second, 10*time.Minute))
}
