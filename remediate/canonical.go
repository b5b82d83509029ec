package remediate

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/inventory"
)

//go:embed schema/plan.schema.json
var planSchemaFile []byte

// Schema returns the JSON Schema (draft 2020-12) of a Plan.
func Schema() []byte { return bytes.Clone(planSchemaFile) }

// MaxPlan is the largest plan that is read, in bytes.
const MaxPlan = 16 << 20

// ErrPlan says that a text is no plan.
var ErrPlan = errors.New("this is no plan")

// Hash names a plan: whoever approves the hash approves every word of it. It is
// SHA-256 over the canonical form, in hexadecimal.
func (p Plan) Hash() string {
	text, err := p.canonical()
	if err != nil {
		return "" // a plan has nothing that JSON cannot write
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// canonical is the one text of a plan: compact JSON, members in the order of the
// types, nothing escaped that need not be.
func (p Plan) canonical() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// JSON is a plan as a file, indented for people.
func (p Plan) JSON() ([]byte, error) {
	text, err := p.canonical()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Read reads a plan. A member that is not known is an error, so that nothing
// stands in a plan that its reader does not see.
func Read(text []byte) (Plan, error) {
	var p Plan
	if len(text) > MaxPlan {
		return p, fmt.Errorf("%w: it is larger than %d MiB", ErrPlan, MaxPlan>>20)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("%w: it is not in the form of qleaks schema plan", ErrPlan)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, fmt.Errorf("%w: something stands behind it", ErrPlan)
	}
	return p, p.Validate()
}

// Validate says what is wrong with a plan.
func (p Plan) Validate() error {
	switch {
	case p.Schema != planSchema:
		return fmt.Errorf("%w of this version: its schema is not %s", ErrPlan, planSchema)
	case p.Made.IsZero():
		return fmt.Errorf("%w: it does not say when it was made", ErrPlan)
	}
	seen := map[string]bool{}
	for i, r := range p.Rows {
		err := r.validate()
		if err == nil && r.Order == Lend {
			err = errLoan
		}
		if err != nil {
			return fmt.Errorf("%w: row %d: %w", ErrPlan, i+1, err)
		}
		logical := strings.Join([]string{r.Key.Provider, r.Key.Account, r.Key.ID, r.Key.Name, string(r.Key.Fingerprint)}, "\x00")
		if seen[r.ID] || seen[logical] {
			return fmt.Errorf("%w: row %d is about a key of a row before it", ErrPlan, i+1)
		}
		seen[r.ID], seen[logical] = true, true
	}
	text, err := p.canonical()
	if err != nil {
		return err
	}
	if len(inventory.Material(string(text))) > 0 {
		return fmt.Errorf("%w: it holds what looks like a key", ErrPlan)
	}
	return nil
}

var (
	errNoKey   = errors.New("it does not say which key is meant")
	errNoID    = errors.New("its id is not the one that its key gives")
	errNoSteps = errors.New("its steps are not those of its order")
	errLoan    = errors.New("a loan is no part of a plan: qleaks lend makes one")
)

func (r Row) validate() error {
	switch {
	case r.Key.Provider == "" || r.Key.Account == "" || r.Key.ID == "" && r.Key.Name == "" && r.Key.Fingerprint == "":
		return errNoKey
	case len(r.ID) != 26 || strings.Trim(r.ID, crockford) != "":
		return errNoID
	}
	if r.Order == Lend {
		return r.validateLoan()
	}
	return r.validateSteps()
}

// validateSteps holds what no plan may change, whoever wrote it: what is made
// is sealed or tested before it is distributed, and nothing is revoked in a
// make-first row before every store has confirmed.
func (r Row) validateSteps() error {
	at := func(a Action) int { return slices.IndexFunc(r.Steps, func(s Step) bool { return s.Do == a }) }
	last := func(a Action) int {
		for i, s := range slices.Backward(r.Steps) {
			if s.Do == a {
				return i
			}
		}
		return -1
	}
	issue, test, revoke, suspend := at(Issue), at(Test), at(Revoke), at(Suspend)
	death := revoke
	if suspend >= 0 && (revoke < 0 || suspend < revoke) {
		death = suspend
	}
	switch {
	case len(r.Steps) == 0 || at(Evidence) < 0:
		return errNoSteps
	case revoke >= 0 && (last(Revoke) != revoke || at(Prove) < revoke && last(Refused) < revoke):
		return errNoSteps
	case issue >= 0 && (test < issue || last(Issue) != issue):
		return errNoSteps
	case at(Distribute) >= 0 && (issue < 0 || at(Distribute) < test), at(Confirm) >= 0 && (issue < 0 || at(Confirm) < test):
		return errNoSteps
	case last(Distribute) >= 0 && last(Confirm) < last(Distribute):
		return errNoSteps
	case r.Order == MakeFirst && death >= 0 && (issue < 0 || death < test || death < last(Confirm)):
		return errNoSteps
	case r.Order == RevokeOnly && issue >= 0:
		return errNoSteps
	}
	return nil
}
