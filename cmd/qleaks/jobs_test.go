package main

import (
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
)

// submit BACKEND WHO SHOTS AGE STATUS [PROJECT] gives IonQ a job of so long ago.
func submit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 || len(args) > 6 {
		ts.Fatalf("usage: submit BACKEND WHO SHOTS AGE STATUS [PROJECT]")
	}
	shots, err := strconv.Atoi(args[2])
	ts.Check(err)
	age, err := time.ParseDuration(args[3])
	ts.Check(err)
	j := ionq.Job{Backend: args[0], Submitter: args[1], Shots: shots, Status: args[4], Submitted: time.Now().Add(-age), Cost: 5}
	if len(args) == 6 {
		j.Project = args[5]
	}
	cloudOf(ts).ionq.Submit(j)
}
