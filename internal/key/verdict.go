package key

import "time"

// Verdict is what asking a provider about one value came to. The zero Verdict
// says nothing: its status is not even Unknown.
type Verdict struct {
	Status Status `json:"status"`
	// Reason is why, in one clause for people: "the provider refused the key".
	// It is never text that came from the network.
	Reason   string   `json:"reason"`
	Evidence Evidence `json:"evidence"`
	// RetryAfter is how long the provider asked to be left alone; zero if it did
	// not ask.
	RetryAfter time.Duration `json:"retryAfter,omitzero"`
	// Key is what the same answer told of the key, which is not always its id.
	// It is the zero Key where nothing was told.
	Key Key `json:"key,omitzero"`
	// Record says whether the operator's credential was shown the key's record,
	// for providers that are asked by one.
	Record Sight `json:"-"`
}

// Sight is whether a credential was shown something; "" if it did not ask.
type Sight string

// What a credential may see.
const (
	Shown  Sight = "shown"
	Hidden Sight = "hidden"
)

// Evidence is what a verdict rests on: what was asked, and what came back.
type Evidence struct {
	// Request is method, host and path of what was asked, without a query.
	Request string `json:"request,omitempty"`
	// HTTPStatus is zero where no answer came.
	HTTPStatus int `json:"httpStatus,omitempty"`
	// Code is the provider's own code for what it found wrong.
	Code string `json:"code,omitempty"`
	// Asked is when.
	Asked time.Time `json:"asked,omitzero"`
	// Control says which control questions the provider answered as it must,
	// in the same minute; empty if none was asked.
	Control Control `json:"control,omitempty"`
}

// Control names the control questions behind a verdict.
type Control string

// The control questions: a made-up value must be refused, and the operator's
// own credential, where there is one, accepted.
const (
	MadeUpRefused Control = "made-up value refused"
	BothControls  Control = "made-up value refused, own credential accepted"
)

// Doubt is an Unknown verdict.
func Doubt(reason string, evidence Evidence) Verdict {
	return Verdict{Status: Unknown, Reason: reason, Evidence: evidence}
}
