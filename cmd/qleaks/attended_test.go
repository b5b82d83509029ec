package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qleaks/qleaks/remediate/console/sim"
)

// deskVariable is where the desk of a story answers.
const deskVariable = "KEY_DESK"

// staffed PROVIDER opens a desk for the keys of a simulated provider: a service that
// does what a person does in the console. $KEY_DESK is where it answers.
func staffed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: staffed PROVIDER")
	}
	account, p := deskOf(cloudOf(ts), args[0]), ts.Value(plantedKey{}).(*planted)
	answers := map[string]func(form url.Values) (any, bool){
		"/list": func(url.Values) (any, bool) {
			list := []map[string]string{}
			for _, k := range account.Keys() {
				list = append(list, map[string]string{"id": k.ID, "name": k.Name})
			}
			return list, true
		},
		"/new": func(form url.Values) (any, bool) {
			k, v := account.Create(form.Get("name"), form.Get("project"))
			p.keys = append(p.keys, strings.TrimPrefix(v.Reveal(), "qbr_"))
			return map[string]string{"id": k.ID, "name": k.Name, "value": v.Reveal()}, true
		},
		"/revoke": func(form url.Values) (any, bool) {
			keys := slices.DeleteFunc(account.Keys(), func(k sim.Key) bool {
				return k.Name != form.Get("name") || form.Get("id") != "" && k.ID != form.Get("id")
			})
			return struct{}{}, len(keys) == 1 && account.Revoke(keys[0].ID)
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		do := answers[r.URL.Path]
		if do == nil || r.ParseForm() != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer, done := do(r.PostForm)
		if !done {
			w.WriteHeader(http.StatusConflict)
			return
		}
		_ = json.NewEncoder(w).Encode(answer) // whoever asks sees what is missing
	}))
	ts.Defer(server.Close)
	ts.Setenv(deskVariable, server.URL)
}

// copied PROVIDER FILE writes the table of keys of a simulated provider's console,
// as a person copies it.
func copied(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copied PROVIDER FILE")
	}
	day := "2006-01-02"
	table := "Name\tProject\tLast used\n"
	if args[0] == "qbraid" {
		table = "Name\tCreated\tLast used\tStatus\n"
	}
	for _, k := range deskOf(cloudOf(ts), args[0]).Keys() {
		used := "Never"
		if !k.Used.IsZero() {
			used = k.Used.Format(day)
		}
		if args[0] == "qbraid" {
			table += fmt.Sprintf("%s\t%s\t%s\tactive\n", k.Name, k.Created.Format(day), used)
		} else {
			table += fmt.Sprintf("%s\t%s\t%s\n", k.Name, k.Project, used)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(table), 0o600))
}

// documented PAGE LANGUAGE FILE writes the whole program that a page of docs shows
// in a language.
func documented(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: documented PAGE LANGUAGE FILE")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", args[0]))
	ts.Check(err)
	_, block, found := strings.Cut(string(page), "\n```"+args[1]+"\n#!")
	text, _, ends := strings.Cut(block, "\n```\n")
	if !found || !ends || strings.Contains(block[len(text):], "```"+args[1]+"\n#!") {
		ts.Fatalf("docs/%s shows no program, or several", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte("#!"+text+"\n"), 0o700))
}

// attend is a program of the stories: it runs a command as somebody who does, at
// the desk, what the command asks for, and says so.
func attend() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		fatal(err)
	}
	a := &attendant{answers: in}
	cmd.Stdout, cmd.Stderr = os.Stdout, io.MultiWriter(os.Stderr, a)
	err = cmd.Run()
	if cmd.ProcessState == nil {
		fatal(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "attend:", err)
	os.Exit(99)
}

// attendant reads what a command says, and answers.
type attendant struct {
	answers io.Writer
	said    bytes.Buffer
}

// Write implements io.Writer.
func (a *attendant) Write(p []byte) (int, error) {
	a.said.Write(p)
	text := a.said.String()
	switch {
	case strings.HasSuffix(text, "[yes/no] "):
		a.say(a.yes(text))
	case strings.HasSuffix(text, "(it is not shown): "):
		a.say(a.value(text))
	}
	return len(p), nil
}

func (a *attendant) say(answer string) {
	a.said.Reset()
	if _, err := io.WriteString(a.answers, answer+"\n"); err != nil {
		fatal(err)
	}
}

// yes does what is asked for, and says whether it is done.
func (a *attendant) yes(text string) string {
	name := told(text, "its name: ")
	switch {
	case strings.Contains(text, "\nRevoke the key "):
		ask("revoke", url.Values{"name": {name}}, nil)
	case strings.Contains(text, "\nLook for the key "):
		var list []struct{ Name string }
		ask("list", nil, &list)
		_, wanted, _ := strings.Cut(text, "is called exactly: ")
		wanted, _, _ = strings.Cut(wanted, "\n")
		if !slices.ContainsFunc(list, func(k struct{ Name string }) bool { return k.Name == wanted }) {
			return "no"
		}
	}
	return "yes"
}

// value makes a key, and returns its value.
func (a *attendant) value(text string) string {
	var made struct{ Value string }
	ask("new", url.Values{"name": {told(text, "the name: ")}, "project": {told(text, "the project: ")}}, &made)
	return made.Value
}

// told is what follows a label at the beginning of a line.
func told(text, label string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), label); ok {
			return value
		}
	}
	return ""
}

func ask(what string, form url.Values, answer any) {
	response, err := http.PostForm(os.Getenv(deskVariable)+"/"+what, form)
	if err != nil {
		fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		fatal(fmt.Errorf("%s: %s", what, response.Status))
	}
	if answer != nil {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			fatal(err)
		}
	}
}
