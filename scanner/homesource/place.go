// Package homesource reads the places on a person's computer where the tools of
// providers keep keys, and where shells, editors and browsers leave copies. It
// only reads, follows no link out of the home, and looks into nothing that is
// not on its list.
package homesource

// Kind says why a key could be in a place.
type Kind string

// The kinds of places. In stores and start files keys stand on purpose: they
// are no leak there as long as only their owner can read them.
const (
	Store   Kind = "store"      // made to hold keys
	Start   Kind = "start file" // what a shell or session reads when it begins
	Config  Kind = "settings"   // of a tool that may have been given a key
	History Kind = "history"    // what was typed
	Copy    Kind = "copy"       // what an editor or notebook saved by itself
	Saved   Kind = "saved"      // what was downloaded or put on the desktop
	System  Kind = "system"     // variables for everybody on the computer
)

// keeps reports whether keys are there on purpose.
func (k Kind) keeps() bool { return k == Store || k == Start }

// Place is where keys could be. Name is a path from "~", from a variable that
// names a file or a directory, or from "/"; elements may be globs, and "**"
// stands for directories down to a certain depth.
type Place struct {
	Of   string
	Kind Kind
	Name string
}

// Places returns every place that is looked at, on every system: those of other
// systems are not there and cost nothing.
func Places() []Place {
	var all []Place
	for _, table := range [][]Place{stores(), shells(), typed(), settings(), copies(), saved(), system()} {
		all = append(all, table...)
	}
	return all
}

// stores are files that providers' tools make for keys.
func stores() []Place {
	return []Place{
		{"IBM", Store, "~/.qiskit/qiskit-ibm.json"},
		{"IBM, until 2023", Store, "~/.qiskit/qiskitrc"},
		{"IBM Cloud CLI", Store, "$IBMCLOUD_HOME/.bluemix/config.json"},
		{"qBraid", Store, "~/.qbraid/qbraidrc"},
		{"qBraid Code", Store, "~/.qbraid-code/env"},
		{"qBraid Code", Store, "~/.qbraid-code/secrets/*"},
		{"IonQ and others through PennyLane", Store, "$XDG_CONFIG_HOME/pennylane/config.toml"},
		{"IonQ and others through PennyLane", Store, "~/Library/Application Support/pennylane/config.toml"},
		{"IonQ and others through PennyLane", Store, "~/Library/Preferences/pennylane/config.toml"},
		{"IonQ and others through PennyLane", Store, "$LOCALAPPDATA/Xanadu/pennylane/config.toml"},
		{"IonQ and others through PennyLane", Store, "$PENNYLANE_CONF/config.toml"},
		{"dotenv", Store, "~/**/.env"},
		{"dotenv", Store, "~/**/.env.*"},
		{"direnv", Store, "~/**/.envrc"},
		{"Amazon Braket", Store, "~/.aws/credentials"},
		{"Amazon Braket", Store, "$AWS_SHARED_CREDENTIALS_FILE"},
		{"D-Wave", Store, "$XDG_CONFIG_HOME/dwave/dwave.conf"},
		{"D-Wave", Store, "~/Library/Application Support/dwave/dwave.conf"},
		{"D-Wave", Store, "$LOCALAPPDATA/dwavesystem/dwave/dwave.conf"},
		{"D-Wave", Store, "$DWAVE_CONFIG_FILE"},
		{"D-Wave, until 2018", Store, "~/.dwrc"},
		{"Rigetti", Store, "~/.qcs/secrets.toml"},
		{"Rigetti", Store, "$QCS_SECRETS_FILE_PATH"},
		{"Quantinuum", Store, "~/.quantinuum_config"},
		{"Quantinuum Nexus", Store, "~/.qnx/auth/*"},
		{"Quantum Inspire", Store, "~/.quantuminspire/config.json"},
		{"Quafu", Store, "~/.quafu/api"},
		{"Classiq", Store, "~/.classiq-credentials"},
		{"Anyon", Store, "~/.anyon_config"},
		{"Superstaq", Store, "~/.super.tech/superstaq_api_key"},
		{"Superstaq", Store, "~/.coldquanta/superstaq_api_key"},
		{"Xanadu Cloud", Store, "$XDG_CONFIG_HOME/xanadu-cloud/.env"},
		{"Scaleway", Store, "$XDG_CONFIG_HOME/scw/config.yaml"},
		{"Streamlit", Store, "~/.streamlit/secrets.toml"},
		{"curl and others", Store, "~/.netrc"},
		{"curl and others", Store, "~/_netrc"},
	}
}

