package cli

import "testing"

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{
		"33554432": 33554432, "512MiB": 512 << 20, "512 mib": 512 << 20, "64MB": 64_000_000, "2g": 2_000_000_000,
		"1.5GiB": 3 << 29, " 1 TiB ": 1 << 40, "100k": 100_000, "7b": 7, "0": 0,
	} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("%q is %d, %t, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "much", "MiB", "1 i", "1ib", "-1MB", "1XB", "inf", "nan", "9e99", "1,5GB", "12 34MB", "9999999TiB"} {
		if got, ok := parseSize(text); ok {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}
