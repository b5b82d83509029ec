package gitsource

import (
	"testing"
	"time"
)

func TestDatesAndAges(t *testing.T) {
	now := time.Date(2026, 7, 31, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-05-01":                "2026-05-01T00:00:00Z",
		"2026-05-01T10:20:30Z":      "2026-05-01T10:20:30Z",
		"2026-05-01T10:20:30+02:00": "2026-05-01T08:20:30Z",
		"2026-05-01 10:20":          "2026-05-01T10:20:00Z",
		"2026-05-01 10:20:30":       "2026-05-01T10:20:30Z",
		"2026-05-01 10:20:30 +0200": "2026-05-01T08:20:30Z",
		"90d":                       "2026-05-02T10:00:00Z",
		"2 weeks":                   "2026-07-17T10:00:00Z",
		"2.weeks.ago":               "2026-07-17T10:00:00Z",
		"12h":                       "2026-07-30T22:00:00Z",
		"1 month ago":               "2026-07-01T10:00:00Z",
		"3Y":                        "2023-07-31T10:00:00Z",
		"":                          "",
		"90":                        "",
		"d":                         "",
		"2026-13-01":                "",
		"2026-05":                   "",
		"999999d":                   "",
		"-5d":                       "",
		"v2026-05-01":               "",
	} {
		got, ok := parseSince(text, now)
		told := ""
		if ok {
			told = got.UTC().Format(time.RFC3339)
		}
		if told != want {
			t.Errorf("%q: %q, want %q", text, told, want)
		}
	}
}

// A pack is believed when it says which id an object has.
func TestTagsInACircleEnd(t *testing.T) {
	s := &search{graph: newGraph(0, nil)}
	s.walked.tags = map[uint32]uint32{0: 1, 1: 0}
	if _, ok := s.peeled(0); ok {
		t.Error("a circle leads to a commit")
	}
}
