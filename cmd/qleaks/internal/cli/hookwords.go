package cli

import (
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
)

// hookWords are what a hook says when it stops something.
type hookWords struct {
	headline, standing string
	ways               []report.Way
}

// words are those for a result in which no text holds a key. Without keys, it
// is stopped for what was not read.
func (h *hook) words(r *scanRun, result finding.Result, keys bool) hookWords {
	what, standing, past := h.stopped(r)
	w := hookWords{standing: standing}
	if !keys {
		w.headline = what + ": not everything could be read"
		w.ways = h.past(past)
		return w
	}
	w.headline = what + ": " + countKeys(result)
	if h.event != eventMessage {
		w.ways = append(h.fixes(r, result), report.Way{
			Command: "qleaks ignore " + result.Findings[0].ID + ` --reason "…"`,
			Effect:  "if it is no key, or was revoked; everybody can read the reason",
		})
	}
	w.ways = append(w.ways, h.past(past)...)
	return w
}

func countKeys(result finding.Result) string {
	s := finding.Summarize(result)
	return plural(s.Keys, "key") + " in " + plural(s.Places, "place")
}

// stopped says what is stopped, who may have the keys, and the command that
// goes past the hook.
func (h *hook) stopped(r *scanRun) (what, standing, past string) {
	selecting := r.options.Reading.Selecting
	switch {
	case h.event == eventMessage:
		return "qleaks stopped this commit, for its message", "The key has not left this computer. Write the message without it.", "git commit"
	case h.event == eventMerge:
		return "qleaks stopped this merge", "The key is in none of the merged commits. It has not left this computer.", "git merge"
	case selecting.Staged:
		return "qleaks stopped this commit", "What is staged has not left this computer. The shortest ways out:", "git commit"
	case selecting.Push != nil && selecting.Push.Receiving:
		return "qleaks refused this push", "Nobody else got it from this server. It stays in your commits until these are made anew, since a later commit that removes it leaves it in the history.", ""
	case selecting.Push != nil:
		return "qleaks stopped this push", "The commits have not left this computer. A later commit that removes the key leaves it in the history, so these have to be made anew.", "git push"
	case selecting.commits():
		return "qleaks found keys in these commits", "If they were pushed, or anybody else has them: revoke the key first.", ""
	}
	return "qleaks found keys in these files", "If they were pushed, or anybody else has them: revoke the key first.", ""
}

// fixes are the ways to take the keys out.
func (h *hook) fixes(r *scanRun, result finding.Result) []report.Way {
	selecting := r.options.Reading.Selecting
	if selecting.Push != nil || selecting.commits() {
		return []report.Way{{Command: "qleaks fix --history", Effect: "prints how to take it out of the commits"}}
	}
	paths := fixablePaths(result)
	add := " && git add " + paths
	if paths == "" {
		add = " && git add -u"
	} else {
		paths = " " + paths
	}
	if !selecting.Staged {
		add = ""
	}
	if strings.Contains(paths, " ") && strings.Count(paths, " ") > 1 {
		paths = "" // fix takes one PATH
	}
	return []report.Way{{
		Command: "qleaks fix --write" + paths + add,
		Effect:  "reads the key from the environment instead; it goes into .env, which Git ignores",
	}}
}

// fixablePaths are the files, as one could type them; "" where they are many,
// or have names that a shell or a terminal could take for something else.
func fixablePaths(result finding.Result) string {
	const most = 3
	var paths []string
	seen := map[string]bool{}
	for _, f := range result.Findings {
		if seen[f.Path] {
			continue
		}
		seen[f.Path] = true
		if shellWord(f.Path) != f.Path || strings.HasPrefix(f.Path, "-") || strings.HasPrefix(f.Path, "~") || len(paths) == most {
			return ""
		}
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, " ")
}

// past is the person's right to go on all the same.
func (h *hook) past(command string) []report.Way {
	if command == "" {
		return nil
	}
	if h.env.Getenv("PRE_COMMIT") != "" {
		command = "SKIP=" + hookName + " " + command
	} else {
		command += " --no-verify"
	}
	return []report.Way{{Command: command, Effect: "goes on all the same: that is your right"}}
}
