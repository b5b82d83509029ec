package desk_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/sweep/sweeptest"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

const password = "correct horse battery"

// office is a desk with a finding on it.
type office struct {
	*desk.Desk

	t       *testing.T
	finding records.Finding
}

func newOffice(t *testing.T) *office {
	t.Helper()
	store := recordstest.Open(t)
	sweeps := sweeptest.Desk(t, store)
	request := func(r sweep.Request) (sweep.Request, error) {
		if r.Target[0] != '/' {
			return r, errors.New("it is no directory")
		}
		return r, nil
	}
	o := &office{Desk: &desk.Desk{Store: store, Sweeps: sweeps, Request: request}, t: t}
	o.update(func(ctx context.Context, tx *records.Tx) error {
		run, err := tx.StartRun(ctx, "sweep", "/srv", "test")
		if err != nil {
			return err
		}
		repository, err := tx.PutRepository(ctx, records.Repository{Name: "/srv/vqe", Origin: "/srv", Location: "/srv/vqe"})
		if err != nil {
			return err
		}
		return tx.Cover(ctx, records.Report{
			Coverage:  records.Coverage{Run: run.Seq, Repository: repository.Seq, Outcome: records.Read, Complete: true},
			Sightings: []records.Sighting{{ID: "f1", Path: "a.py", Referenced: true, Kind: records.Kind{Fingerprint: "print", Rule: "ionq-api-key", Provider: "ionq", Confidence: "high"}, Places: json.RawMessage("[]")}},
		})
	})
	found, err := store.Findings(t.Context(), records.Filter{}, records.Page{})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	o.finding = found[0]
	return o
}

func (o *office) update(do func(ctx context.Context, tx *records.Tx) error) {
	o.t.Helper()
	recordstest.Update(o.t, o.Store, do)
}

// as is a context in which somebody with a role asks.
func (o *office) as(name string, role access.Role) context.Context {
	return access.With(o.t.Context(), access.Identity{Name: name, Role: role})
}

func (o *office) life() records.Life {
	f, err := o.Store.Finding(o.t.Context(), o.finding.Seq)
	if err != nil {
		o.t.Fatal(err)
	}
	return f.Life
}

func someKey(t *testing.T) string {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return sample.Key(set.Rule("ionq-api-key"), sample.NewValues(1))
}

// noted reports whether the audit log says that somebody did something.
func (o *office) noted(kind, subject, state, who string) bool {
	o.t.Helper()
	actions, err := o.Store.Actions(o.t.Context(), records.ActionFilter{Kind: kind, Subject: subject}, records.Page{})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, a := range actions {
		if a.State == state && a.Who == who {
			return true
		}
	}
	return false
}

// Each change needs its role, whoever calls it.
func TestEveryChangeNeedsItsRole(t *testing.T) {
	o := newOffice(t)
	for name, c := range map[string]struct {
		needs access.Role
		do    func(ctx context.Context) error
	}{
		"ignore": {access.Triager, func(ctx context.Context) error {
			_, err := o.Ignore(ctx, desk.Ignoring{Findings: []int64{o.finding.Seq}, Why: "a test"})
			return err
		}},
		"take back": {access.Triager, func(ctx context.Context) error { return o.TakeBack(ctx, 99, "") }},
		"start": {access.Triager, func(ctx context.Context) error {
			_, err := o.Start(ctx, sweep.Request{Target: "/srv"})
			return err
		}},
		"start elsewhere": {access.Admin, func(ctx context.Context) error {
			_, err := o.Start(ctx, sweep.Request{Target: "/etc"})
			return err
		}},
		"start with steps": {access.Admin, func(ctx context.Context) error {
			_, err := o.Start(ctx, sweep.Request{Target: "/srv", Steps: []string{"remediate"}})
			return err
		}},
		"cancel": {access.Triager, func(ctx context.Context) error { return o.Cancel(ctx, 99) }},
		"schedule": {access.Admin, func(ctx context.Context) error {
			_, err := o.PutSchedule(ctx, records.Schedule{Name: "nightly", Cron: "0 2 * * *", Zone: "UTC"}, sweep.Request{Target: "/srv"})
			return err
		}},
		"pause":           {access.Admin, func(ctx context.Context) error { return o.Pause(ctx, "nightly", true) }},
		"delete schedule": {access.Admin, func(ctx context.Context) error { return o.DeleteSchedule(ctx, "weekly") }},
		"retry":           {access.Triager, func(ctx context.Context) error { return o.Retry(ctx, 99) }},
		"retry all": {access.Triager, func(ctx context.Context) error {
			_, err := o.RetryAll(ctx)
			return err
		}},
		"bring a plan": {access.Triager, func(ctx context.Context) error {
			_, err := o.AddPlan(ctx, []byte("{}"))
			return err
		}},
		"approve": {access.Approver, func(ctx context.Context) error {
			_, err := o.Approve(ctx, "none", desk.Word{})
			return err
		}},
		"reject": {access.Approver, func(ctx context.Context) error {
			_, err := o.Reject(ctx, "none", "no")
			return err
		}},
		"add a user": {access.Admin, func(ctx context.Context) error {
			_, err := o.AddUser(ctx, "eve", access.Viewer, "short")
			return err
		}},
		"change a user": {access.Admin, func(ctx context.Context) error { return o.ChangeUser(ctx, "none", access.Viewer, false) }},
		"delete a user": {access.Admin, func(ctx context.Context) error { return o.DeleteUser(ctx, "none") }},
		"end a token":   {access.Viewer, func(ctx context.Context) error { return o.EndToken(ctx, 99) }},
	} {
		for _, role := range append(access.Roles(), access.Nobody) {
			err := c.do(o.as("ada", role))
			if forbidden := errors.Is(err, access.ErrForbidden); forbidden == role.May(c.needs) {
				t.Errorf("%s as %v: %v", name, role, err)
			}
		}
	}
}

