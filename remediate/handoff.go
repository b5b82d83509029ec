package remediate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/textpage"
)

// handoffSchema names the form of a Handoff.
const handoffSchema = "qleaks.handoff/1"

// Handoff is a leaked key of somebody else's, of which its owner is told what to
// do and until when. It holds no material.
type Handoff struct {
	Schema string `json:"schema"`
	// ID is a ULID, of the time and the key.
	ID   string    `json:"id"`
	Made time.Time `json:"made"`
	// By is who tells, To the owner, in the words of whoever tells.
	By string `json:"by"`
	To string `json:"to"`
	// Key is the key, as far as it is known.
	Key      Target   `json:"key"`
	Exposure Exposure `json:"exposure"`
	// Due is until when the key is to be revoked.
	Due time.Time `json:"due"`
	// Proved is when the provider was seen to refuse it, How by what; zero until
	// then.
	Proved time.Time `json:"proved,omitzero"`
	How    string    `json:"how,omitempty"`
	// Asked is when it was last asked, Why what it said then.
	Asked time.Time `json:"asked,omitzero"`
	Why   string    `json:"why,omitempty"`
}

// NewHandoff hands a key over to its owner.
func NewHandoff(now time.Time, by, to string, t Target, e Exposure, within time.Duration) (Handoff, error) {
	h := Handoff{Schema: handoffSchema, ID: rotationID(now, t), Made: now.UTC().Truncate(time.Second), By: by, To: to, Key: t, Exposure: e, Due: now.UTC().Add(within).Truncate(time.Minute)}
	switch {
	case to == "":
		return h, errors.New("whose key is it? a handoff needs somebody to whom it goes")
	case within < time.Hour || within > 30*day:
		return h, errors.New("the deadline is at least an hour and at most 30 days away")
	}
	return h, h.Validate()
}

// ErrHandoff says that a text is no handoff.
var ErrHandoff = errors.New("this is no handoff")

// MaxHandoff is the largest one that is read, in bytes.
const MaxHandoff = 1 << 20

// ReadHandoff reads one.
func ReadHandoff(text []byte) (Handoff, error) {
	var h Handoff
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if len(text) > MaxHandoff || d.Decode(&h) != nil {
		return Handoff{}, ErrHandoff
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Handoff{}, ErrHandoff
	}
	return h, h.Validate()
}

// Validate says what is wrong with a handoff.
func (h Handoff) Validate() error {
	switch {
	case h.Schema != handoffSchema, h.Made.IsZero(), h.Due.IsZero(), h.Key.Provider == "", len(h.ID) != 26:
		return ErrHandoff
	}
	text, err := h.JSON()
	if err != nil {
		return err
	}
	if len(inventory.Material(string(text))) > 0 {
		return fmt.Errorf("%w: it holds what looks like a key", ErrHandoff)
	}
	return nil
}

// JSON is a handoff as a file, indented for people.
func (h Handoff) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(h, "", "  ")
	return append(text, '\n'), err
}

// Open reports whether its end is not proved.
func (h Handoff) Open() bool { return h.Proved.IsZero() }

// Letter writes what its owner is to know and to do.
func (h Handoff) Letter(w io.Writer) error {
	p := page{textpage.New(0, false)}
	title := providerTitle(h.Key.Provider)
	p.Line(textpage.Bold, "A key of yours at "+title+" has leaked: revoke it by "+moment(h.Due))
	p.fact("to", h.To)
	p.fact("from", h.By)
	p.fact("handoff", h.ID)
	p.Gap()
	p.Wrapped(textpage.Plain, "", "A key that opens your account at "+title+" was found where others can read it. It is not shown here, and should not be sent around. Whoever has it can use your account until it is revoked; deleting the file or the line does not help.")
	p.Heading("Which key")
	for _, line := range about(Task{Target: h.Key, ID: h.Key.ID, Name: h.Key.Name}) {
		p.Wrapped(textpage.Plain, "  - ", line)
	}
	if h.Key.Fingerprint != "" {
		p.Wrapped(textpage.Plain, "  - ", "its fingerprint, which qleaks scan shows beside a key: "+string(h.Key.Fingerprint))
	}
	p.exposure(h.Exposure)
	p.Heading("What to do, in this order")
	p.fact("page", consoleOf(h.Key.Provider).page)
	for i, step := range h.steps() {
		p.Wrapped(textpage.Plain, fmt.Sprintf("  %d. ", i+1), strings.ReplaceAll(step, "the key below", "the key above"))
	}
	p.Heading("Afterwards")
	p.Wrapped(textpage.Plain, "", "Say that it is done, and name this handoff. "+title+" is then asked whether it refuses the key; until it does, this stays open.")
	p.fact("help", helpOf(h.Key.Provider))
	_, err := w.Write(p.Bytes())
	return err
}

// steps are what the owner is to do: whoever has the old value loses it before
// anything else is done, unless nobody but a few can see it.
func (h Handoff) steps() []string {
	c := consoleOf(h.Key.Provider)
	steps := append([]string{}, c.open...)
	end := append([]string{}, c.revoke...)
	jobs := "look at the jobs of the last days, and cancel those that are not yours: what was queued with a revoked key may still run"
	replace := "where you still need one, make a new key, and put it into an environment variable or a password manager, never into a file that others get"
	if h.Exposure.Reach == Private || h.Exposure.Reach == Local {
		steps = append(append(steps, replace), end...)
	} else {
		steps = append(append(steps, end...), replace)
	}
	return append(steps, jobs, "look at your bill: what somebody else ran is told to the provider at once", "do not take the key out of files and histories first: that changes nothing for who has it, and can wait")
}

func providerTitle(name string) string {
	return cmp.Or(map[string]string{"ionq": "IonQ", "ibm": "IBM", "qbraid": "qBraid"}[name], name)
}

// helpOf is where a provider says more, as it documents. Their addresses for help
// are told in the consoles.
func helpOf(name string) string {
	return map[string]string{
		"ionq":   "https://docs.ionq.com/guides/managing-api-keys, and the help in the console",
		"ibm":    "https://cloud.ibm.com/docs/account?topic=account-userapikey; an administrator of the account can disable the key at once",
		"qbraid": "https://docs.qbraid.com/v2/account/api-keys, and the help in your account",
	}[name]
}

// ProveRefused asks a provider, by two answers and control questions within a
// minute, whether it refuses a value. Without proof, why says what is missing:
// alive is true where the provider accepts it.
func ProveRefused(ctx context.Context, c provider.Client, t Target, v secret.Value) (how, why string, alive bool, err error) {
	x := (&Machine{Site: Site{Client: c}}).run()
	t.ID = "" // it is about the value
	verdict, err := c.Verify(ctx, v)
	if err != nil || verdict.Status == key.Active {
		return "", verdict.Reason, err == nil, err
	}
	proof, why, err := x.refusedOnce(ctx, t, v, true)
	if err != nil || proof == nil {
		return "", why, false, err
	}
	return proof[factHow], "", false, nil
}
