// Package verify asks providers whether keys that were found still work, whose
// they are and what they can get at.
//
// A key goes to its own provider and nowhere else, once, after the provider
// showed that its answers are worth something: control questions come first.
// What is not clearly one provider's key goes to nobody.
package verify

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/pool"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
)

const (
	// atOnce is how many questions to a provider are under way, where a Verifier
	// does not say; the rate is the provider's own.
	atOnce = 4
	// DefaultPatience is how long a provider that asks to wait is waited for.
	DefaultPatience = 2 * time.Minute
	// mostTries is how often one key is asked about where the provider asks to
	// wait each time.
	mostTries = 4
	// mostSilence is after how many questions without any answer, in a row, a
	// provider is left alone.
	mostSilence = 8
)

// Why a question was not asked or not answered, beyond what clients say.
const (
	whyCutShort = "there was no time to ask"
	whySilent   = "the provider stopped answering, and was left alone"
	whyNoClient = "the provider cannot be asked here"
)

// Snapshotter keeps a provider's own list of keys before the first key goes
// out: a key that is asked about counts as used from then on.
type Snapshotter interface {
	// Snapshot keeps the list of one provider, by the name of its kit. An error
	// does not keep the keys from being verified.
	Snapshot(ctx context.Context, provider string) error
}

// Verifier asks. Its zero value knows nobody.
type Verifier struct {
	// Clients are asked, by the names of their kits: the first account, and the
	// others about keys that are not its own.
	Clients map[string][]Account
	// Describe asks what active keys can get at, too, with more requests.
	Describe bool
	// AtOnce is how many questions to each provider are under way; zero is 4.
	AtOnce int
	// Patience is how long a provider that asks to wait is waited for, in all;
	// zero is DefaultPatience.
	Patience time.Duration
	// Snapshot, if set, is told before a provider is asked.
	Snapshot Snapshotter
}

// Outcome is what asking came to.
type Outcome struct {
	// Checks are the answers, by key; keys that go to nobody are among them.
	Checks map[secret.Fingerprint]*finding.Check
	// Unkept says for which providers the list of keys was not kept beforehand.
	Unkept map[string]error
	// Unasked are the accounts whose control questions did not come out as they
	// must while those of others did, by provider.
	Unasked map[string][]string
}

// Ask asks all questions of a plan. When the context ends, the cause is
// returned together with what came until then; what was not asked is unknown.
func (v *Verifier) Ask(ctx context.Context, plan Plan) (Outcome, error) {
	out := Outcome{Checks: maps.Clone(plan.Withheld), Unkept: map[string]error{}, Unasked: map[string][]string{}}
	if out.Checks == nil {
		out.Checks = map[secret.Fingerprint]*finding.Check{}
	}
	var mu sync.Mutex
	var each conc.WaitGroup
	for _, name := range plan.Providers() {
		var questions []Question
		for _, q := range plan.Questions {
			if q.Provider == name {
				questions = append(questions, q)
			}
		}
		each.Go(func() {
			checks, unasked, unkept := v.provider(ctx, name, questions)
			mu.Lock()
			defer mu.Unlock()
			for i, q := range questions {
				out.Checks[q.Fingerprint] = checks[i]
			}
			if unkept != nil {
				out.Unkept[name] = unkept
			}
			if len(unasked) > 0 {
				out.Unasked[name] = unasked
			}
		})
	}
	each.Wait()
	return out, provider.Ended(ctx)
}

