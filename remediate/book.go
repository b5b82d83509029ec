package remediate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/journal"
)

// Book is the Journal and the Vault of an account on disk, over package journal.
// It is for one process; whoever makes the journal.Journal closes it.
type Book struct {
	journal *journal.Journal
	// ids are the journal's names of rotations, by ours.
	ids map[string]journal.ID
	// again counts, by step, how often what was done does not count any more.
	again map[string]int
}

var (
	_ Journal = (*Book)(nil)
	_ Vault   = (*Book)(nil)
)

// NewBook opens the book of an account. A rotation that was begun, and of which
// nothing was written down before the process died, is closed: nothing of it was
// done.
func NewBook(j *journal.Journal) (*Book, error) {
	b := &Book{journal: j, ids: map[string]journal.ID{}, again: map[string]int{}}
	for _, r := range j.OpenRotations() {
		if len(r.Notes) > 0 {
			continue
		}
		if err := j.End(r.ID, "never begun"); err != nil {
			return nil, err
		}
	}
	records, err := b.Records()
	for _, rec := range records {
		if rec.Kind == Undone {
			b.again[stepKey(rec)]++
		}
	}
	return b, err
}

// entry is a Record inside of one of the journal's.
type entry struct {
	Kind  Kind              `json:"kind"`
	Do    Action            `json:"do,omitempty"`
	Step  int               `json:"step"`
	Facts map[string]string `json:"facts,omitempty"`
}

func stepKey(r Record) string { return fmt.Sprintf("%s %d %s", r.Rotation, r.Step, r.Do) }

// stepName is the journal's name of a step. What was made undone is a step of
// its own when it is made again.
func (b *Book) stepName(r Record) string {
	name := fmt.Sprintf("%d %s", r.Step+1, r.Do)
	if n := b.again[stepKey(r)]; n > 0 {
		name = fmt.Sprintf("%s, again %d", name, n)
	}
	return name
}

// Append implements Journal.
func (b *Book) Append(r Record) error {
	e := entry{Kind: r.Kind, Do: r.Do, Step: r.Step, Facts: r.Facts}
	if r.Kind == Opened {
		return b.begin(r, e)
	}
	id, ok := b.ids[r.Rotation]
	if !ok {
		return fmt.Errorf("the journal has no rotation %s", r.Rotation)
	}
	switch r.Kind { //nolint:exhaustive // the others are notes
	case Intent:
		_, err := b.journal.Intend(id, b.stepName(r), journal.Target{}, e)
		return err
	case IsDone, NotDone, NobodyKnows:
		return b.settle(id, r, e)
	case Finished, Abandoned:
		return b.end(id, r)
	case Undone:
		if err := b.journal.Note(id, e); err != nil {
			return err
		}
		b.again[stepKey(r)]++
		return nil
	}
	return b.journal.Note(id, e)
}

func (b *Book) begin(r Record, e entry) error {
	var row Row
	if err := json.Unmarshal([]byte(r.Facts[factRow]), &row); err != nil {
		return err
	}
	s := journal.Subject{
		Logical: row.logical(), Key: row.Key.ID, Name: row.Key.Name, Fingerprint: row.Key.Fingerprint, Owner: party(row.Key.Owner),
		Sequence: string(row.Order) + " " + r.Rotation, Plan: r.Facts[factPlan],
	}
	if by := r.Facts[factApproved]; by != "" {
		s.Approvers = strings.Split(by, ", ")
	}
	id, err := b.journal.Begin(s)
	if err != nil {
		return err
	}
	b.ids[r.Rotation] = id
	return b.journal.Note(id, e)
}

// settle answers the open intent of a step; without one it is a note, such as
// what was found out about a step that does not count any more.
func (b *Book) settle(id journal.ID, r Record, e entry) error {
	known, _ := b.journal.Rotation(id)
	step, ok := known.Step(b.stepName(r))
	if !ok || step.Settled() {
		return b.journal.Note(id, e)
	}
	as := map[Kind]journal.Kind{IsDone: journal.Done, NotDone: journal.Failed, NobodyKnows: journal.Unknown}[r.Kind]
	return b.journal.Settle(id, step.Name, as, journal.Answer{Intent: step.Intent, Reason: r.Facts[factWhy]}, e)
}

