package records_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/records"
)

func added(t *testing.T, s *records.Store, u records.User, password string) (got records.User) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
		got, err = tx.AddUser(ctx, u, password)
		return err
	})
	return got
}

// people are added, changed, locked and deleted.
func people(t *testing.T, s *records.Store) {
	if has, err := s.HasUsers(t.Context()); has || err != nil {
		t.Errorf("an empty database has users: %v, %v", has, err)
	}
	ada := added(t, s, records.User{Name: "ada", Role: "admin"}, "digest")
	eve := added(t, s, records.User{Name: "eve", Role: "viewer", Issuer: "https://id.example", Subject: "42"}, "")
	for _, again := range []records.User{{Name: "ada", Role: "viewer"}, {Name: "eve2", Role: "viewer", Issuer: "https://id.example", Subject: "42"}} {
		err := s.Update(t.Context(), func(tx *records.Tx) error {
			_, err := tx.AddUser(t.Context(), again, "")
			return err
		})
		if !errors.Is(err, records.ErrTaken) {
			t.Errorf("%s again: %v", again.Name, err)
		}
	}
	if u, password, err := s.UserNamed(t.Context(), "ada"); err != nil || password != "digest" || u.Seq != ada.Seq || u.Created.IsZero() {
		t.Errorf("ada is %+v %q %v", u, password, err)
	}
	if u, err := s.UserOf(t.Context(), "https://id.example", "42"); err != nil || u.Seq != eve.Seq {
		t.Errorf("eve is %+v %v", u, err)
	}
	if _, err := s.UserOf(t.Context(), "", ""); !errors.Is(err, records.ErrNotFound) {
		t.Errorf("without an issuer everybody is ada: %v", err)
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return errors.Join(tx.ChangeUser(ctx, eve.Seq, "admin", true), tx.SetPassword(ctx, ada.Seq, "other"))
	})
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		admins, err := tx.UsersWithRole(ctx, "admin")
		if err == nil && (len(admins) != 1 || admins[0].Name != "ada") {
			t.Errorf("who is locked counts as an admin: %v", admins)
		}
		return err
	})
	if _, password, err := s.UserNamed(t.Context(), "ada"); err != nil || password != "other" {
		t.Errorf("the password is still %q, %v", password, err)
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.DeleteUser(ctx, eve.Seq) })
	users, err := s.Users(t.Context(), records.Page{})
	if err != nil || len(users) != 1 || users[0].Name != "ada" {
		t.Errorf("users are %v, %v", users, err)
	}
	for what, change := range map[string]func(tx *records.Tx) error{
		"delete": func(tx *records.Tx) error { return tx.DeleteUser(t.Context(), eve.Seq) },
		"change": func(tx *records.Tx) error { return tx.ChangeUser(t.Context(), eve.Seq, "viewer", false) },
		"passwd": func(tx *records.Tx) error { return tx.SetPassword(t.Context(), eve.Seq, "x") },
	} {
		if err := s.Update(t.Context(), change); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("%s of nobody: %v", what, err)
		}
	}
}

// sessionsAndTokens count until they end, expire, lie idle, or their user is
// locked.
func sessionsAndTokens(t *testing.T, s *records.Store) {
	ada := added(t, s, records.User{Name: "ada", Role: "admin"}, "digest")
	begin := func(digest string, howLong time.Duration) {
		update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.BeginSession(ctx, digest, ada.Seq, howLong) })
	}
	counts := func(digest string) bool {
		_, u, err := s.Session(t.Context(), digest, time.Hour)
		return err == nil && u.Name == "ada"
	}
	begin("one", time.Hour)
	begin("over", -time.Second)
	if !counts("one") || counts("over") || counts("none") {
		t.Error("a session counts that has ended, or one does not that goes on")
	}
	if _, _, err := s.Session(t.Context(), "one", 0); !errors.Is(err, records.ErrNotFound) {
		t.Errorf("a session that lay idle counts: %v", err)
	}
	if err := s.TouchSession(t.Context(), "one"); err != nil {
		t.Error(err)
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.Forget(ctx, time.Hour, time.Hour) })
	if !counts("one") {
		t.Error("a session that goes on was forgotten")
	}
	token := addedToken(t, s, ada, "token", time.Hour)
	addedToken(t, s, ada, "stale", -time.Second)
	holds := func(digest string) bool {
		got, u, err := s.Token(t.Context(), digest)
		return err == nil && u.Name == "ada" && got.Owner == "ada" && got.Role == "viewer"
	}
	if !holds("token") || holds("stale") || holds("") {
		t.Error("a token counts that is over, or one does not that goes on")
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.ChangeUser(ctx, ada.Seq, "admin", true) })
	if holds("token") || counts("one") {
		t.Error("somebody who is locked is let in")
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.ChangeUser(ctx, ada.Seq, "admin", false) })
	if !holds("token") || counts("one") {
		t.Error("a session goes on after the user was changed, or a token does not")
	}
	for i, user := range []int64{ada.Seq + 1, 0, ada.Seq} {
		err := s.Update(t.Context(), func(tx *records.Tx) error { return tx.EndToken(t.Context(), token.Seq, user) })
		if (err == nil) != (i == 1) {
			t.Errorf("ending a token for user %d: %v", user, err)
		}
	}
	if holds("token") {
		t.Error("a token counts that was ended")
	}
	if tokens, err := s.Tokens(t.Context(), ada.Seq, records.Page{}); err != nil || len(tokens) != 2 {
		t.Errorf("ada has the tokens %v, %v", tokens, err)
	}
	for i, want := range []bool{true, false} {
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			if first, err := tx.Delivered(ctx, "message"); err != nil || first != want {
				t.Errorf("delivery %d: %v, %v", i, first, err)
			}
			return nil
		})
	}
}

func addedToken(t *testing.T, s *records.Store, u records.User, digest string, howLong time.Duration) (token records.Token) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
		token, err = tx.AddToken(ctx, records.Token{Name: "ci", User: u.Seq, Role: "viewer"}, digest, howLong)
		return err
	})
	return token
}

// plansAndVotes are kept once, and voted about.
func plansAndVotes(t *testing.T, s *records.Store) {
	for range 2 {
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			_, err := tx.PutPlan(ctx, records.Plan{Hash: "h1", Who: "sweep", Requester: "bob", Run: 7, Plan: json.RawMessage(`{"a": 1}`)})
			return err
		})
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.Vote(ctx, records.Vote{Plan: "h1", Who: "ada", Yes: true, Why: "rehearsed", Text: "text", Signature: "signature"}, records.PlanApproved)
		return err
	})
	waiting, err := s.Plans(t.Context(), records.PlanWaiting, records.Page{})
	if err != nil || len(waiting) != 0 {
		t.Errorf("plans wait: %v, %v", waiting, err)
	}
	p, err := s.Plan(t.Context(), "h1")
	want := records.Plan{Seq: p.Seq, Hash: "h1", Kept: p.Kept, Who: "sweep", Requester: "bob", Run: 7, State: records.PlanApproved, Plan: json.RawMessage(`{"a": 1}`)}
	if diff := cmp.Diff(want, p); err != nil || diff != "" {
		t.Error(err, diff)
	}
	votes, err := s.Votes(t.Context(), "h1")
	if err != nil || len(votes) != 1 || !votes[0].Yes || votes[0].Signature != "signature" {
		t.Errorf("votes are %v, %v", votes, err)
	}
	if _, err := s.Plan(t.Context(), "h2"); !errors.Is(err, records.ErrNotFound) {
		t.Errorf("a plan that is not there: %v", err)
	}
}
