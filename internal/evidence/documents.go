package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qleaks/qleaks/internal/sweepreport"
)

// Documents are those of a pack: the report for people and for programs, each list
// as a table, the proof of coverage, and the controls.
func Documents(r sweepreport.Report) (map[string][]byte, error) {
	r.Controls = r.Checked()
	files := map[string][]byte{}
	for _, format := range []string{"html", "json"} {
		var b bytes.Buffer
		if err := sweepreport.Write(&b, format, r); err != nil {
			return nil, err
		}
		files["report."+format] = b.Bytes()
	}
	for _, t := range r.Tables() {
		var b bytes.Buffer
		if err := t.CSV(&b); err != nil {
			return nil, err
		}
		files[t.Name+".csv"] = b.Bytes()
	}
	var proof bytes.Buffer
	lines := json.NewEncoder(&proof)
	for _, c := range r.Coverage {
		if err := lines.Encode(c); err != nil {
			return nil, err
		}
	}
	files["coverage.jsonl"] = proof.Bytes()
	text, err := json.MarshalIndent(r.Controls, "", "  ")
	files["controls.json"] = append(text, '\n')
	files["README.txt"] = []byte(readme(r))
	return files, err
}

func readme(r sweepreport.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, `Evidence of leaked and idle keys, from %s to %s
Made by qleaks %s. No file here holds a key.

report.html, report.json   what was found, for people and for programs
findings.csv keys.csv decisions.csv runs.csv actions.csv
                           the lists, by the numbers that controls.json names
coverage.csv coverage.jsonl
                           how far each repository was read: every ref and the
                           commit that it led to, and what was not read, and why
controls.json              what was checked for each control, what came of it, and
                           what this pack does not show
manifest.json              the SHA-256 of each file
manifest.json.sig          the signature of the manifest, if there is one

To check it:
  qleaks report verify PACK --signers allowed_signers
Or without qleaks:
  ssh-keygen -Y verify -f allowed_signers -I WHO -n %s -s manifest.json.sig < manifest.json
  and compare sha256sum of each file with manifest.json

The records are what the machines that swept wrote. A person who could write to
their database before this pack was made could have changed what it says; the log
of remediation has a chain of its own, whose verified head is in manifest.json.

`, r.Since.UTC().Format("2006-01-02"), r.Made.UTC().Format("2006-01-02 15:04 UTC"), r.Version, Namespace)
	for _, c := range r.Controls {
		fmt.Fprintf(&b, "%s %s: %s\n  %s. %s\n", c.Standard, c.ID, c.Title, c.Result, c.Said)
		for _, not := range c.NotShown {
			fmt.Fprintf(&b, "  not shown: %s\n", not)
		}
	}
	return b.String()
}
