package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// tokenPrefix is what API tokens begin with, so that people and scanners know them.
const tokenPrefix = "qleaks_"

// LongestToken is how long an API token counts at most.
const LongestToken = 366 * 24 * time.Hour

// ErrToken says that a token cannot be made; the text says why.
var ErrToken = errors.New("the token cannot be made")

// identifyToken says whose token a request has.
func (g *Gate) identifyToken(r *http.Request) (Identity, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, tokenPrefix) || len(token) > 200 {
		return Identity{}, ErrNobody
	}
	got, user, err := g.Store.Token(r.Context(), digest(token))
	if errors.Is(err, records.ErrNotFound) {
		return Identity{}, ErrNobody
	}
	if err != nil {
		return Identity{}, err
	}
	// A token may no more than whoever made it may now.
	role, err := ParseRole(got.Role)
	owner, err2 := ParseRole(user.Role)
	if err != nil || err2 != nil {
		return Identity{}, ErrNobody
	}
	if g.Now().Sub(got.Used) > touchPause {
		if err := g.Store.TouchToken(r.Context(), got.Seq); err != nil {
			return Identity{}, err
		}
	}
	return Identity{Name: user.Name, Role: min(role, owner), User: user.Seq}, nil
}

// NewToken makes an API token for who asks, and returns it; only its digest is
// kept. Its role is at most the maker's.
func NewToken(ctx context.Context, store *records.Store, name string, role Role, howLong time.Duration) (records.Token, string, error) {
	who, err := Need(ctx, Viewer)
	if err != nil {
		return records.Token{}, "", err
	}
	switch {
	case who.Session == "":
		return records.Token{}, "", fmt.Errorf("%w: a token makes no tokens: sign in", ErrForbidden)
	case CheckName(name) != nil:
		return records.Token{}, "", fmt.Errorf("%w: %w", ErrToken, ErrName)
	case role == Nobody || !who.Role.May(role):
		return records.Token{}, "", fmt.Errorf("%w: its role is at most yours, %s", ErrToken, who.Role)
	case howLong <= 0 || howLong > LongestToken:
		return records.Token{}, "", fmt.Errorf("%w: it counts for at most a year", ErrToken)
	}
	token := tokenPrefix + newToken()
	var made records.Token
	err = store.Update(ctx, func(tx *records.Tx) error {
		made, err = tx.AddToken(ctx, records.Token{Name: name, User: who.User, Role: role.String()}, digest(token), howLong)
		if err != nil {
			return err
		}
		_, err = tx.Act(ctx, records.Action{Kind: "token", Subject: name, State: "made", Who: who.Name})
		return err
	})
	return made, token, err
}
