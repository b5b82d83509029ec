package journal

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/oklog/ulid/v2"

	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/head"
)

// Begin opens a rotation; ErrOpen if one of that logical key is open.
func (j *Journal) Begin(s Subject) (ID, error) {
	name, err := ulid.New(ulid.Timestamp(j.place.Now()), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("begin a rotation: %w", err)
	}
	id := ID(name.String())
	_, err = j.write(Record{Kind: Begun, Rotation: id, Subject: &s}, nil)
	if err != nil {
		return "", fmt.Errorf("begin a rotation: %w", err)
	}
	return id, nil
}

// Intend writes that a step is about to be done, and returns the number that
// Settle wants. When it returns without an error, the step may be done; with
// one, it may not. A step that is done is ErrDone, one of which nobody knows
// ErrUnsettled; one that failed may be intended again.
func (j *Journal) Intend(id ID, step string, on Target, of any) (uint64, error) {
	r, err := j.write(Record{Kind: Intent, Rotation: id, Step: step, Target: on}, of)
	if err != nil {
		return 0, doing(fmt.Sprintf("intend step %q of rotation %s", step, id), err)
	}
	return r.Sequence, nil
}

// Settle writes what became of an intent: Done, Failed, or Unknown, which can be
// settled again when it is found out. The intent is the number that Intend
// returned, or Step.Intent of an unsettled step; it stands in Answer.Intent.
func (j *Journal) Settle(id ID, step string, as Kind, a Answer, of any) error {
	if as != Done && as != Failed && as != Unknown {
		return fmt.Errorf("settle step %q of rotation %s: %w: as %s", step, id, ErrOrder, as)
	}
	if _, err := j.write(Record{Kind: as, Rotation: id, Step: step, Answer: a}, of); err != nil {
		return doing(fmt.Sprintf("settle step %q of rotation %s", step, id), err)
	}
	return nil
}

// doing says what failed, unless a value could stand in the words of it.
func doing(what string, err error) error {
	if errors.Is(err, ErrMaterial) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Note writes facts that are no step: of a rotation, or, without an ID, of the
// account.
func (j *Journal) Note(id ID, of any) error {
	if _, err := j.write(Record{Kind: Noted, Rotation: id}, of); err != nil {
		return fmt.Errorf("write a note: %w", err)
	}
	return nil
}

// End closes a rotation, with its result in a word of the caller's. Every step
// is settled and every sealed value released by then.
func (j *Journal) End(id ID, result string) error {
	if _, err := j.write(Record{Kind: Ended, Rotation: id, Answer: Answer{Reason: result}}, nil); err != nil {
		return doing(fmt.Sprintf("end rotation %s", id), err)
	}
	return nil
}

func (j *Journal) write(r Record, of any) (Record, error) {
	var err error
	if r.Facts, err = facts(of); err != nil {
		return Record{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.append(r)
}

// append writes a record. What it refuses changes nothing; any error of the
// disk stops the journal.
func (j *Journal) append(r Record) (Record, error) {
	if j.stopped != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrStopped, j.stopped)
	}
	r.Time, r.Actor = j.place.Now().UTC(), j.place.Actor
	if step, ok := j.book.step(r); ok {
		r.Target = step.Target
	}
	data, err := encode(r, j.head)
	if err != nil {
		return Record{}, err
	}
	if err := j.guard(data[recordHeader : len(data)-checksumSize]); err != nil {
		return Record{}, err
	}
	// What goes into the book is what will be read: both come to the same.
	if r, _, err = decode(data, j.head); err != nil {
		return Record{}, err
	}
	if err := j.alone(); err != nil {
		return Record{}, j.stop(err)
	}
	if err := j.book.take(r); err != nil {
		return Record{}, err
	}
	if err := j.put(data, r); err != nil {
		return Record{}, j.stop(err)
	}
	if err := j.audit(r); err != nil {
		return Record{}, j.stop(err)
	}
	return r, nil
}

// put makes a record safe, then the head.
func (j *Journal) put(data []byte, r Record) error {
	if _, err := j.file.WriteAt(data, j.size); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.size += int64(len(data))
	j.head.Sequence, j.head.Digest = r.Sequence, r.Digest
	return head.Write(j.place.Disk, j.place.head(j.account), j.head)
}

// alone makes sure that nobody else wrote, in spite of the lock: somebody could
// have removed its file, and not every network file system locks.
func (j *Journal) alone() error {
	size, err := j.file.Size()
	if err != nil {
		return err
	}
	kept, err := head.Read(j.place.Disk, j.place.head(j.account))
	if err != nil {
		return err
	}
	if size != j.size || kept != j.head {
		return errors.New("another process wrote to the journal while this one had it locked")
	}
	return nil
}

func (j *Journal) stop(err error) error {
	if j.stopped == nil {
		j.stopped = err
	}
	return fmt.Errorf("%w: %w", ErrStopped, err)
}

// audit tells the audit log of a record.
func (j *Journal) audit(r Record) error {
	if j.place.Audit == nil {
		return nil
	}
	_, err := j.place.Audit.Append(j.entry(r))
	return err
}

func (j *Journal) entry(r Record) auditlog.Entry {
	e := auditlog.Entry{
		Time: r.Time, Actor: r.Actor, Rotation: string(r.Rotation), Key: r.Target.Key, Fingerprint: string(r.Target.Fingerprint),
		Action: r.Step, Outcome: r.Kind.String(), Answer: auditlog.Answer{Request: r.Answer.Request, Status: r.Answer.Status}, Duration: r.Answer.Duration,
		Journal: auditlog.Source{Account: j.account.String(), Head: head.Head{Chain: j.head.Chain, Sequence: r.Sequence, Digest: r.Digest}},
	}
	if e.Action == "" {
		e.Action = r.Kind.String()
	}
	rotation := j.book.byID[r.Rotation]
	if rotation == nil {
		return e
	}
	e.Plan, e.Approvers = rotation.Subject.Plan, rotation.Subject.Approvers
	if r.Sealed != nil {
		e.Fingerprint = string(r.Sealed.Fingerprint)
	} else if e.Key == "" && e.Fingerprint == "" {
		e.Key, e.Fingerprint = rotation.Subject.Key, string(rotation.Subject.Fingerprint)
	}
	return e
}

// told returns the last record that the audit log tells of.
func (j *Journal) told() (auditlog.Source, error) {
	if j.place.Audit == nil {
		return auditlog.Source{}, nil
	}
	last, _, err := j.place.Audit.Last(j.account.String())
	return last, err
}

// agree holds the journal to what the audit log tells of it.
func (j *Journal) agree(data []byte, kept head.Head) error {
	told, err := j.told()
	if err != nil || told.Account == "" {
		return err
	}
	found := headOfHeader(data[:fileHeader])
	_, err = scan(data, j.account, kept, false, func(r Record) error {
		if r.Sequence == told.Sequence {
			found.Sequence, found.Digest = r.Sequence, r.Digest
		}
		return nil
	})
	if err == nil && found != told.Head {
		err = fmt.Errorf("%w: the audit log tells of record %d, which this journal does not have", ErrOldCopy, told.Sequence)
	}
	return err
}

// tell tells the audit log of the records that it lacks, because a writer was
// cut short between the two.
func (j *Journal) tell() error {
	told, err := j.told()
	if err != nil || j.place.Audit == nil || told.Sequence == j.head.Sequence {
		return err
	}
	for r, err := range j.Replay(told.Sequence + 1) {
		if err == nil {
			err = j.audit(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
