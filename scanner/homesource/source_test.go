package homesource

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/source"
)

// house is a home directory that others could get at, beside another place.
type house struct {
	t        *testing.T
	root     string
	dir      string
	settings map[string]string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	root := t.TempDir()
	// What is above must let others pass, or no mode below says anything.
	for _, dir := range []string{root, filepath.Dir(root)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := &house{t: t, root: root, dir: filepath.Join(root, "home"), settings: map[string]string{}}
	h.put("home/.keep", 0o600)
	return h
}

func (h *house) put(name string, mode os.FileMode) {
	h.t.Helper()
	full := filepath.Join(h.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(full, []byte(name), mode), os.Chmod(full, mode)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) link(target, name string) {
	h.t.Helper()
	full := filepath.Join(h.root, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o750), os.Symlink(target, full)); err != nil {
		h.t.Skipf("no symbolic links here: %v", err)
	}
}

func (h *house) source() Home {
	return Home{Dir: h.dir, System: h.root, Getenv: func(name string) string { return h.settings[name] }}
}

// read lists what the home gives, as "path", with "+" before what is kept, or
// "outcome:path".
func (h *house) read() []string {
	h.t.Helper()
	var out []string
	for item, err := range h.source().Items(h.t.Context()) {
		var failed *source.ItemError
		switch {
		case errors.As(err, &failed):
			out = append(out, string(failed.Outcome)+":"+failed.Path)
		case err != nil:
			h.t.Fatal(err)
		default:
			r, err := item.Open()
			if err != nil {
				h.t.Fatal(err)
			}
			if _, err := io.ReadAll(r); err != nil {
				h.t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				h.t.Fatal(err)
			}
			mark := ""
			if item.Origin.Kept {
				mark = "+"
			}
			out = append(out, mark+item.Origin.Path)
		}
	}
	slices.Sort(out)
	return out
}

func (h *house) want(want ...string) {
	h.t.Helper()
	slices.Sort(want)
	if got := h.read(); !slices.Equal(got, want) {
		h.t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPlacesAreReadAndNothingElse(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{
		".qiskit/qiskit-ibm.json", ".qbraid/qbraidrc", ".bash_history", ".config/pennylane/config.toml",
		"Downloads/apikey.json", "projects/ionq/.env", "projects/.ipynb_checkpoints/bell-checkpoint.ipynb",
		".config/Code/User/History/1a2b/xy.py", ".ipython/profile_default/history.sqlite",
		"projects/Library/.env", ".envrc",
		// Not places:
		"Library/x/.env",
		"projects/ionq/bell.py", "projects/node_modules/x/.env", "Downloads/film.mkv", "Downloads/more/apikey.json",
	} {
		h.put("home/"+name, 0o600)
	}
	h.want(
		"+~/.qiskit/qiskit-ibm.json", "+~/.qbraid/qbraidrc", "~/.bash_history", "+~/.config/pennylane/config.toml",
		"~/Downloads/apikey.json", "+~/projects/ionq/.env", "+~/projects/Library/.env", "+~/.envrc", "~/projects/.ipynb_checkpoints/bell-checkpoint.ipynb",
		"~/.config/Code/User/History/1a2b/xy.py", "~/.ipython/profile_default/history.sqlite",
	)
}

func TestAStoreThatOthersReadKeepsNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing here")
	}
	h := newHouse(t)
	h.put("home/.qiskit/qiskit-ibm.json", 0o644)
	h.put("home/.zshrc", 0o600)
	h.want("~/.qiskit/qiskit-ibm.json", "+~/.zshrc")
	if err := os.Chmod(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h.want("+~/.qiskit/qiskit-ibm.json", "+~/.zshrc")
}

func TestVariablesMovePlaces(t *testing.T) {
	h := newHouse(t)
	h.put("home/settings/dwave/dwave.conf", 0o600)
	h.put("elsewhere/qcs/secrets.toml", 0o600)
	h.put("home/.config/dwave/dwave.conf", 0o600)
	h.settings["XDG_CONFIG_HOME"] = filepath.Join(h.dir, "settings")
	h.settings["QCS_SECRETS_FILE_PATH"] = filepath.Join(h.root, "elsewhere/qcs/secrets.toml")
	h.settings["DWAVE_CONFIG_FILE"] = "not/absolute"
	h.want("+~/settings/dwave/dwave.conf", "+"+filepath.ToSlash(filepath.Join(h.root, "elsewhere/qcs/secrets.toml")))
}

func TestTheFolderForDownloadsMayHaveAnotherName(t *testing.T) {
	h := newHouse(t)
	h.put("home/Téléchargements/apikey.json", 0o600)
	h.put("home/.config/user-dirs.dirs", 0o600)
	notes := filepath.Join(h.dir, ".config/user-dirs.dirs")
	if err := os.WriteFile(notes, []byte("# made by the desktop\nXDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.want("~/Téléchargements/apikey.json")
}

func TestLinksAreFollowedOnlyWithinTheHome(t *testing.T) {
	h := newHouse(t)
	h.put("home/dotfiles/zshrc", 0o600)
	h.put("home/dotfiles/qiskit/qiskit-ibm.json", 0o600)
	h.put("outside/bashrc", 0o600)
	h.put("outside/conf/pennylane/config.toml", 0o600)
	h.link(filepath.Join(h.dir, "dotfiles/zshrc"), "home/.zshrc") // absolute, as many people make them
	h.link("dotfiles/zshrc", "home/.zprofile")                    // the same file a second time
	h.link("../outside/bashrc", "home/.bashrc")
	h.link(filepath.Join(h.dir, "dotfiles/qiskit"), "home/.qiskit")
	h.link(filepath.Join(h.root, "outside/conf"), "home/.config")
	h.link("nowhere", "home/.profile")
	h.link(".bash_history", "home/.bash_history")
	got := h.read()
	for _, want := range []string{"+~/.zshrc", "excluded:~/.bashrc", "+~/.qiskit/qiskit-ibm.json", "excluded:~/.config/pennylane/config.toml"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	for _, name := range got {
		if strings.HasSuffix(name, ".zprofile") || strings.HasPrefix(name, "~/.bashrc") || strings.HasPrefix(name, "+~/.config") {
			t.Errorf("%q was read", name)
		}
	}
}

func TestTheSearchEndsSomewhereAndSaysSo(t *testing.T) {
	h := newHouse(t)
	h.put("home/a/b/c/d/e/f/.env", 0o600)
	h.want("+~/a/b/c/d/e/f/.env")
	h.put("home/a/b/c/d/e/f/g/.env", 0o600)
	h.want("+~/a/b/c/d/e/f/.env", "excluded:~")
}

func TestWhatCannotBeReadIsTold(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("nothing is forbidden here")
	}
	h := newHouse(t)
	h.put("home/.qnx/auth/id.json", 0o600)
	if err := os.Chmod(filepath.Join(h.dir, ".qnx/auth"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(h.dir, ".qnx/auth"), 0o700) })
	if got := h.read(); !slices.Contains(got, "unread:~/.qnx/auth") {
		t.Errorf("got %q", got)
	}
}

func TestThePlacesOfTheSystemAreNamedFromTheRoot(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has a registry for that")
	}
	h := newHouse(t)
	h.put("etc/environment", 0o644)
	h.want("/etc/environment")
	for item, err := range h.source().Items(t.Context()) {
		if err != nil || item.Origin.Place != source.SystemEnvironment {
			t.Errorf("%+v, %v", item.Origin, err)
		}
	}
}

func TestAFileThatIsTooLargeIsUnread(t *testing.T) {
	h := newHouse(t)
	h.put("home/.bash_history", 0o600)
	if err := os.Truncate(filepath.Join(h.dir, ".bash_history"), maxFile+1); err != nil {
		t.Fatal(err)
	}
	h.want("unread:~/.bash_history")
}

func TestACancelledWalkEndsWithTheCause(t *testing.T) {
	h := newHouse(t)
	h.put("home/.bashrc", 0o600)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	var last error
	for _, err := range h.source().Items(ctx) {
		last = err
	}
	if !errors.Is(last, cause) {
		t.Errorf("ended with %v", last)
	}
}

func TestAMissingHomeIsAnError(t *testing.T) {
	for _, err := range (Home{Dir: filepath.Join(t.TempDir(), "no"), Getenv: os.Getenv}).Items(t.Context()) {
		if _, ok := errors.AsType[*source.ItemError](err); err == nil || ok {
			t.Errorf("got %v", err)
		}
	}
}

func TestWhatIsInNoFileIsReadToo(t *testing.T) {
	h := newHouse(t).source()
	h.Elsewhere = []Environment{
		{Name: `HKCU\Environment`, Place: source.UserEnvironment, Text: func() (string, error) { return "A=\"b\"\n", nil }},
		{Name: `HKLM\Environment`, Place: source.SystemEnvironment, Text: func() (string, error) { return "", os.ErrPermission }},
	}
	var got []string
	for item, err := range h.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := item.Open()
		if err != nil {
			got = append(got, item.Origin.Path+" "+err.Error())
			continue
		}
		text, err := io.ReadAll(r)
		got = append(got, item.Origin.Path+" "+string(item.Origin.Place)+" "+string(text))
		if err := errors.Join(err, r.Close()); err != nil {
			t.Error(err)
		}
	}
	want := []string{"HKCU\\Environment user environment A=\"b\"\n", `HKLM\Environment permission denied`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheTableNamesEachPlaceOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Places() {
		if seen[p.Name] || p.Of == "" || p.Kind == "" {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
		if !strings.HasPrefix(p.Name, "~") && !strings.HasPrefix(p.Name, "$") && !strings.HasPrefix(p.Name, "/etc/") {
			t.Errorf("%q begins nowhere", p.Name)
		}
	}
}
