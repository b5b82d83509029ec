// Package sweepreport writes what the records of sweeps tell of a time, for people
// and auditors: findings and their lives, keys and how long nobody used them,
// decisions, how far each repository was read, runs, actions. A writer is a pure
// function of the report. None holds key material, and none passes on text that a
// spreadsheet or a browser would obey.
package sweepreport

import (
	"encoding/json"
	"io"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/textpage"
)

// Schema names the form of the json format.
const Schema = "qleaks.sweep-report/1"

// Report is what is told.
type Report struct {
	Schema string `json:"schema"`
	Period
	// Numbers are those of the first page.
	Numbers  Numbers   `json:"numbers"`
	Findings []Finding `json:"findings"`
	Keys     []Key     `json:"keys"`
	// Decisions, Runs and Actions are of the period; decisions that stand are told
	// whenever they were made.
	Decisions []records.Decision `json:"decisions"`
	Coverage  []Coverage         `json:"coverage"`
	Runs      []records.Run      `json:"runs"`
	Actions   []Action           `json:"actions"`
	// Controls are what an evidence pack says of controls.
	Controls []Control `json:"controls,omitempty"`
	// Cut says which lists are longer than what is told of them.
	Cut []string `json:"cut"`
}

// Period is of when and by whom it is.
type Period struct {
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	// Run is the one run that it is about, 0 for all of the time.
	Run int64 `json:"run,omitempty"`
}

// Numbers are the numbers of a report.
type Numbers struct {
	// Lives count all findings of the records by life.
	Lives map[records.Life]int64 `json:"findingsByLife"`
	Open  int64                  `json:"open"`
	// Active of the open ones have a key that works; Unasked were not asked about.
	Active  int64 `json:"active"`
	Unasked int64 `json:"unasked"`
	// Repositories are those that are there, Whole of them were read to their end.
	Repositories int64  `json:"repositories"`
	Whole        int64  `json:"whole"`
	Idle         int64  `json:"idleKeys"`
	Revoke       Delays `json:"timeToRevoke"`
}

// Delays are how long keys that were revoked in the period were open to be found,
// from when a sweep first saw them until a provider refused them.
type Delays struct {
	Keys    int           `json:"keys"`
	Median  time.Duration `json:"median"`
	Longest time.Duration `json:"longest"`
	// Waiting is how long the oldest key that works has been open, 0 if none is.
	Waiting time.Duration `json:"waiting"`
}

// Finding is a finding with the times of its life.
type Finding struct {
	records.Finding

	// Over is when it ended, by revocation or otherwise, zero while it is open.
	Over time.Time `json:"over,omitzero"`
	// Why is why it has the life that it has, By who or what said so.
	Why string `json:"why,omitempty"`
	By  string `json:"by,omitempty"`
}

// Key is a listed key.
type Key struct {
	Seq      int64  `json:"seq"`
	Provider string `json:"provider"`
	Account  string `json:"account"`
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Owner    string `json:"owner,omitempty"`
	// Fingerprint is that of its value, where it is known.
	Fingerprint string    `json:"fingerprint,omitempty"`
	Created     time.Time `json:"created,omitzero"`
	Use         key.Use   `json:"use"`
	// Unused is how many days nobody used it, -1 if that is not known.
	Unused   int  `json:"unusedDays"`
	Disabled bool `json:"disabled,omitempty"`
	// Listed is when a list last had it; Gone since when none has.
	Listed
}

// Listed is when lists had a key.
type Listed struct {
	First time.Time `json:"firstListed"`
	Last  time.Time `json:"lastListed"`
	Gone  time.Time `json:"gone,omitzero"`
}

// Coverage is how far a repository was read.
type Coverage struct {
	Repository string    `json:"repository"`
	Origin     string    `json:"origin"`
	Gone       time.Time `json:"gone,omitzero"`
	// Covered is when a sweep last looked at it, Complete whether all was read then.
	Covered  time.Time `json:"covered,omitzero"`
	Complete bool      `json:"complete"`
	Outcome  string    `json:"outcome,omitempty"`
	// Read is when it was last read, by the run Run: what follows is of then.
	Read    time.Time       `json:"read,omitzero"`
	Run     int64           `json:"run,omitempty"`
	Tips    json.RawMessage `json:"tips,omitempty"`
	Counts  json.RawMessage `json:"counts,omitempty"`
	Skipped json.RawMessage `json:"skipped,omitempty"`
}

// Action is something that was done.
type Action struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	State   string    `json:"state"`
	Who     string    `json:"who"`
	Run     int64     `json:"run,omitempty"`
}

// Result is what came of checking a control.
type Result string

// The results. Not knowing is one of its own: it never counts as met.
const (
	Met     Result = "met, as far as is shown"
	NotMet  Result = "not met"
	Unknown Result = "not known"
)

// Control is one control, and what the records show of it.
type Control struct {
	ID       string `json:"id"`
	Standard string `json:"standard"`
	Title    string `json:"title"`
	// Checked is what was looked at, Result what came of it, and Said why.
	Checked string `json:"checked"`
	Result  Result `json:"result"`
	Said    string `json:"said"`
	// Rows name what shows it: a file of the pack, and a key's or a finding's number.
	Rows []string `json:"rows"`
	// NotShown is what these records do not show.
	NotShown []string `json:"notShown"`
}

// Options say how to write.
type Options = textpage.Options

func formats() textpage.Formats[Report] {
	return textpage.Formats[Report]{{Name: "html", Write: writeHTML}, {Name: "json", Write: writeJSON}, {Name: "csv", Write: writeCSV}}
}

// Formats returns the names that Write knows.
func Formats() []string { return formats().Names() }

// Write writes a report in a format of Formats.
func Write(w io.Writer, format string, r Report) error {
	return formats().Write(w, format, r, Options{})
}

func writeJSON(w io.Writer, r Report, _ Options) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
