package journal_test

import (
	"context"
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/journal"
)

// A routine rotation, as far as the journal is concerned. What is done between
// Intend and Settle is the caller's.
func Example() {
	ctx, disk := context.Background(), durabletest.New(1)
	place := journal.Place{Dir: "/state/remediate", Heads: "/data/heads", Disk: disk, Actor: "alice"}

	// Once: the offline identity is shown before anything is kept.
	keeper := journal.KeeperFile{Name: "/config/identity", Disk: disk}
	identities, err := place.NewIdentities()
	if err != nil {
		return
	}
	if place.Sealer, err = identities.Keep(ctx, keeper); err != nil {
		return
	}
	if place.Audit, err = auditlog.Open(auditlog.Place{Dir: "/state/audit", Heads: "/data/heads", Disk: disk}); err != nil {
		return
	}

	j, err := journal.Open(place, journal.Account{Provider: "ibm", ID: "a1b2"})
	if err != nil {
		return
	}
	defer j.Close()
	for _, r := range j.OpenRotations() {
		fmt.Println("resume", r.ID, r.Unsettled())
	}

	id, err := j.Begin(journal.Subject{Logical: "lab", Key: "ApiKey-1", Plan: "0123"})
	if err != nil {
		return
	}
	name := "lab--qleaks-" + string(id)
	sealed, err := j.Seal(id, name, value(1))
	if err != nil {
		return
	}
	intent, err := j.Intend(id, "create", journal.Target{Fingerprint: sealed.Fingerprint}, nil)
	if err != nil {
		return
	}
	// Here the provider is asked to make the key.
	answer := journal.Answer{Intent: intent, Status: 201, Duration: (80 * time.Millisecond).Milliseconds()}
	if err := j.Settle(id, "create", journal.Done, answer, map[string]string{"key": "ApiKey-2"}); err != nil {
		return
	}
	// When every store confirmed:
	if err := j.Release(sealed, 7*24*time.Hour); err != nil {
		return
	}
	if err := j.End(id, "done"); err != nil {
		return
	}
	r, _ := j.Rotation(id)
	step, _ := r.Step("create")
	fmt.Println(step.State, string(step.Result), r.Open(), r.Result, place.Audit.Head().Sequence)
	// Output: done {"key":"ApiKey-2"} false done 7
}
