package gitsource

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	ageForm = `^(\d{1,5})[ .]?(h|hours?|d|days?|w|weeks?|months?|y|years?)(?:[ .]ago)?$`
	// dateForms are in UTC where they name no zone, so that every machine
	// takes the same commits.
	dateForms = `^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$`
)

// parseSince reads a date, or an age such as "90d" or "2 weeks". It is false
// for anything else.
func parseSince(text string, now time.Time) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if m := regexp.MustCompile(ageForm).FindStringSubmatch(strings.ToLower(text)); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return time.Time{}, false
		}
		now = now.UTC()
		switch m[2][0] {
		case 'h':
			return now.Add(-time.Duration(n) * time.Hour), true
		case 'd':
			return now.AddDate(0, 0, -n), true
		case 'w':
			return now.AddDate(0, 0, -7*n), true
		case 'm':
			return now.AddDate(0, -n, 0), true
		default:
			return now.AddDate(-n, 0, 0), true
		}
	}
	if !regexp.MustCompile(dateForms).MatchString(text) {
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