// shells are what shells and sessions read when they begin.
func shells() []Place {
	return []Place{
		{"sh", Start, "~/.profile"},
		{"bash", Start, "~/.bashrc"},
		{"bash", Start, "~/.bash_profile"},
		{"bash", Start, "~/.bash_login"},
		{"bash", Start, "~/.bash_aliases"},
		{"bash", Start, "~/.bashrc.d/*"},
		{"zsh", Start, "$ZDOTDIR/.zshrc"},
		{"zsh", Start, "$ZDOTDIR/.zshenv"},
		{"zsh", Start, "$ZDOTDIR/.zprofile"},
		{"zsh", Start, "$ZDOTDIR/.zlogin"},
		{"csh", Start, "~/.cshrc"},
		{"csh", Start, "~/.tcshrc"},
		{"ksh", Start, "~/.kshrc"},
		{"fish", Start, "$XDG_CONFIG_HOME/fish/config.fish"},
		{"fish", Start, "$XDG_CONFIG_HOME/fish/fish_variables"},
		{"fish", Start, "$XDG_CONFIG_HOME/fish/conf.d/*"},
		{"nushell", Start, "$XDG_CONFIG_HOME/nushell/*.nu"},
		{"PowerShell", Start, "$XDG_CONFIG_HOME/powershell/*.ps1"},
		{"PowerShell", Start, "~/Documents/PowerShell/*.ps1"},
		{"PowerShell", Start, "~/Documents/WindowsPowerShell/*.ps1"},
		{"session", Start, "~/.pam_environment"},
		{"session", Start, "~/.xprofile"},
		{"systemd", Start, "$XDG_CONFIG_HOME/environment.d/*.conf"},
		{"systemd", Start, "$XDG_CONFIG_HOME/systemd/user/*.service"},
		{"launchd", Start, "~/Library/LaunchAgents/*.plist"},
		{"IPython", Start, "~/.ipython/profile_*/startup/*"},
		{"Julia", Start, "~/.julia/config/startup.jl"},
	}
}

// typed are histories: a key that was typed once stays there.
func typed() []Place {
	return []Place{
		{"bash", History, "~/.bash_history"},
		{"bash", History, "~/.bash_sessions/*"},
		{"zsh", History, "$ZDOTDIR/.zsh_history"},
		{"zsh", History, "~/.histfile"},
		{"zsh", History, "~/.zsh_sessions/*"},
		{"shell", History, "$HISTFILE"},
		{"fish", History, "$XDG_DATA_HOME/fish/fish_history"},
		{"nushell", History, "$XDG_CONFIG_HOME/nushell/history.*"},
		{"xonsh", History, "$XDG_DATA_HOME/xonsh/history_json/*"},
		{"PowerShell", History, "$XDG_DATA_HOME/powershell/PSReadLine/*_history.txt"},
		{"PowerShell", History, "$APPDATA/Microsoft/Windows/PowerShell/PSReadLine/*_history.txt"},
		{"Python", History, "~/.python_history"},
		{"IPython", History, "~/.ipython/profile_*/history.sqlite"},
		{"Julia", History, "~/.julia/logs/repl_history.jl"},
		{"Node.js", History, "~/.node_repl_history"},
		{"less", History, "~/.lesshst"},
		{"Vim", History, "~/.viminfo"},
		{"Neovim", History, "$XDG_STATE_HOME/nvim/shada/*"},
	}
}