func TestFindingsAreIgnoredAndTakenBack(t *testing.T) {
	o := newOffice(t)
	ctx := o.as("tim", access.Triager)
	key := someKey(t)
	for what, i := range map[string]desk.Ignoring{
		"nothing":         {Why: "x"},
		"both":            {Why: "x", Findings: []int64{o.finding.Seq}, Fingerprint: "print"},
		"no reason":       {Why: " \n", Findings: []int64{o.finding.Seq}},
		"a long reason":   {Why: string(bytes.Repeat([]byte("x"), 3000)), Findings: []int64{o.finding.Seq}},
		"a key as reason": {Why: `api_key = "` + key + `"`, Findings: []int64{o.finding.Seq}},
		"a day gone by":   {Why: "x", Findings: []int64{o.finding.Seq}, Until: time.Now().Add(-time.Hour)},
	} {
		if _, err := o.Ignore(ctx, i); !errors.Is(err, desk.ErrInput) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, unknown := range []desk.Ignoring{{Why: "x", Findings: []int64{o.finding.Seq, 99}}, {Why: "x", Fingerprint: "none"}} {
		if _, err := o.Ignore(ctx, unknown); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("%+v: %v", unknown, err)
		}
	}
	if o.life() != records.New {
		t.Fatalf("what was refused changed the finding to %s", o.life())
	}
	for _, i := range []desk.Ignoring{{Why: "a test", Findings: []int64{o.finding.Seq, o.finding.Seq}}, {Why: "a test", Fingerprint: "print", Until: time.Now().Add(time.Hour)}} {
		made, err := o.Ignore(ctx, i)
		if err != nil || len(made) != 1 || o.life() != records.Ignored {
			t.Fatal(made, err, o.life())
		}
		if err := o.TakeBack(ctx, made[0], ""); err != nil || o.life() == records.Ignored {
			t.Fatal(err, o.life())
		}
		if err := o.TakeBack(ctx, made[0], ""); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("taken back twice: %v", err)
		}
	}
	if !o.noted("decision", "f1", "ignored", "tim") || !o.noted("decision", "print", "ignored", "tim") {
		t.Error("the audit log does not say who decided")
	}
}

