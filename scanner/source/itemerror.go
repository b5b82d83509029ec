package source

import "fmt"

// Outcome says why something was not read, as coverage tells it.
type Outcome string

// Unread things make a scan incomplete (exit 4); excluded ones are listed and
// are no error unless the scan is strict.
const (
	Unread   Outcome = "unread"
	Excluded Outcome = "excluded"
)

// ItemError says that one thing was not read, or not in full. It holds no
// content.
type ItemError struct {
	Path    string
	Outcome Outcome
	// Reason is a short clause for people: "permission denied".
	Reason string
	// Err is the cause, if there is one.
	Err error
}

// Error implements error.
func (e *ItemError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Outcome, e.Path, e.Reason)
}

// Unwrap returns the cause.
func (e *ItemError) Unwrap() error { return e.Err }
