package cli

import (
	"regexp"
	"strings"
)

// scannerName is how lines name the scanners that qleaks takes the place of.
const scannerName = `(?:gitleaks|betterleaks)`

// gitleaksCall is a call with one of the commands that qleaks has, too; flags
// may stand before it.
const gitleaksCall = `\b` + scannerName + `((?:[ \t]+-[^\s'"]*(?:[ \t]+[^\s'"-][^\s'"]*)?)*?[ \t]+(?:git|dir|file|directory|stdin|detect|protect)\b)`

// callers are the files, beside pre-commit's and GitHub's, that call scanners.
var callers = []string{
	".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "Jenkinsfile",
	".husky/pre-commit", "lefthook.yml", ".lefthook.yml", "Makefile", "Taskfile.yml", "justfile", "package.json",
}

// advice says what to do about a line that a person has to change; "" for one
// that only has the name.
func advice(line string) string {
	trimmed := strings.TrimLeft(strings.TrimSpace(line), "- ")
	named := regexp.MustCompile(`^(?:repo|uses|image):.*` + scannerName)
	switch {
	case named.MatchString(trimmed) && strings.HasPrefix(trimmed, "repo:"):
		return "the hook comes from its repository; in its place: repo: local, with entry: qleaks git --pre-commit --redact --staged --verbose, language: system, pass_filenames: false (or qleaks' own hook, for quantum keys)"
	case named.MatchString(trimmed) && strings.HasPrefix(trimmed, "uses:"):
		return "an action; in its place: run: qleaks git --redact -v (or uses: qleaks/qleaks/action, for quantum keys)"
	case named.MatchString(trimmed) || regexp.MustCompile(scannerName+`:[\w.-]+[ \t]`).MatchString(line):
		return "an image with it; take one that has qleaks"
	case regexp.MustCompile(`(?:https?://\S*|\b(?:brew|apt|apt-get|apk|choco|scoop|npm|pip|go)[ \t]+(?:install|add)\b.*)` + scannerName).MatchString(line):
		return "it installs it; install qleaks in its place"
	case regexp.MustCompile(`(?:^|[\s'"/;&|(])` + scannerName + `[ \t]`).MatchString(line):
		return "it is called in a way that is not known here"
	}
	return ""
}

func calledQleaks(line string) (string, bool) {
	call := regexp.MustCompile(gitleaksCall)
	if !call.MatchString(line) {
		return line, false
	}
	return call.ReplaceAllString(line, "qleaks$1"), true
}
