package records

import (
	"context"
	"errors"
	"time"
)

// ErrTaken says that there is one of that name already.
var ErrTaken = errors.New("there is one of that name already")

// User is somebody who uses the server.
type User struct {
	Seq  int64  `json:"seq"`
	Name string `json:"name"`
	// Role is a word of package access.
	Role string `json:"role"`
	// Issuer and Subject are who the user is to an identity provider; empty for one
	// who has a password.
	Issuer  string    `json:"issuer,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	// Seen is when the user last signed in.
	Seen time.Time `json:"seen,omitzero"`
	// Locked is since when the user may not sign in.
	Locked time.Time `json:"locked,omitzero"`
}

const userColumns = "u.seq, u.name, u.role, u.issuer, u.subject, u.created, u.changed, u.seen, u.locked"

func scanUser(scan func(to ...any) error, u *User) error { return scanUserAnd(scan, u) }

func scanUserAnd(scan func(to ...any) error, u *User, more ...any) error {
	var created, changed, seen, locked int64
	err := scan(append([]any{&u.Seq, &u.Name, &u.Role, &u.Issuer, &u.Subject, &created, &changed, &seen, &locked}, more...)...)
	u.Created, u.Changed, u.Seen, u.Locked = moment(created), moment(changed), moment(seen), moment(locked)
	return err
}

// AddUser adds a user with the digest of a password, "" for none. ErrTaken if
// there is one of that name.
func (tx *Tx) AddUser(ctx context.Context, u User, password string) (User, error) {
	if u.Name == "" || u.Role == "" {
		return u, doing("add a user", errIncomplete)
	}
	now := tx.words().now
	seq, err := number(ctx, tx, "INSERT INTO users (name, role, password, issuer, subject, created, changed) VALUES ($1, $2, $3, $4, $5, "+now+", "+now+") ON CONFLICT DO NOTHING RETURNING seq",
		u.Name, u.Role, password, u.Issuer, u.Subject)
	if errors.Is(err, ErrNotFound) {
		err = ErrTaken
	}
	if err != nil {
		return u, doing("add a user", err)
	}
	return tx.User(ctx, seq)
}

// ChangeUser gives a user a role, and locks or unlocks; sessions of before end.
// ErrNotFound if there is no such user.
func (tx *Tx) ChangeUser(ctx context.Context, seq int64, role string, locked bool) error {
	if role == "" {
		return doing("change a user", errIncomplete)
	}
	now, since := tx.words().now, "0"
	if locked {
		since = "CASE WHEN locked > 0 THEN locked ELSE " + now + " END"
	}
	n, err := tx.exec(ctx, "UPDATE users SET role = $1, changed = "+now+", locked = "+since+" WHERE seq = $2", role, seq)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return doing("change a user", err)
	}
	return tx.EndSessions(ctx, seq)
}

// SetPassword gives a user the digest of another password; sessions of before end.
func (tx *Tx) SetPassword(ctx context.Context, seq int64, password string) error {
	n, err := tx.exec(ctx, "UPDATE users SET password = $1, changed = "+tx.words().now+" WHERE seq = $2", password, seq)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return doing("change a password", err)
	}
	return tx.EndSessions(ctx, seq)
}

// DeleteUser deletes a user with sessions and tokens; ErrNotFound if there is none.
// What the user did stays with the name.
func (tx *Tx) DeleteUser(ctx context.Context, seq int64) error {
	for _, statement := range []string{"DELETE FROM sessions WHERE person = $1", "DELETE FROM tokens WHERE person = $1"} {
		if _, err := tx.exec(ctx, statement, seq); err != nil {
			return doing("delete a user", err)
		}
	}
	n, err := tx.exec(ctx, "DELETE FROM users WHERE seq = $1", seq)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return doing("delete a user", err)
}

// User returns a user, locked until the transaction ends; ErrNotFound if there is
// none.
func (tx *Tx) User(ctx context.Context, seq int64) (User, error) {
	u, err := one(ctx, tx, "SELECT "+userColumns+" FROM users u WHERE u.seq = $1"+tx.words().lock, scanUser, seq)
	return u, doing("read a user", err)
}

// UsersWithRole returns the users of a role who may sign in, locked until the
// transaction ends.
func (tx *Tx) UsersWithRole(ctx context.Context, role string) ([]User, error) {
	users, err := list(ctx, tx, "SELECT "+userColumns+" FROM users u WHERE u.role = $1 AND u.locked = 0 ORDER BY u.seq"+tx.words().lock, scanUser, role)
	return users, doing("list users", err)
}

// HasUsers reports whether there is any user.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	n, err := number(ctx, s.engine, "SELECT COUNT(*) FROM (SELECT seq FROM users LIMIT 1) AS first")
	return n > 0, doing("list users", err)
}

// Users returns a page of users.
func (s *Store) Users(ctx context.Context, p Page) ([]User, error) {
	w := &where{}
	rest, args := w.page("u.seq", p)
	users, err := list(ctx, s.engine, "SELECT "+userColumns+" FROM users u"+rest, scanUser, args...)
	return users, doing("list users", err)
}

// UserNamed returns a user with the digest of the password; ErrNotFound if there is
// none.
func (s *Store) UserNamed(ctx context.Context, name string) (u User, password string, err error) {
	u, err = one(ctx, s.engine, "SELECT "+userColumns+", u.password FROM users u WHERE u.name = $1", func(scan func(to ...any) error, u *User) error {
		return scanUserAnd(scan, u, &password)
	}, name)
	return u, password, doing("read a user", err)
}

// UserOf returns the user whom an identity provider means; ErrNotFound if there is
// none.
func (s *Store) UserOf(ctx context.Context, issuer, subject string) (User, error) {
	u, err := one(ctx, s.engine, "SELECT "+userColumns+" FROM users u WHERE u.issuer = $1 AND u.subject = $2 AND u.issuer <> ''", scanUser, issuer, subject)
	return u, doing("read a user", err)
}
