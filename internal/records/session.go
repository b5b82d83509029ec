package records

import (
	"context"
	"time"
)

// Session is a time during which a user is signed in.
type Session struct {
	// Digest is that of the token which the user's browser has.
	Digest string
	User   int64
	Began  time.Time
	// Seen is when it was last used, to the minute.
	Seen time.Time
	Ends time.Time
}

const sessionColumns = "s.digest, s.person, s.began, s.seen, s.ends"

// BeginSession begins a session that ends some time from now, and notes that the
// user was seen.
func (tx *Tx) BeginSession(ctx context.Context, digest string, user int64, howLong time.Duration) error {
	now := tx.words().now
	_, err := tx.exec(ctx, "INSERT INTO sessions (digest, person, began, seen, ends) VALUES ($1, $2, "+now+", "+now+", "+now+" + $3)", digest, user, howLong.Microseconds())
	if err == nil {
		_, err = tx.exec(ctx, "UPDATE users SET seen = "+now+" WHERE seq = $1", user)
	}
	return doing("begin a session", err)
}

// Session returns a session that has not ended, was used within some time, and is
// of a user who may sign in; ErrNotFound if there is none.
func (s *Store) Session(ctx context.Context, digest string, idle time.Duration) (Session, User, error) {
	var session Session
	now := s.engine.words().now
	u, err := one(ctx, s.engine, "SELECT "+userColumns+", "+sessionColumns+` FROM sessions s JOIN users u ON u.seq = s.person
		WHERE s.digest = $1 AND s.ends > `+now+" AND s.seen > "+now+" - $2 AND u.locked = 0", func(scan func(to ...any) error, u *User) error {
		var began, seen, ends int64
		err := scanUserAnd(scan, u, &session.Digest, &session.User, &began, &seen, &ends)
		session.Began, session.Seen, session.Ends = moment(began), moment(seen), moment(ends)
		return err
	}, digest, idle.Microseconds())
	return session, u, doing("read a session", err)
}

// TouchSession notes that a session was used.
func (s *Store) TouchSession(ctx context.Context, digest string) error {
	_, err := s.engine.exec(ctx, "UPDATE sessions SET seen = "+s.engine.words().now+" WHERE digest = $1", digest)
	return doing("note that a session was used", err)
}

// EndSession ends a session; one that is not there has ended.
func (tx *Tx) EndSession(ctx context.Context, digest string) error {
	_, err := tx.exec(ctx, "DELETE FROM sessions WHERE digest = $1", digest)
	return doing("end a session", err)
}

// EndSessions ends all sessions of a user.
func (tx *Tx) EndSessions(ctx context.Context, user int64) error {
	_, err := tx.exec(ctx, "DELETE FROM sessions WHERE person = $1", user)
	return doing("end sessions", err)
}

// Forget deletes what the server need not know any more: sessions that have ended
// or were not used for some time, tokens that ended longer ago, and deliveries of
// before that.
func (tx *Tx) Forget(ctx context.Context, idle, longer time.Duration) error {
	now := tx.words().now
	for _, d := range []struct {
		statement string
		since     time.Duration
	}{
		{"DELETE FROM sessions WHERE ends < " + now + " OR seen < " + now + " - $1", idle},
		{"DELETE FROM tokens WHERE expires < " + now + " - $1 OR (ended > 0 AND ended < " + now + " - $1)", longer},
		{"DELETE FROM deliveries WHERE at < " + now + " - $1", longer},
	} {
		if _, err := tx.exec(ctx, d.statement, d.since.Microseconds()); err != nil {
			return doing("forget what is over", err)
		}
	}
	return nil
}

// Delivered notes that a message with an id came; it returns false if it came
// before.
func (tx *Tx) Delivered(ctx context.Context, id string) (bool, error) {
	n, err := tx.exec(ctx, "INSERT INTO deliveries (id, at) VALUES ($1, "+tx.words().now+") ON CONFLICT (id) DO NOTHING", id)
	return n == 1, doing("note a delivery", err)
}

// Undelivered forgets a message that came and could not be taken.
func (tx *Tx) Undelivered(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM deliveries WHERE id = $1", id)
	return doing("forget a delivery", err)
}
