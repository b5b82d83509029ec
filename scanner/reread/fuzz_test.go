package reread_test

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/reread"
)

// FuzzReports reads anything. What comes out has the form of a key, so that no
// report makes a header of what it likes.
func FuzzReports(f *testing.F) {
	f.Add([]byte(`{"schema":"qleaks.findings/1","findings":[{"rule":"ionq-api-key","secret":"x","occurrences":[{"place":"file","location":{}}]}]}`), "ionq")
	f.Add([]byte(`[{"RuleID":"r","Secret":"aaaabbbbccccddddeeee","Match":"IONQ_API_KEY=aaaabbbbccccddddeeee","File":"a.py"}]`), "ibm")
	f.Add([]byte(`{"SourceMetadata":{"Data":{"Git":{"file":"a"}}},"DetectorName":"IbmCloudUserKey","Raw":"aaaabbbbccccddddeeee"}`), "")
	f.Add([]byte("\xff\xfe[\x00]\x00"), "qbraid")
	f.Add([]byte("aaaabbbbccccddddeeee\n# a\nQBRAID_API_KEY=aaaabbbbccccddddeeee\n"), "qbraid")
	x := inspector(f)
	f.Fuzz(func(t *testing.T, data []byte, provider string) {
		r, err := reread.Read(strings.NewReader(string(data)), reread.Options{Inspector: x, Provider: provider})
		if err == nil && r.Format == "" {
			t.Error("read as nothing, without an error")
		}
		for _, e := range r.Entries {
			v := e.Secret.Reveal()
			if len(v) < 8 || strings.ContainsAny(v, "\r\n\x00 ") || e.Rule == nil || len(e.Occurrences) == 0 {
				t.Errorf("an entry of %d bytes is no key", len(v))
			}
		}
	})
}