func TestSweepsAreStartedAndScheduled(t *testing.T) {
	o := newOffice(t)
	admin, triager := o.as("ada", access.Admin), o.as("tim", access.Triager)
	if _, err := o.Start(admin, sweep.Request{Target: "elsewhere"}); !errors.Is(err, desk.ErrInput) {
		t.Errorf("a target that is none: %v", err)
	}
	run, err := o.Start(triager, sweep.Request{Target: "/srv/vqe"})
	if err != nil || run.Cause != "person tim" {
		t.Fatal(run, err)
	}
	if err := o.Cancel(triager, run.Seq); err != nil {
		t.Fatal(err)
	}
	if err := o.Cancel(triager, run.Seq); !errors.Is(err, desk.ErrConflict) {
		t.Errorf("cancelled twice: %v", err)
	}
	for _, s := range []records.Schedule{{}, {Name: "x", Cron: "nonsense", Zone: "UTC"}, {Name: "x", Cron: "@daily", Zone: "Atlantis"}, {Name: "x", Cron: "0 0 31 2 *", Zone: "UTC"}} {
		if _, err := o.PutSchedule(admin, s, sweep.Request{Target: "/srv"}); !errors.Is(err, desk.ErrInput) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	due, err := o.PutSchedule(admin, records.Schedule{Name: "nightly", Cron: "0 2 * * *", Zone: "UTC", Enabled: true}, sweep.Request{Target: "/srv", Steps: []string{"verify"}})
	if err != nil || due.Hour() != 2 {
		t.Fatal(due, err)
	}
	// What an admin scheduled, a triager may begin now.
	if _, err := o.Start(triager, sweep.Request{Target: "/srv", Steps: []string{"verify"}}); err != nil {
		t.Error(err)
	}
	for _, paused := range []bool{true, false} {
		if err := o.Pause(admin, "nightly", paused); err != nil {
			t.Fatal(err)
		}
		schedules, err := o.Store.Schedules(t.Context())
		if err != nil || schedules[0].Enabled == paused {
			t.Errorf("paused %v: %+v, %v", paused, schedules, err)
		}
	}
	if err := o.DeleteSchedule(admin, "nightly"); err != nil {
		t.Error(err)
	}
	if err := o.Pause(admin, "nightly", true); !errors.Is(err, records.ErrNotFound) {
		t.Errorf("a schedule that is gone: %v", err)
	}
}

// signer is a person with an SSH key.
type signer struct{ ssh.Signer }

func newSigner(t *testing.T) signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer{s}
}

func (s signer) sign(text []byte) ([]byte, error) {
	signature, err := sshsig.Sign(bytes.NewReader(text), s, sshsig.HashSHA512, remediate.ApprovalNamespace)
	if err != nil {
		return nil, err
	}
	return sshsig.Armor(signature), nil
}

func (s signer) line(principal string) []byte {
	return append([]byte(principal+" "), ssh.MarshalAuthorizedKey(s.PublicKey())...)
}

// somePlan is a plan for one key, which needs a second person if signed says so.
func somePlan(requester string, signed bool) remediate.Plan {
	return remediate.Plan{
		Schema: "qleaks.plan/1", Made: time.Now().UTC().Truncate(time.Second), Requester: requester,
		Rows: []remediate.Row{{
			ID: "01JDVWXQ0000000000000000AA", Key: remediate.Target{Provider: "ibm", Account: "lab", ID: "ApiKey-1", Facts: remediate.Facts{AsOf: time.Now().UTC()}},
			Reason: remediate.Leaked, Order: remediate.RevokeOnly, Approval: signed,
			Steps: []remediate.Step{{Do: remediate.Evidence, By: remediate.ByOwn, Text: "note it"}, {Do: remediate.Revoke, By: remediate.ByAPI, Text: "revoke it"}, {Do: remediate.Refused, By: remediate.ByAPI, Text: "prove it"}},
		}},
	}
}

func (o *office) bring(plan remediate.Plan, by string) string {
	o.t.Helper()
	text, err := plan.JSON()
	if err != nil {
		o.t.Fatal(err)
	}
	kept, err := o.AddPlan(o.as(by, access.Triager), text)
	if err != nil || kept.Hash != plan.Hash() || kept.State != records.PlanWaiting {
		o.t.Fatal(kept, err)
	}
	return kept.Hash
}

func TestPlansAreApprovedBySomebodyElse(t *testing.T) {
	o := newOffice(t)
	hash := o.bring(somePlan("Ada", false), "tim")
	for _, own := range []string{"ada", "tim"} {
		if _, err := o.Approve(o.as(own, access.Admin), hash, desk.Word{}); !errors.Is(err, desk.ErrConflict) {
			t.Errorf("%s approves a plan of their own: %v", own, err)
		}
	}
	vote, err := o.Approve(o.as("grace", access.Approver), hash, desk.Word{Why: "rehearsed"})
	if err != nil || !vote.Yes || vote.Who != "grace" || vote.Plan != hash {
		t.Fatal(vote, err)
	}
	if p, err := o.Store.Plan(t.Context(), hash); err != nil || p.State != records.PlanApproved || !o.noted("plan", hash, "approved", "grace") {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := o.Reject(o.as("grace", access.Approver), hash, "on second thought"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Approve(o.as("grace", access.Approver), hash, desk.Word{}); !errors.Is(err, desk.ErrConflict) {
		t.Errorf("approved after it was rejected: %v", err)
	}
	key := someKey(t)
	spoiled := somePlan("ada", false)
	spoiled.Rows[0].Why = []string{key}
	text, err := spoiled.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{nil, []byte("{}"), []byte("["), text} {
		if _, err := o.AddPlan(o.as("tim", access.Triager), text); !errors.Is(err, desk.ErrInput) {
			t.Errorf("%.20q is kept as a plan: %v", text, err)
		}
	}
}

func TestAPlanInTheRecordsThatWasChangedIsNotApproved(t *testing.T) {
	o := newOffice(t)
	plan := somePlan("ada", false)
	text, err := plan.JSON()
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("ApiKey-1"), []byte("ApiKey-2"), 1)
	o.update(func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.PutPlan(ctx, records.Plan{Hash: plan.Hash(), Who: "sweep", Requester: "ada", Plan: text})
		return err
	})
	if _, err := o.Approve(o.as("grace", access.Approver), plan.Hash(), desk.Word{}); err == nil {
		t.Error("it is approved")
	}
}

