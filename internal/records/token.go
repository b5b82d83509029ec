package records

import (
	"context"
	"time"
)

// Token is what a program uses the server with.
type Token struct {
	Seq  int64  `json:"seq"`
	Name string `json:"name"`
	// User is who made it; Owner is that user's name.
	User  int64  `json:"-"`
	Owner string `json:"owner"`
	// Role is the most that it may do, and no more than its owner may now.
	Role    string    `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	// Used is when it was last used, to the minute.
	Used  time.Time `json:"used,omitzero"`
	Ended time.Time `json:"ended,omitzero"`
}

const tokenColumns = "t.seq, t.name, t.person, u.name, t.role, t.created, t.expires, t.used, t.ended"

const tokenTables = " FROM tokens t JOIN users u ON u.seq = t.person"

func scanToken(scan func(to ...any) error, t *Token) error { return scanTokenAnd(scan, t) }

func scanTokenAnd(scan func(to ...any) error, t *Token, more ...any) error {
	var created, expires, used, ended int64
	err := scan(append([]any{&t.Seq, &t.Name, &t.User, &t.Owner, &t.Role, &created, &expires, &used, &ended}, more...)...)
	t.Created, t.Expires, t.Used, t.Ended = moment(created), moment(expires), moment(used), moment(ended)
	return err
}

// AddToken adds a token, by its digest, that expires some time from now.
func (tx *Tx) AddToken(ctx context.Context, t Token, digest string, howLong time.Duration) (Token, error) {
	if t.Name == "" || t.Role == "" || digest == "" {
		return t, doing("add a token", errIncomplete)
	}
	now := tx.words().now
	seq, err := number(ctx, tx, "INSERT INTO tokens (digest, name, person, role, created, expires) VALUES ($1, $2, $3, $4, "+now+", "+now+" + $5) RETURNING seq",
		digest, t.Name, t.User, t.Role, howLong.Microseconds())
	if err != nil {
		return t, doing("add a token", err)
	}
	t, err = one(ctx, tx, "SELECT "+tokenColumns+tokenTables+" WHERE t.seq = $1", scanToken, seq)
	return t, doing("add a token", err)
}

// EndToken ends a token of a user, or of anybody if user is 0. ErrNotFound if there
// is none that has not ended.
func (tx *Tx) EndToken(ctx context.Context, seq, user int64) error {
	n, err := tx.exec(ctx, "UPDATE tokens SET ended = "+tx.words().now+" WHERE seq = $1 AND ended = 0 AND (person = $2 OR $2 = 0)", seq, user)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return doing("end a token", err)
}

// Token returns a token that counts, by its digest, with its owner; ErrNotFound if
// there is none, it is over, or its owner may not sign in.
func (s *Store) Token(ctx context.Context, digest string) (Token, User, error) {
	var t Token
	u, err := one(ctx, s.engine, "SELECT "+tokenColumns+", "+userColumns+tokenTables+" WHERE t.digest = $1 AND t.ended = 0 AND t.expires > "+s.engine.words().now+" AND u.locked = 0",
		func(scan func(to ...any) error, u *User) error {
			return scanUserAnd(func(of ...any) error { return scanTokenAnd(scan, &t, of...) }, u)
		}, digest)
	return t, u, doing("read a token", err)
}

// TouchToken notes that a token was used.
func (s *Store) TouchToken(ctx context.Context, seq int64) error {
	_, err := s.engine.exec(ctx, "UPDATE tokens SET used = "+s.engine.words().now+" WHERE seq = $1", seq)
	return doing("note that a token was used", err)
}

// Tokens returns a page of tokens, of one user or of all if user is 0.
func (s *Store) Tokens(ctx context.Context, user int64, p Page) ([]Token, error) {
	w := &where{}
	if user > 0 {
		w.and("t.person = ?", user)
	}
	rest, args := w.page("t.seq", p)
	tokens, err := list(ctx, s.engine, "SELECT "+tokenColumns+tokenTables+rest, scanToken, args...)
	return tokens, doing("list tokens", err)
}
