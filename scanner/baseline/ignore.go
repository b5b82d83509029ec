// Package baseline says which findings their owners chose not to be told of:
// ignores with a reason and an end, marks on the line of a key, and the memory
// of whom the operator trusts to have such a say.
package baseline

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Ignore is an [[ignore]] entry: one finding that is known and accepted.
type Ignore struct {
	// ID is the finding's id.
	ID string `toml:"id"`
	// Reason says to the next reader why; it is required.
	Reason string `toml:"reason"`
	// Owner is who answers for it. Optional.
	Owner string `toml:"owner"`
	// Until is the last day on which the entry holds. Optional.
	Until Day `toml:"until"`
}

// Validate says what is wrong with an entry, naming the field.
func (i Ignore) Validate() error {
	if i.ID == "" {
		return errors.New("id is missing: it is the id that the report shows for the finding")
	}
	if strings.TrimSpace(i.Reason) == "" {
		return fmt.Errorf("reason is missing for %q: say why this finding is acceptable", i.ID)
	}
	return nil
}

// Day is a date without a time and a zone. The zero Day means no date.
type Day struct {
	year  int
	month time.Month
	day   int
}

// dayForm is how a Day is written.
const dayForm = time.DateOnly

// String returns the day as 2006-01-02, "" for the zero Day.
func (d Day) String() string {
	if d == (Day{}) {
		return ""
	}
	return d.begin().Format(dayForm)
}

// Over reports whether the day has ended everywhere on earth. The zero Day is
// never over.
func (d Day) Over(now time.Time) bool {
	// The last zone to end a day is twelve hours behind UTC.
	return d != (Day{}) && !now.Before(d.begin().AddDate(0, 0, 1).Add(12*time.Hour))
}

func (d Day) begin() time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
}

// UnmarshalTOML accepts a TOML date or the same as a string.
func (d *Day) UnmarshalTOML(value any) error {
	switch v := value.(type) {
	case time.Time:
		d.year, d.month, d.day = v.Date()
		return nil
	case string:
		t, err := time.Parse(dayForm, v)
		if err == nil {
			d.year, d.month, d.day = t.Date()
			return nil
		}
	}
	return errors.New("until is not a day such as 2027-01-31")
}
