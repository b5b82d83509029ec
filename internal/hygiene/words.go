package hygiene

import (
	"strconv"
	"time"
)

// count returns "1 key", "2 keys".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// date is a day, in UTC.
func date(t time.Time) string { return t.UTC().Format("2006-01-02") }

// days is how long something lasts, in whole days.
func days(d time.Duration) string { return count(int(d/day), "day", "days") }

// ago is how long before a time something was.
func ago(now, then time.Time) string { return days(max(0, now.Sub(then))) }
