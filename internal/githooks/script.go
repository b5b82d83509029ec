package githooks

import (
	"slices"
	"strings"
)

// mark begins the second line of every script of ours.
const mark = "# qleaks: "

// suffix is what the name of a hook gets that was there before.
const suffix = ".before-qleaks"

// isOurs reports whether a script was made here.
func isOurs(text []byte) bool {
	_, rest, _ := strings.Cut(string(text), "\n")
	return strings.HasPrefix(rest, mark)
}

// readsRefs are the events whose hooks get refs on standard input.
func readsRefs(event string) bool {
	return slices.Contains([]string{"pre-push", "pre-receive"}, event)
}

// quoted writes a word for a POSIX shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// unquoted is the reverse of quoted.
func unquoted(text string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(text, "'"), "'"), `'\''`, "'")
}

// Script is the hook of an event. Program is the path of qleaks; empty for the
// one that is in PATH.
func Script(event, program string) []byte {
	s := "#!/bin/sh\n" +
		mark + "qleaks hook install made this; qleaks hook uninstall takes it away and puts\n" +
		"# back what was here before, which is " + event + suffix + " now and runs first.\n" +
		"before=\"${0%/*}/" + event + suffix + "\"\n"
	if readsRefs(event) {
		s += "refs=$(cat)\n" +
			"refs() { [ -z \"$refs\" ] || printf '%s\\n' \"$refs\"; }\n" +
			"if [ -x \"$before\" ]; then refs | \"$before\" \"$@\" || exit; fi\n"
	} else {
		s += "if [ -x \"$before\" ]; then \"$before\" \"$@\" || exit; fi\n"
	}
	s += choosing(event, program)
	if readsRefs(event) {
		return []byte(s + "refs | \"$qleaks\" hook " + event + " \"$@\"\n")
	}
	return []byte(s + "exec \"$qleaks\" hook " + event + " \"$@\"\n")
}

// choosing finds the program, or stops: a hook that cannot look must not look
// like one that found nothing.
func choosing(event, program string) string {
	s := "program=" + quoted(program) + "\n" +
		"qleaks=$program\n" +
		"[ -x \"$qleaks\" ] || qleaks=$(command -v qleaks) || {\n"
	if program == "" {
		s += "\techo \"qleaks: error: nobody looked for keys: there is no qleaks in PATH\" >&2\n"
	} else {
		s += "\techo \"qleaks: error: nobody looked for keys: $program is gone, and there is no qleaks in PATH\" >&2\n"
	}
	s += "\techo \"qleaks: hint: install it, then: qleaks hook install; or take this hook away: $0\" >&2\n"
	if past := goingPast(event); past != "" {
		s += "\techo \"qleaks: hint: to go on without it, once: " + past + "\" >&2\n"
	}
	return s + "\texit 1\n}\n"
}

// goingPast is the command with which a person goes past a hook.
func goingPast(event string) string {
	switch event {
	case "pre-commit":
		return "git commit --no-verify"
	case "pre-push":
		return "git push --no-verify"
	}
	return ""
}

// programOf is the path that a script of ours runs, "" for that in PATH.
func programOf(script []byte) string {
	for line := range strings.Lines(string(script)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "program='"); ok {
			return unquoted("'" + text)
		}
	}
	return ""
}

// dispatcher is a hook for all repositories: core.hooksPath keeps Git from the
// hooks of each of them, so that it runs these. An event that qleaks has no part
// in has no program.
func dispatcher(event, program string, guarded bool) []byte {
	s := "#!/bin/sh\n" +
		mark + "qleaks hook install --global made this; qleaks hook uninstall --global takes\n" +
		"# it away. The repository's own hook, which core.hooksPath leaves out, runs first.\n" +
		"own=\"$(git rev-parse --git-common-dir)/hooks/" + event + "\"\n"
	if !guarded {
		return []byte(s + "[ ! -x \"$own\" ] || exec \"$own\" \"$@\"\n")
	}
	own := "if [ -x \"$own\" ]; then \"$own\" \"$@\" || exit; fi\n"
	run := "exec \"$qleaks\" hook " + event + " \"$@\"\n"
	if readsRefs(event) {
		own = "refs=$(cat)\n" +
			"refs() { [ -z \"$refs\" ] || printf '%s\\n' \"$refs\"; }\n" +
			"if [ -x \"$own\" ]; then refs | \"$own\" \"$@\" || exit; fi\n"
		run = "refs | \"$qleaks\" hook " + event + " \"$@\"\n"
	}
	return []byte(s + own + choosing(event, program) + run)
}

// dispatched are the hooks of Git that a directory for all repositories needs,
// so that their own ones still run. Left out are proc-receive, push-to-checkout
// and fsmonitor-watchman, whose mere presence changes what Git does.
func dispatched() []string {
	return []string{
		"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
		"commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
		"post-receive", "post-update", "reference-transaction", "pre-auto-gc", "post-rewrite", "sendemail-validate",
		"post-index-change",
	}
}

func splitWords(text []byte) []string { return strings.Fields(string(text)) }
