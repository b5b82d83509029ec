package main

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// rotation VARIABLE sets a variable to the id of a rotation that the last output
// tells.
func rotation(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rotation VARIABLE")
	}
	id := rotationIn(ts.ReadFile("stdout"))
	if id == "" {
		ts.Fatalf("no rotation is told")
	}
	ts.Setenv(args[0], id)
}

// rotationIn is the first ULID in a text; "" if there is none.
func rotationIn(text string) string {
	for word := range strings.FieldsSeq(text) {
		if word = strings.Trim(word, ",.:;()"); len(word) == 26 && strings.Trim(word, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == "" {
			return word
		}
	}
	return ""
}

// signer NAME KEY FILE makes a file of allowed signers with one public key.
func signer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: signer NAME KEY FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(args[0]+" "+ts.ReadFile(args[1])), 0o600))
}