// settings are those of tools that may have been given a key.
func settings() []Place {
	return []Place{
		{"Amazon Braket", Config, "~/.aws/config"},
		{"Rigetti", Config, "~/.qcs/settings.toml"},
		{"opencode", Config, "~/.codeq/opencode.json"},
		{"opencode", Config, "$XDG_CONFIG_HOME/opencode/opencode.json"},
		{"Jupyter", Config, "~/.jupyter/*.{py,json}"},
		{"Jupyter kernels", Config, "$XDG_DATA_HOME/jupyter/kernels/*/kernel.json"},
		{"Jupyter kernels", Config, "~/Library/Jupyter/kernels/*/kernel.json"},
		{"VS Code", Config, "$XDG_CONFIG_HOME/Code/User/settings.json"},
		{"VS Code", Config, "~/Library/Application Support/Code/User/settings.json"},
		{"VS Code", Config, "$APPDATA/Code/User/settings.json"},
		{"Cursor", Config, "~/.cursor/mcp.json"},
		{"Claude", Config, "~/.claude.json"},
		{"Claude", Config, "~/Library/Application Support/Claude/claude_desktop_config.json"},
		{"Claude", Config, "$APPDATA/Claude/claude_desktop_config.json"},
		{"Codex", Config, "~/.codex/config.toml"},
		{"Gemini", Config, "~/.gemini/settings.json"},
		{"ssh", Config, "~/.ssh/environment"},
		{"pip and others", Config, "~/.config/*.{env,ini,toml,json}"},
	}
}

// copies are what editors and notebooks save by themselves.
func copies() []Place {
	return []Place{
		{"Jupyter checkpoints", Copy, "~/**/.ipynb_checkpoints/*"},
		{"Jupyter workspaces", Copy, "~/.jupyter/lab/workspaces/*"},
		{"VS Code's local history", Copy, "$XDG_CONFIG_HOME/Code/User/History/*/*"},
		{"VS Code's local history", Copy, "~/Library/Application Support/Code/User/History/*/*"},
		{"VS Code's local history", Copy, "$APPDATA/Code/User/History/*/*"},
		{"VS Code's unsaved files", Copy, "$XDG_CONFIG_HOME/Code/Backups/*/*/*"},
		{"VS Code's unsaved files", Copy, "~/Library/Application Support/Code/Backups/*/*/*"},
		{"VS Code's unsaved files", Copy, "$APPDATA/Code/Backups/*/*/*"},
	}
}

// saved are files that a person put where files go by default. IBM's console
// saves a key as apikey.json, IonQ's under a name of its own.
func saved() []Place {
	const kinds = "/*.{json,txt,key,csv,ini,toml,yaml,yml,md,py,ipynb,rtf}"
	return []Place{
		{"downloads", Saved, "~/Downloads" + kinds},
		{"downloads", Saved, "$XDG_DOWNLOAD_DIR" + kinds},
		{"desktop", Saved, "~/Desktop" + kinds},
		{"documents", Saved, "~/Documents" + kinds},
		{"home", Saved, "~" + kinds},
	}
}

// system are variables for everybody who works on the computer.
func system() []Place {
	return []Place{
		{"session", System, "/etc/environment"},
		{"systemd", System, "/etc/environment.d/*.conf"},
		{"shells", System, "/etc/profile"},
		{"shells", System, "/etc/profile.d/*"},
		{"bash", System, "/etc/bash.bashrc"},
		{"zsh", System, "/etc/zsh/*"},
		{"zsh", System, "/etc/zshenv"},
		{"zsh", System, "/etc/zshrc"},
	}
}

// ordinary are the values of variables that are not set; a variable that is not
// here names nothing then.
func ordinary() map[string]string {
	return map[string]string{
		"IBMCLOUD_HOME":   "~",
		"ZDOTDIR":         "~",
		"XDG_CONFIG_HOME": "~/.config",
		"XDG_DATA_HOME":   "~/.local/share",
		"XDG_STATE_HOME":  "~/.local/state",
		"APPDATA":         "~/AppData/Roaming",
		"LOCALAPPDATA":    "~/AppData/Local",
	}
}
