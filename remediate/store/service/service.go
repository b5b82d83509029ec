// Package service holds the stores that are services: the secrets of GitHub, and
// vaults.
package service

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// Kinds are the kinds of stores of this package.
func Kinds() []store.Kind {
	return append(githubKinds(), vaultKind(), awsKind(), ibmKind())
}

// patience is how long a busy service is waited for.
const patience = 2 * time.Minute

// asked says what an error of a question means for a store.
func asked(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for from, to := range map[error]error{
		provider.ErrRefused: store.ErrRefused, provider.ErrNoCredential: store.ErrRefused, provider.ErrNotAllowed: store.ErrForbidden,
		provider.ErrNotFound: store.ErrNoPlace, provider.ErrUnexpected: store.ErrAnswer, provider.ErrBusy: store.ErrUnavailable,
	} {
		if errors.Is(err, from) {
			return fmt.Errorf("%w (%w)", to, err)
		}
	}
	return fmt.Errorf("%w (%w)", store.ErrUnavailable, err)
}

// written says what an error of a write means: only a refusal, and a host that
// was never reached, say that nothing was written.
func written(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*provider.CallError](err)
	refused := ok && (e.Status >= 400 && e.Status < 500 || e.RetryAfter > 0)
	unsent := errors.Is(err, httpx.ErrUnreachable) || errors.Is(err, httpx.ErrUnresolved) || errors.Is(err, httpx.ErrUntrusted) || errors.Is(err, httpx.ErrAddress) || errors.Is(err, httpx.ErrAskedToWait)
	if ok && (refused || unsent) {
		return asked(ctx, err)
	}
	return fmt.Errorf("%w (%w)", store.ErrLost, err)
}

// isAddress reports whether a text is the address of a service: encrypted, or on
// this machine.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && httpx.Loopback(text))
}

// fetch fetches the credential that a setting refers to.
func fetch(ctx context.Context, d store.Declaration, u store.Use, setting string) (secret.Value, error) {
	at := d.Reference(setting)
	if at.IsZero() || u.Credential == nil {
		return secret.Value{}, fmt.Errorf("%w: %s says where none is", store.ErrRefused, setting)
	}
	return u.Credential(ctx, at)
}