// provider asks one provider.
func (v *Verifier) provider(ctx context.Context, name string, questions []Question) (checks []*finding.Check, unasked []string, unkept error) {
	doubt := func(why string, wait time.Duration) []*finding.Check {
		for range questions {
			verdict := key.Doubt(why, key.Evidence{})
			verdict.RetryAfter = wait
			checks = append(checks, &finding.Check{Provider: name, Verdict: verdict})
		}
		return checks
	}
	if len(v.Clients[name]) == 0 {
		return doubt(whyNoClient, 0), nil, nil
	}
	if v.Snapshot != nil {
		unkept = v.Snapshot.Snapshot(ctx, name)
	}
	operators := v.accounts(name)
	if err := operators.first(ctx); err != nil {
		if provider.Ended(ctx) != nil {
			return doubt(whyCutShort, 0), nil, unkept
		}
		why, wait := provider.Unsettled(err)
		return doubt(why, wait), nil, unkept
	}
	checks = make([]*finding.Check, len(questions))
	most := v.AtOnce
	if most <= 0 {
		most = atOnce
	}
	workers := pool.New().WithMaxGoroutines(most)
	for i, q := range questions {
		workers.Go(func() { checks[i] = operators.about(ctx, q) })
	}
	workers.Wait()
	return checks, operators.failed(), unkept
}

func (v *Verifier) patience() time.Duration {
	if v.Patience > 0 {
		return v.Patience
	}
	return DefaultPatience
}

// asking is one provider being asked as one operator.
type asking struct {
	name     string
	account  string
	client   provider.Client
	checked  *provider.Checked
	describe bool
	deadline time.Time
	// silence counts the questions without any answer, in a row.
	silence atomic.Int64
}

// control asks the control questions, before any key goes out.
func (a *asking) control(ctx context.Context) error {
	for try := 1; ; try++ {
		_, err := a.checked.Control(ctx)
		if err == nil {
			return nil
		}
		_, wait := provider.Unsettled(err)
		if try == mostTries || !a.waits(ctx, wait) {
			return err
		}
		// The answers are remembered for a minute, also bad ones.
		a.checked = provider.Check(a.client)
	}
}

// about asks about one key.
func (a *asking) about(ctx context.Context, q Question) *finding.Check {
	check := &finding.Check{Provider: a.name}
	for try := 1; ; try++ {
		switch {
		case provider.Ended(ctx) != nil:
			check.Verdict = key.Doubt(whyCutShort, key.Evidence{})
			return check
		case a.silence.Load() >= mostSilence:
			check.Verdict = key.Doubt(whySilent, key.Evidence{})
			return check
		}
		verdict, err := a.checked.Verify(ctx, q.value)
		check.Verdict = verdict
		if verdict.Record == key.Shown {
			check.Account = a.account
		}
		switch {
		case provider.Ended(ctx) != nil && verdict.Status == key.Unknown:
			check.Verdict.Reason = whyCutShort
			return check
		case errors.Is(err, provider.ErrMalformed):
			check.Withheld = true
			return check
		case err != nil:
			return check
		}
		switch {
		case verdict.Evidence.HTTPStatus != 0:
			a.silence.Store(0)
		case verdict.RetryAfter == 0:
			a.silence.Add(1)
		}
		if verdict.Status == key.Active && a.describe {
			check.Known = a.known(ctx, q.value, verdict)
		}
		if verdict.Status != key.Unknown || try == mostTries || !a.waits(ctx, verdict.RetryAfter) {
			return check
		}
	}
}

// waits waits where the provider asks for it, as long as there is patience.
func (a *asking) waits(ctx context.Context, wait time.Duration) bool {
	return wait > 0 && wait <= time.Until(a.deadline) && httpx.Sleep(ctx, wait) == nil
}

// known finds out what an active key can get at. What is not told is named.
func (a *asking) known(ctx context.Context, v secret.Value, verdict key.Verdict) *key.Description {
	describer, ok := a.client.(provider.Describer)
	if !ok {
		return nil
	}
	d, err := describer.Describe(ctx, v)
	if err == nil {
		return &d
	}
	why := "not told"
	if e, ok := errors.AsType[*provider.CallError](err); ok {
		why = e.Kind.Error()
	}
	return &key.Description{Key: verdict.Key, Reach: key.Reach{Untold: []string{"reach: " + why}}}
}

// Apply gives findings what is known of their keys.
func Apply(found []finding.Finding, checks map[secret.Fingerprint]*finding.Check) {
	for i := range found {
		if check := checks[found[i].Fingerprint]; check != nil {
			found[i].Standing = finding.Standing{Status: check.Verdict.Status, Check: check}
		}
	}
}
