package file

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/qleaks/qleaks/remediate/store"
)

// newTerminal is what people must do after a variable has changed.
const newTerminal = "open a new terminal: those that are open still have the old value"

// restart is what people must do where programs have read a file.
const restart = "restart notebooks and programs that run: they have read the old value"

// Kinds are the kinds of stores of this package.
func Kinds() []store.Kind {
	path := store.Setting{Name: "path", Means: "the file; ~/ is your home directory", Required: true}
	in := store.Traits{Reads: true, Compares: true}
	return []store.Kind{
		{
			Name: "env-file", Title: "a .env file", Settings: []store.Setting{path, store.Variable()}, Traits: in, After: restart,
			Example: []string{`path = "~/lab/.env"`, `variable = "IONQ_API_KEY"`},
			Open: func(d store.Declaration, u store.Use) (store.Store, error) {
				return open(u, d.Text("path"), dotenv{d.Text("variable")}), nil
			},
		},
		{
			Name: "shell-profile", Title: "a profile of your shell", Traits: in, After: newTerminal,
			Settings: []store.Setting{path, store.Variable(), {Name: "shell", Means: "bash, zsh or fish; without it the file's name tells", Values: []string{"bash", "zsh", "fish"}}},
			Example:  []string{`path = "~/.zshrc"`, `variable = "IONQ_API_KEY"`}, Open: openProfile,
		},
		userVariable(),
		{
			Name: "qiskit", Title: "Qiskit's saved accounts (qiskit-ibm.json)", Traits: in, After: restart,
			Settings: []store.Setting{
				{Name: "path", Means: "the file; without it ~/.qiskit/qiskit-ibm.json"},
				{Name: "account", Means: "the name of one saved account; without it all that hold the old key"},
			},
			Example: []string{`account = "default-ibm-quantum-platform"`},
			Open: func(d store.Declaration, u store.Use) (store.Store, error) {
				return open(u, d.Or("path", "~/.qiskit/qiskit-ibm.json"), qiskit{u, d.Text("account")}), nil
			},
		},
		{
			Name: "qbraid", Title: "qBraid's settings (qbraidrc)", Traits: in, After: restart,
			Settings: []store.Setting{
				{Name: "path", Means: "the file; without it ~/.qbraid/qbraidrc"},
				{Name: "section", Means: "the section; without it default"},
			},
			Example: []string{`path = "~/.qbraid/qbraidrc"`},
			Open: func(d store.Declaration, u store.Use) (store.Store, error) {
				return open(u, d.Or("path", "~/.qbraid/qbraidrc"), ini{d.Or("section", "default"), "api-key"}), nil
			},
		},
		{
			Name: "pennylane", Title: "PennyLane's configuration (config.toml)", Traits: in, After: restart,
			Settings: []store.Setting{
				{Name: "path", Means: "the file; without it PennyLane's own for you"},
				{Name: "table", Means: "the table; without it ionq.global", Valid: dotted},
				{Name: "member", Means: "the member of the table; without it api_key", Valid: dotted},
			},
			Example: []string{`table = "ionq.global"`},
			Open: func(d store.Declaration, u store.Use) (store.Store, error) {
				return open(u, d.Or("path", pennylane(runtime.GOOS)), table{d.Or("table", "ionq.global"), d.Or("member", "api_key")}), nil
			},
		},
	}
}

// dotted reports whether a text is a name of TOML that needs no quotes.
func dotted(text string) bool {
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == "" && strings.Trim(text, ".") != ""
}

// pennylane is where PennyLane looks for its configuration of a person.
func pennylane(system string) string {
	switch system {
	case "windows":
		return "~/AppData/Local/Xanadu/pennylane/config.toml"
	case "darwin":
		return "~/Library/Preferences/pennylane/config.toml"
	}
	return "~/.config/pennylane/config.toml"
}

func openProfile(d store.Declaration, u store.Use) (store.Store, error) {
	shellName, base := d.Text("shell"), strings.TrimPrefix(filepath.Base(d.Text("path")), ".")
	if shellName == "" {
		shellName = "bash"
		switch {
		case strings.HasPrefix(base, "z"):
			shellName = "zsh"
		case strings.HasSuffix(base, ".fish"):
			shellName = "fish"
		}
	}
	switch shellName {
	case "fish":
		return open(u, d.Text("path"), fish{d.Text("variable")}), nil
	case "zsh":
		return open(u, d.Text("path"), shell{d.Text("variable"), syntax.LangZsh}), nil
	}
	return open(u, d.Text("path"), shell{d.Text("variable"), syntax.LangBash}), nil
}

// userVariable is the kind of variables that Windows keeps for a person.
func userVariable() store.Kind {
	return store.Kind{
		Name: "windows-environment", Title: "your variables in Windows", Settings: []store.Setting{store.Variable()},
		Traits: store.Traits{Reads: true}, After: newTerminal, Example: []string{`variable = "IONQ_API_KEY"`}, Open: openUserVariable,
	}
}

// Locks is a directory for locks, where nobody names one.
func Locks(cache string) string {
	if cache == "" {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "qleaks", "stores")
}