func TestAPlanThatNeedsASignatureGetsOne(t *testing.T) {
	o := newOffice(t)
	plan := somePlan("ada", true)
	hash := o.bring(plan, "tim")
	grace := o.as("grace", access.Approver)
	if _, err := o.Approve(grace, hash, desk.Word{}); !errors.Is(err, desk.ErrInput) {
		t.Errorf("without a signature: %v", err)
	}
	her, server, eve := newSigner(t), newSigner(t), newSigner(t)
	word := func(s signer, plan remediate.Plan) desk.Word {
		text := remediate.ApprovalText(plan, time.Now())
		signature, err := s.sign(text)
		if err != nil {
			t.Fatal(err)
		}
		return desk.Word{Approval: &remediate.Approval{Text: text, Signature: signature}}
	}
	if _, err := o.Approve(grace, hash, word(her, plan)); !errors.Is(err, desk.ErrInput) {
		t.Errorf("where nobody's signature counts: %v", err)
	}
	signers, err := remediate.ReadSigners(append(her.line("grace"), server.line("server")...))
	if err != nil {
		t.Fatal(err)
	}
	o.Signers = func() (remediate.Signers, error) { return signers, nil }
	other := somePlan("bob", true)
	for what, w := range map[string]desk.Word{"of a stranger": word(eve, plan), "of another plan": word(her, other)} {
		if _, err := o.Approve(grace, hash, w); !errors.Is(err, desk.ErrInput) {
			t.Errorf("with the signature %s: %v", what, err)
		}
	}
	o.Sign = server.sign
	for what, w := range map[string]desk.Word{"of hers": word(her, plan), "of the server": {}} {
		vote, err := o.Approve(grace, hash, w)
		if err != nil {
			t.Errorf("with a signature %s: %v", what, err)
			continue
		}
		// What was kept is what qleaks remediate apply takes.
		if _, err := signers.Approver(plan, remediate.Approval{Text: []byte(vote.Text), Signature: []byte(vote.Signature)}, time.Now()); err != nil {
			t.Errorf("what is kept %s does not count: %v", what, err)
		}
	}
}

func TestAnAdminIsLeft(t *testing.T) {
	o := newOffice(t)
	ctx := o.as("root", access.Admin)
	for _, c := range []struct {
		name, password string
		role           access.Role
		want           error
	}{
		{"ada", password, access.Admin, nil},
		{" ADA ", password, access.Viewer, desk.ErrConflict},
		{"<b>", password, access.Viewer, desk.ErrInput},
		{"bob", "short", access.Viewer, desk.ErrInput},
		{"bob", password, access.Nobody, desk.ErrInput},
		{"bob", password, access.Viewer, nil},
	} {
		if _, err := o.AddUser(ctx, c.name, c.role, c.password); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for what, err := range map[string]error{
		"demoted": o.ChangeUser(ctx, "ada", access.Viewer, false), "locked": o.ChangeUser(ctx, "ada", access.Admin, true), "deleted": o.DeleteUser(ctx, "ada"),
	} {
		if !errors.Is(err, desk.ErrConflict) {
			t.Errorf("the last admin is %s: %v", what, err)
		}
	}
	if err := o.ChangeUser(ctx, "bob", access.Admin, false); err != nil {
		t.Fatal(err)
	}
	if err := o.DeleteUser(ctx, "ada"); err != nil {
		t.Error(err)
	}
	if err := o.SetPassword(ctx, "bob", password+"!"); err != nil || !o.noted("user", "bob", "password reset", "root") {
		t.Error(err)
	}
	if err := o.ChangeUser(ctx, "ada", access.Viewer, false); !errors.Is(err, records.ErrNotFound) {
		t.Errorf("a user who is gone: %v", err)
	}
}