// end closes a rotation: what was intended and is of no interest any more is
// settled, and what is sealed is released.
func (b *Book) end(id journal.ID, r Record) error {
	known, _ := b.journal.Rotation(id)
	for _, s := range known.Unsettled() {
		if err := b.journal.Settle(id, s.Name, journal.Failed, journal.Answer{Intent: s.Intent, Reason: string(r.Kind)}, nil); err != nil {
			return err
		}
	}
	for _, v := range known.Unreleased() {
		if err := b.journal.Release(v, 0); err != nil {
			return err
		}
	}
	return b.journal.End(id, string(r.Kind))
}

// Records implements Journal.
func (b *Book) Records() ([]Record, error) {
	var all []journal.Record
	for rec, err := range b.journal.Replay(1) {
		if err != nil {
			return nil, err
		}
		all = append(all, rec)
	}
	records, ids, err := Told(all)
	maps.Copy(b.ids, ids)
	return records, err
}

// Told makes Records of those of a journal, and says what the journal calls
// their rotations.
func Told(all []journal.Record) ([]Record, map[string]journal.ID, error) {
	var records []Record
	ids, ours := map[string]journal.ID{}, map[journal.ID]string{}
	for _, rec := range all {
		if rec.Kind == journal.Begun {
			if words := strings.Fields(rec.Subject.Sequence); len(words) > 0 {
				name := words[len(words)-1]
				ids[name], ours[rec.Rotation] = rec.Rotation, name
			}
			continue
		}
		var e entry
		name := ours[rec.Rotation]
		switch {
		case name == "":
			continue
		case rec.Kind == journal.Ended && rec.Answer.Reason != "never begun":
			e = entry{Kind: Kind(rec.Answer.Reason), Step: -1}
		case len(rec.Facts) == 0 || string(rec.Facts) == "null":
			continue
		default:
			if err := json.Unmarshal(rec.Facts, &e); err != nil {
				return nil, nil, fmt.Errorf("record %d of the journal is not one of remediation", rec.Sequence)
			}
		}
		records = append(records, Record{Time: rec.Time.Round(0), Rotation: name, Step: e.Step, Do: e.Do, Kind: e.Kind, Facts: e.Facts})
	}
	return records, ids, nil
}

// sealed are the values of a rotation under a name that were not released.
func (b *Book) sealed(name string) (journal.ID, []journal.SealedFile, error) {
	rotation, _, _ := strings.Cut(name, "-")
	id, ok := b.ids[rotation]
	if !ok {
		return "", nil, fmt.Errorf("the journal has no rotation %s", rotation)
	}
	known, _ := b.journal.Rotation(id)
	var files []journal.SealedFile
	for _, v := range known.Unreleased() {
		if v.KeyName == name {
			files = append(files, v)
		}
	}
	return id, files, nil
}

var errSealed = errors.New("another value is sealed under that name")

// Seal implements Vault.
func (b *Book) Seal(name string, v secret.Value) error {
	id, files, err := b.sealed(name)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		_, err = b.journal.Seal(id, name, v)
		return err
	}
	before, err := b.journal.Unseal(files[0])
	if err == nil && !before.Equal(v) {
		err = errSealed
	}
	return err
}

// Open implements Vault.
func (b *Book) Open(name string) (secret.Value, error) {
	_, files, err := b.sealed(name)
	if err != nil {
		return secret.Value{}, err
	}
	if len(files) == 0 {
		return secret.Value{}, ErrNoValue
	}
	return b.journal.Unseal(files[len(files)-1])
}

// Forget implements Vault.
func (b *Book) Forget(name string) error {
	_, files, err := b.sealed(name)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := b.journal.Release(f, 0); err != nil {
			return err
		}
	}
	return nil
}

// EndedAt counts, for the caps of a day, what the journal of an account tells
// without its lock.
func EndedAt(p journal.Place, a journal.Account, since time.Time) (ended, deleted int, err error) {
	view, err := journal.Look(p, a)
	if err != nil {
		return 0, 0, err
	}
	records, _, err := Told(view.Records)
	if err != nil {
		return 0, 0, err
	}
	ended, deleted = EndedSince(records, since)
	return ended, deleted, nil
}
