package cli

import (
	"os"
	"strings"
	"testing"
)

func TestTheStartersAreWhatTheDocumentsShow(t *testing.T) {
	page, err := os.ReadFile("../../../../action/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(string(page), "\r\n", "\n"), workflowText) {
		t.Error("action/README.md shows another workflow than qleaks init writes")
	}
	if _, err := parseConfig([]byte(configText)); err != nil {
		t.Errorf("the configuration is not valid: %v", err)
	}
	// What is a comment in it would be valid, too.
	var lines []string
	for line := range strings.Lines(configText) {
		if strings.Contains(line, " = ") || strings.Contains(line, "[[ignore]]") {
			line = strings.TrimPrefix(line, "# ")
		}
		lines = append(lines, line)
	}
	if _, err := parseConfig([]byte(strings.Replace(strings.Join(lines, ""), `"ql…"`, `"ql`+strings.Repeat("a", 26)+`"`, 1))); err != nil {
		t.Errorf("its comments are not valid: %v", err)
	}
}
