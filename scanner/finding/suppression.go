package finding

// Suppression is a finding that its owners chose not to be told of again. It
// is no reason for exit code 1, but it is always counted and listed.
type Suppression struct {
	Finding Finding
	By      SuppressedBy
	// Reason and Owner are the words of the [[ignore]] entry, and empty for the
	// other ways: the text beside a marked key could repeat it.
	Reason string
	Owner  string
	// Until is the last day of the [[ignore]] entry as 2006-01-02, "" when it
	// has none.
	Until string
}

// SuppressedBy says what suppresses a finding.
type SuppressedBy string

// The ways to suppress a finding.
const (
	SuppressedByIgnore   SuppressedBy = "ignore"   // an [[ignore]] entry
	SuppressedByBaseline SuppressedBy = "baseline" // its key is listed in a baseline
	SuppressedByMark     SuppressedBy = "mark"     // qleaks:ignore[rule] on its line
	SuppressedByExclude  SuppressedBy = "exclude"  // [scan] exclude, in history
)
