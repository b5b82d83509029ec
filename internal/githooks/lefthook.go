package githooks

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// lefthookFiles are where lefthook looks.
func lefthookFiles() []string {
	return []string{"lefthook.yml", ".lefthook.yml", "lefthook.yaml", ".lefthook.yaml", ".config/lefthook.yml", ".config/lefthook.yaml"}
}

// ErrForm says that a file is written in a form that is not understood well
// enough to change it.
var ErrForm = errors.New("it is written in a form that is not changed here")

// InstallLefthook adds a job to lefthook's file and returns its name.
func InstallLefthook(p Place, event string) (string, error) {
	name, text, mode, err := lefthookFile(p)
	if err != nil {
		return "", err
	}
	text, _ = takeJobOut(text, event)
	text, err = withJob(text, event)
	if err != nil {
		return name, err
	}
	return name, replace(name, text, mode)
}

// UninstallLefthook takes the jobs out of lefthook's file.
func UninstallLefthook(p Place) (bool, error) {
	name, text, mode, err := lefthookFile(p)
	if errors.Is(err, ErrNoManager) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rest, found := withoutBlock(text)
	if !found {
		return false, nil
	}
	return true, replace(name, rest, mode)
}

// HasLefthook reports whether lefthook manages the hooks of a place.
func HasLefthook(p Place) bool { return lefthookName(p) != "" }

// lefthookName is the file in which lefthook is told what to do; "" for none.
func lefthookName(p Place) string {
	for _, base := range lefthookFiles() {
		name := filepath.Join(p.Root, filepath.FromSlash(base))
		if p.Root != "" && there(name) {
			return name
		}
	}
	return ""
}

func lefthookFile(p Place) (name string, text []byte, mode fs.FileMode, err error) {
	if name = lefthookName(p); name == "" {
		return "", nil, 0, ErrNoManager
	}
	text, mode, err = readIfThere(name)
	return name, text, mode, err
}

// lefthookRun is what the job of an event runs. Without use_stdin lefthook keeps
// the refs to itself.
func lefthookRun(event string) []string {
	if readsRefs(event) {
		return []string{"run: qleaks hook " + event + " {0}", "use_stdin: true"}
	}
	return []string{"run: qleaks hook " + event}
}

// takeJobOut takes out the block of one event.
func takeJobOut(text []byte, event string) ([]byte, bool) {
	begin := 0
	for {
		at := bytes.Index(text[begin:], []byte(blockBegin))
		if at < 0 {
			return text, false
		}
		begin += at
		end := bytes.Index(text[begin:], []byte(blockEnd))
		if end < 0 {
			return text, false
		}
		if bytes.Contains(text[begin:begin+end], []byte("qleaks hook "+event)) {
			start := bytes.LastIndexByte(text[:begin], '\n') + 1
			rest, _ := withoutBlock(text[start:])
			return bytes.Join([][]byte{text[:start], rest}, nil), true
		}
		begin += end
	}
}

// withJob adds the job of an event to lefthook's YAML: below commands or jobs of
// the event where it has these, else at the end of the file.
func withJob(text []byte, event string) ([]byte, error) {
	lines := splitLines(text)
	top := findKey(lines, 0, "", event)
	if top < 0 {
		for _, line := range lines {
			if strings.HasPrefix(strings.TrimLeft(line, `"'{ `), event) {
				return nil, ErrForm
			}
		}
		job := []string{event + ":", "  commands:", "    qleaks:"}
		for _, line := range lefthookRun(event) {
			job = append(job, "      "+line)
		}
		return appended(text, job...), nil
	}
	indent := childIndent(lines, top)
	if indent == "" {
		return nil, ErrForm
	}
	for _, list := range []string{"jobs", "commands"} {
		at := findKey(lines, top+1, indent, list)
		if at < 0 {
			continue
		}
		deeper := childIndent(lines, at)
		if list == "jobs" && deeper == "" && at+1 < len(lines) && strings.HasPrefix(lines[at+1], indent+"- ") {
			deeper = indent // a list may stand below its key without more space
		}
		if deeper == "" {
			return nil, ErrForm
		}
		run := lefthookRun(event)
		job := []string{"qleaks:"}
		space := "  "
		if list == "jobs" {
			job = []string{"- name: qleaks"}
		}
		for _, line := range run {
			job = append(job, space+line)
		}
		return withBlock(text, offset(lines, at+1), deeper, job...), nil
	}
	job := []string{"commands:", "  qleaks:"}
	for _, line := range lefthookRun(event) {
		job = append(job, "    "+line)
	}
	return withBlock(text, offset(lines, top+1), indent, job...), nil
}

func splitLines(text []byte) []string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		lines = append(lines, line)
	}
	return lines
}

func offset(lines []string, line int) int {
	n := 0
	for _, l := range lines[:line] {
		n += len(l)
	}
	return n
}

// findKey finds the line of a key that begins a block, from a line on and before
// the block around it ends; -1 if there is none.
func findKey(lines []string, from int, indent, key string) int {
	for i := from; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], "\r\n")
		rest, ok := strings.CutPrefix(line, indent+key+":")
		if ok {
			rest = strings.TrimSpace(rest)
			if rest == "" || strings.HasPrefix(rest, "#") {
				return i
			}
		}
		trimmed := strings.TrimSpace(line)
		if indent != "" && trimmed != "" && !strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(line, indent) {
			return -1
		}
	}
	return -1
}

// childIndent is the space before what stands below a key, "" for nothing.
func childIndent(lines []string, key int) string {
	own := len(lines[key]) - len(strings.TrimLeft(lines[key], " "))
	for _, line := range lines[key+1:] {
		trimmed := strings.TrimLeft(line, " ")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if n := len(line) - len(trimmed); n > own {
			return strings.Repeat(" ", n)
		}
		return ""
	}
	return ""
}
