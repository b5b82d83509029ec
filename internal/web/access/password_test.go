package access

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Nobody learns from the time of an answer whether a user exists: what stands in for
// a password that is not there costs as much to compare with.
func TestTheDecoyCostsWhatAPasswordCosts(t *testing.T) {
	hash, err := HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	real, decoy := strings.Split(hash, "$"), strings.Split(newTries().decoy, "$")
	if len(decoy) != len(real) || strings.Join(decoy[:4], "$") != strings.Join(real[:4], "$") {
		t.Fatalf("a password is kept as %q, the decoy is %q", real[:4], decoy[:4])
	}
	for i := 4; i < len(real); i++ {
		if b, err := base64.RawStdEncoding.DecodeString(decoy[i]); err != nil || len(decoy[i]) != len(real[i]) || len(b) == 0 {
			t.Errorf("part %d of the decoy has %d characters, of a password %d; %v", i, len(decoy[i]), len(real[i]), err)
		}
	}
	if again := newTries().decoy; again == strings.Join(decoy, "$") {
		t.Error("the decoy is always the same")
	}
}
