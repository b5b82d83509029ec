package rewrite

import (
	"path"
	"regexp"
	"strings"
)

// language is how one language looks up variables of the environment. In all
// its texts, VAR stands for the name of the variable.
type language struct {
	name   string
	syntax syntax
	writes
	// importing adds what the look-up needs; nil where it needs nothing.
	importing func(w *writing)
	// refuses tells why a literal cannot be replaced by an expression, or "".
	refuses func(w *writing, t token) string
	// suits changes the look-up for what stands around a literal.
	suits func(w *writing, t token, lookup string) string
	// defaults are ways to ask for a variable that have the key as default; the
	// default is dropped.
	defaults []fallback
	// magics are lines that IPython takes for itself.
	magics bool
	// prose has no code: a key is replaced by the name of its variable.
	prose bool
	// fenced prose has code between fences.
	fenced bool
	// hint says what to do by hand where nothing can be replaced.
	hint string
}

// writes are the ways in which a language writes a look-up.
type writes struct {
	// lookup is the expression.
	lookup string
	// join adds two texts; empty where the language cannot.
	join string
	// adjacent literals are one.
	adjacent bool
	// call is the expression for a literal of which the key is a part, with
	// BEFORE and AFTER, where adding does not do.
	call string
	// bare is what stands for a key outside of all literals.
	bare string
}

// fallback is a look-up that has the key as default. before ends where the
// literal begins, with the name of the variable as its first group; after begins
// where it ends.
type fallback struct {
	before, after func() *regexp.Regexp
	// drop is the second group of before, with the literal; with is put there.
	with string
}

func (l *language) expression(variable string) string {
	return strings.ReplaceAll(l.lookup, "VAR", variable)
}

// languageOf tells the language of a file by its name, and by its first line.
func languageOf(name string, content []byte) *language {
	if l := special(name); l != nil {
		return l
	}
	extension := strings.ToLower(path.Ext(name))
	if language, ok := byExtension()[extension]; ok {
		return language()
	}
	if interpreter, ok := strings.CutPrefix(string(content[:lineEnd(content)]), "#!"); ok {
		for word := range strings.FieldsSeq(strings.ReplaceAll(interpreter, "/", " ")) {
			if language := named(strings.TrimRight(word, "0123456789.")); language != nil && word != "env" {
				return language
			}
		}
	}
	return &language{hint: "qleaks does not know how a file like this one looks up a variable: take the key out by hand"}
}

// special files are known by more than their extension.
func special(name string) *language {
	base := strings.ToLower(path.Base(name))
	switch slashed := "/" + strings.ToLower(name); {
	case strings.Contains(slashed, "/.github/workflows/") && isYAML(base):
		return workflow()
	case isYAML(base) && (strings.HasPrefix(base, "docker-compose") || strings.HasPrefix(base, "compose")):
		return compose()
	case base == ".gitlab-ci.yml":
		return &language{hint: "keep the key as a masked and protected variable of the project (Settings, CI/CD), and delete the line that sets it here"}
	case strings.Contains(slashed, "/.vscode/") && strings.HasSuffix(base, ".json"):
		return editorConfig()
	case strings.HasPrefix(base, "dockerfile") || strings.HasSuffix(base, ".dockerfile") || base == "containerfile":
		return &language{hint: "an image keeps what ENV and ARG say: delete the line, and give the variable to docker run --env-file, or docker build --secret"}
	case strings.HasPrefix(base, ".env") || strings.HasSuffix(base, ".env") || base == ".envrc":
		return &language{hint: "this file is made to hold variables: keep it out of Git (.gitignore) and readable only for you (chmod 600)"}
	case base == "makefile" || base == "gnumakefile":
		return makefile()
	case base == ".bashrc" || base == ".zshrc" || base == ".profile" || base == ".bash_profile" || base == ".zprofile" || base == ".zshenv":
		return &language{hint: "this is where the variable is set on this computer; keep the file out of Git"}
	case base == "jenkinsfile":
		return &language{hint: "use credentials('…') of the Jenkins credentials store here"}
	}
	return nil
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")
}

// byExtension says what language a file is in.
func byExtension() map[string]func() *language {
	return map[string]func() *language{
		".py": python, ".pyw": python, ".pyi": python, ".ipy": ipython,
		".js": javascript, ".mjs": javascript, ".cjs": javascript, ".jsx": javascript,
		".ts": typescript, ".mts": typescript, ".cts": typescript, ".tsx": typescript,
		".go": golang, ".rs": rust, ".java": java, ".kt": kotlin, ".kts": kotlin, ".scala": java, ".groovy": java, ".gradle": java,
		".cs": csharp, ".c": c, ".h": c, ".cc": cpp, ".cpp": cpp, ".cxx": cpp, ".hpp": cpp, ".hh": cpp,
		".jl": julia, ".r": r, ".rb": ruby, ".php": php, ".pl": perl, ".pm": perl, ".lua": lua, ".swift": swift, ".m": matlab,
		".sh": shell, ".bash": shell, ".zsh": shell, ".ksh": shell, ".fish": fish,
		".bat": batch, ".cmd": batch, ".ps1": powershell, ".psm1": powershell,
		".md": markdown, ".markdown": markdown, ".rmd": markdown, ".qmd": markdown, ".mdx": markdown,
		".txt": prose, ".rst": prose, ".tex": prose, ".adoc": prose, ".org": prose, ".log": prose, ".html": prose, ".htm": prose, ".out": prose,
		".qs": qsharp,
	}
}

// named finds a language by what people call it: after a shebang, a fence of
// Markdown, a magic of IPython. It is nil where nobody knows.
func named(name string) *language {
	switch strings.ToLower(name) {
	case "python", "py", "python3", "pycon":
		return python()
	case "ipython":
		return ipython()
	case "javascript", "js", "node", "jsx", "mjs":
		return javascript()
	case "typescript", "ts", "tsx", "deno", "bun":
		return typescript()
	case "sh", "bash", "zsh", "shell", "console", "shell-session", "dash", "ksh", "script", "system", "sx":
		return shell()
	case "powershell", "pwsh", "ps", "ps1":
		return powershell()
	case "bat", "batch", "cmd", "dosbatch":
		return batch()
	case "c++", "cpp", "cxx":
		return cpp()
	case "c#", "csharp", "cs":
		return csharp()
	case "golang":
		return golang()
	case "rust":
		return rust()
	case "html", "latex", "markdown", "text", "svg":
		return prose()
	}
	if language, ok := byExtension()["."+strings.ToLower(name)]; ok {
		return language()
	}
	for _, known := range []func() *language{java, kotlin, julia, ruby, perl, fish, matlab, swift, qsharp} {
		if l := known(); strings.EqualFold(l.name, name) {
			return l
		}
	}
	return nil
}
