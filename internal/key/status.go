// Package key says what is known of a key, never the material itself.
package key

// Status says whether a provider still accepts a key. Not knowing is a value
// of its own: a refusal that is not the provider's exact answer for a dead key
// (403, 429, 500, a time-out, no network) is Unknown, never Inactive.
type Status string

// The three statuses.
const (
	Unknown  Status = "unknown"
	Active   Status = "active"
	Inactive Status = "inactive"
)
