package cli

import (
	"regexp"
	"strings"
)

// gitleaksCall is a call of gitleaks with one of the commands that qleaks has,
// too.
const gitleaksCall = `\bgitleaks[ \t]+(git|dir|file|directory|stdin|detect|protect)\b`

// preCommitHook changes a line of pre-commit's configuration. What fetches
// gitleaks from its repository is for a person to decide: which release of
// qleaks the hook gets.
func preCommitHook(line string) (string, bool) {
	trimmed := strings.TrimLeft(strings.TrimSpace(line), "- ")
	if strings.HasPrefix(trimmed, "repo:") {
		return line, false
	}
	if changed, ok := calledQleaks(line); ok {
		return changed, true
	}
	return line, false
}

// workflowStep changes a line of a GitHub workflow. An action is for a person
// to replace.
func workflowStep(line string) (string, bool) { return calledQleaks(line) }

func calledQleaks(line string) (string, bool) {
	call := regexp.MustCompile(gitleaksCall)
	if !call.MatchString(line) {
		return line, false
	}
	return call.ReplaceAllString(line, "qleaks $1"), true
}
