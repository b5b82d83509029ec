package remediate

import (
	"context"
	"errors"
	"fmt"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Guided carries out deeds by a person's hands: it says what to click, and takes
// a new value by a hidden prompt. What came of it is proved by the API.
func Guided(p Person) Performer { return personHands{p} }

type personHands struct{ person Person }

var _ Performer = personHands{}

// Can implements Performer. Consoles cannot suspend.
func (p personHands) Can(d Deed) bool { return d == Issuing || d == Revoking || d == Seeking }

// Do implements Performer.
func (p personHands) Do(ctx context.Context, t Task) (Done, error) {
	switch t.Deed {
	case Issuing:
		v, err := p.person.Value(ctx, guide(t))
		if err != nil {
			// Whether the key was made before they stopped, nobody knows.
			return Done{}, err
		}
		return Done{Key: key.Key{Provider: t.Target.Provider, Name: t.Name}, Value: v}, nil
	case Revoking:
		yes, err := p.person.Yes(ctx, guide(t))
		if err == nil && !yes {
			err = fmt.Errorf("%w: %w", ErrNotDone, ErrDeclined)
		}
		return Done{}, err
	case Suspending, Resuming, Unlocking, Seeking:
	}
	return Done{}, fmt.Errorf("%w: %w", ErrNotDone, ErrHands)
}

// Seek implements Performer.
func (p personHands) Seek(ctx context.Context, t Task) ([]key.Key, error) {
	t.Deed = Seeking
	yes, err := p.person.Yes(ctx, guide(t))
	if err != nil || !yes {
		return nil, err
	}
	return []key.Key{{Provider: t.Target.Provider, Name: t.Name}}, nil
}

// errUnattended says that a step needs a person and there is none.
var errUnattended = errors.New("this needs a person, and nobody is there")

// nobody is the Person of an unattended run.
type nobody struct{}

// Yes implements Person.
func (nobody) Yes(context.Context, Guide) (bool, error) {
	return false, fmt.Errorf("%w: %w", ErrNotDone, errUnattended)
}

// Value implements Person.
func (nobody) Value(context.Context, Guide) (secret.Value, error) {
	return secret.Value{}, fmt.Errorf("%w: %w", ErrNotDone, errUnattended)
}
