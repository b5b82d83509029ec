package ibm

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// reasonUnseen is why nothing is known of a key whose record is not shown.
const reasonUnseen = "the credential sees no such key: it is somebody else's, or gone"

// Verify asks for the key's record, with the operator's credential. Where there
// is none, or it does not see the record, the key logs in itself if that is
// allowed.
func (c *client) Verify(ctx context.Context, v secret.Value) (key.Verdict, error) {
	evidence := key.Evidence{Request: c.detailsLine(), Asked: time.Now().UTC()}
	if err := c.wires[serviceIAM].Carries(v); err != nil {
		return key.Doubt(err.Error(), evidence), err
	}
	if c.own.IsZero() {
		if !c.login {
			return key.Doubt(provider.ErrNoCredential.Error(), evidence), provider.ErrNoCredential
		}
		return c.verifyByLogin(ctx, v)
	}
	verdict, err := c.verifyByRecord(ctx, v, evidence)
	if err != nil || verdict.Record != key.Hidden || !c.login {
		return verdict, err
	}
	return c.verifyByLogin(ctx, v)
}

func (c *client) detailsLine() string {
	return c.wires[serviceIAM].Line(http.MethodGet, "v1", "apikeys", "details")
}

// verifyByRecord asks for the record of a value. The answer says nothing of a
// key that is somebody else's: unknown, never inactive.
func (c *client) verifyByRecord(ctx context.Context, v secret.Value, evidence key.Evidence) (key.Verdict, error) {
	bearer, err := c.bearer(ctx, 0)
	if err != nil {
		evidence.Request = c.loginLine()
		return c.doubt(ctx, err, evidence)
	}
	k, answer, err := c.record(ctx, bearer, v, 0)
	if err != nil {
		return c.doubt(ctx, err, evidence)
	}
	evidence.HTTPStatus = answer.Status
	verdict := key.Verdict{Status: key.Active, Reason: "its record says that it is in use", Evidence: evidence, Key: k, Record: key.Shown}
	switch {
	case k.State.Disabled == key.Yes:
		verdict.Status, verdict.Reason = key.Inactive, "its record says that it is disabled"
	case k.State.Expiring == key.Yes && k.Dates.Expires.IsZero():
		verdict.Status, verdict.Reason = key.Unknown, "its record has an end that cannot be read"
	case k.State.Expiring == key.Yes && answer.Date.IsZero():
		verdict.Status, verdict.Reason = key.Unknown, "its record has an end, and the provider does not tell what time it is"
	case k.State.Expiring == key.Yes && answer.Date.After(k.Dates.Expires):
		// By IBM's clock, not by ours.
		verdict.Status, verdict.Reason = key.Inactive, "its record says that it has expired"
	}
	return verdict, nil
}

// record asks for the record of a value.
func (c *client) record(ctx context.Context, bearer string, v secret.Value, patience time.Duration) (key.Key, httpx.Response, error) {
	var r record
	answer, err := c.ask(ctx, bearer, question{
		method: http.MethodGet, path: []string{"v1", "apikeys", "details"}, header: http.Header{"Iam-Apikey": {v.Reveal()}}, patience: patience,
	}, &r, recordMembers()...)
	if err != nil {
		return key.Key{}, answer, err
	}
	k, ok := told(&r, v)
	if !ok || answer.Status != http.StatusOK {
		return key.Key{}, answer, &provider.CallError{Request: c.detailsLine(), Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return k, answer, nil
}

// doubt is the verdict where the record was not shown.
func (c *client) doubt(ctx context.Context, err error, evidence key.Evidence) (key.Verdict, error) {
	verdict := key.Doubt("the question could not be asked", evidence)
	e, ok := errors.AsType[*provider.CallError](err)
	if !ok {
		if ended := provider.Ended(ctx); ended != nil {
			return verdict, ended
		}
		return verdict, err
	}
	verdict.Evidence.HTTPStatus, verdict.Evidence.Code, verdict.RetryAfter = e.Status, e.Code, e.RetryAfter
	verdict.Reason = e.Kind.Error()
	switch {
	case errors.Is(err, provider.ErrRefused):
		verdict.Reason = provider.ErrRefusesOwn.Error()
	case errors.Is(err, provider.ErrNotFound), errors.Is(err, provider.ErrNotAllowed):
		verdict.Reason, verdict.Record = reasonUnseen, key.Hidden
	}
	return verdict, provider.Ended(ctx)
}

// verifyByLogin lets the value log in. Only the two codes are a refusal.
func (c *client) verifyByLogin(ctx context.Context, v secret.Value) (key.Verdict, error) {
	evidence := key.Evidence{Request: c.loginLine(), Asked: time.Now().UTC()}
	answer, err := c.exchange(ctx, v, 0)
	if err != nil {
		return provider.Doubt(err, evidence), provider.Ended(ctx)
	}
	evidence.HTTPStatus, evidence.Code = answer.Status, loginCode(answer)
	if fresh, ok := token(answer); ok {
		return key.Verdict{Status: key.Active, Reason: "the provider lets the key log in", Evidence: evidence, Key: holder(v, fresh.token)}, nil
	}
	if answer.Status == http.StatusBadRequest || answer.Status == http.StatusUnauthorized {
		switch evidence.Code {
		case codeNoSuchKey:
			return key.Verdict{Status: key.Inactive, Reason: "the provider knows no such key", Evidence: evidence}, nil
		case codeDisabled:
			return key.Verdict{Status: key.Inactive, Reason: "the provider says that the key is disabled", Evidence: evidence}, nil
		}
	}
	return provider.Shrug(answer, evidence), nil
}
