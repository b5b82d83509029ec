package remediate

import "slices"

// Action is one kind of step.
type Action string

// The actions. Those that change something at a provider or in a store are
// written down before they are done; see Action.Changes.
const (
	// Check looks whether stores can be written, and whether there is room for
	// one more key.
	Check Action = "check"
	// Evidence keeps the key's record and what runs, before anything changes.
	Evidence Action = "evidence"
	// Tell makes sure that the owner knows.
	Tell Action = "tell"
	// Seal makes the new value on this machine and puts it away.
	Seal Action = "seal"
	// Issue makes the new key at the provider.
	Issue Action = "issue"
	// Test proves that the new value works, and in the same place as the old one.
	Test Action = "test"
	// Distribute puts the new value into one store.
	Distribute Action = "distribute"
	// Confirm reads it back.
	Confirm Action = "confirm"
	// Quiet waits until nobody uses the old key.
	Quiet Action = "quiet"
	// Drain waits for work that runs.
	Drain Action = "drain"
	// Unlock takes back a lock, which would keep the key from being changed.
	Unlock Action = "unlock"
	// Suspend makes the old key useless for the time being.
	Suspend Action = "suspend"
	// Refused proves that the old value is refused.
	Refused Action = "prove refused"
	// Persistence looks for what a thief may have made to stay.
	Persistence Action = "look for persistence"
	// Cancel cancels the jobs that the plan names.
	Cancel Action = "cancel jobs"
	// CancelLeaked does so with the leaked key itself, where there is no other.
	CancelLeaked Action = "cancel jobs with the leaked key"
	// CancelAgain does so once more when no token of the old key can live.
	CancelAgain Action = "cancel jobs again"
	// Soak waits while the old key is suspended and could come back.
	Soak Action = "soak"
	// Revoke ends the old key.
	Revoke Action = "revoke"
	// Prove proves that the old value is refused, and the new one works.
	Prove Action = "prove"
	// CloseAlerts closes alerts of GitHub's of the key, which is proved dead.
	CloseAlerts Action = "close alerts"
	// Forget deletes the sealed value.
	Forget Action = "forget"
)

// Changes reports whether an action changes something outside of this machine, or
// gives something out of hand.
func (a Action) Changes() bool {
	return slices.Contains([]Action{Issue, Distribute, Unlock, Suspend, Revoke, Cancel, CancelLeaked, CancelAgain, CloseAlerts, Hand, End}, a)
}

// Destroys reports whether an action ends or suspends a key: what caps count.
func (a Action) Destroys() bool { return a == Suspend || a == Revoke }

// Waits reports whether an action is to let time pass.
func (a Action) Waits() bool { return slices.Contains([]Action{Quiet, Drain, Soak, Until}, a) }
