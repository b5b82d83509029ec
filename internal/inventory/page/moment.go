package page

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	errNoDate  = errors.New("is no date")
	errTwoDays = errors.New("could be two days: say with --dates which number comes first, dmy or mdy")
)

// layouts are how dates are written; times without a zone are UTC.
var layouts = []string{
	"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04-0700", "2006-01-02T15:04:05.999999999-0700",
	"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006-01-02", "2006/01/02", "2006/01/02 15:04", "2.1.2006", "2.1.2006 15:04",
	"Jan 2 2006", "2 Jan 2006", "January 2 2006", "2 January 2006", "Mon Jan 2 2006", "Monday January 2 2006",
	"Jan 2 2006 3:04 PM", "Jan 2 2006 3:04:05 PM", "Jan 2 2006 15:04", "January 2 2006 3:04 PM", "January 2 2006 15:04", "2 Jan 2006 15:04", "2 January 2006 15:04",
}

var (
	numbered = expression.Lazy(`^(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?))?$`)
	relative = expression.Lazy(`^(?:about |over |almost |less than )?(\d{1,4}|an?|one) ?(second|sec|minute|min|hour|hr|day|week|month|year|s|m|h|d|w|mo|y)s? ago$`)
)

// moment reads a date in lower case; approximate says that it was told from
// the day of the list on.
func moment(text string, o Options) (at time.Time, approximate bool, err error) {
	text = strings.Join(strings.Fields(strings.NewReplacer(",", " ", " at ", " ", " utc", "", " gmt", "").Replace(text)), " ")
	switch text {
	case "today", "just now", "now":
		return o.AsOf.UTC(), true, nil
	case "yesterday":
		return o.AsOf.UTC().AddDate(0, 0, -1), true, nil
	}
	if m := relative().FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			n = 1 // "a", "an", "one"
		}
		return before(o.AsOf.UTC(), n, m[2]), true, nil
	}
	if m := numbered().FindStringSubmatch(text); m != nil {
		at, err = byNumbers(m, o.Days)
		return at, false, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 1e9 && n < 1e14 {
		if n >= 1e11 {
			return time.UnixMilli(n).UTC(), false, nil
		}
		return time.Unix(n, 0).UTC(), false, nil
	}
	written := strings.ToUpper(text) // names of months are read in any case
	for _, layout := range layouts {
		if at, err := time.Parse(layout, written); err == nil {
			return at.UTC(), false, nil
		}
	}
	return time.Time{}, false, errNoDate
}

func before(asOf time.Time, n int, unit string) time.Time {
	switch unit {
	case "second", "sec", "s":
		return asOf.Add(-time.Duration(n) * time.Second)
	case "minute", "min", "m":
		return asOf.Add(-time.Duration(n) * time.Minute)
	case "hour", "hr", "h":
		return asOf.Add(-time.Duration(n) * time.Hour)
	case "day", "d":
		return asOf.AddDate(0, 0, -n)
	case "week", "w":
		return asOf.AddDate(0, 0, -7*n)
	case "month", "mo":
		return asOf.AddDate(0, -n, 0)
	}
	return asOf.AddDate(-n, 0, 0)
}

// byNumbers reads 03/25/2026 and 25/03/2026; where both numbers could be the
// month, the order decides.
func byNumbers(m []string, order Order) (time.Time, error) {
	first, _ := strconv.Atoi(m[1]) // digits, by the expression
	second, _ := strconv.Atoi(m[2])
	day, month := first, second
	switch {
	case first > 12 && second <= 12, first == second:
	case second > 12 && first <= 12:
		day, month = second, first
	case order == MonthFirst:
		day, month = second, first
	case order == NoOrder:
		return time.Time{}, errTwoDays
	}
	at, err := time.Parse("2006-1-2", m[3]+"-"+strconv.Itoa(month)+"-"+strconv.Itoa(day))
	if err != nil {
		return at, errNoDate
	}
	if m[4] == "" {
		return at, nil
	}
	clock := strings.ToUpper(strings.ReplaceAll(m[4], " ", ""))
	for _, layout := range []string{"15:04", "15:04:05", "3:04PM", "3:04:05PM"} {
		if t, err := time.Parse(layout, clock); err == nil {
			return at.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second), nil
		}
	}
	return at, errNoDate
}
