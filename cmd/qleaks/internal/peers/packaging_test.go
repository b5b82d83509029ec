package peers

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// needProgram skips a test where a program is missing, unless QLEAKS_REQUIRE names
// its part.
func needProgram(t *testing.T, part string, probe ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("paths of programs differ")
	}
	if exec.CommandContext(t.Context(), probe[0], probe[1:]...).Run() == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), part) {
		t.Fatalf("QLEAKS_REQUIRE names %s, and %q does not run", part, probe)
	}
	t.Skipf("%q does not run; QLEAKS_REQUIRE=%s demands it", probe, part)
}

// releasePlatforms are those that a release has archives for.
func releasePlatforms() []string {
	return []string{"darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64", "windows_arm64"}
}

// newRelease makes archives as a release has them, with the program of this test
// for this platform, and returns their directory.
func newRelease(t *testing.T) string {
	t.Helper()
	own, err := exec.LookPath("qleaks")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	dist := t.TempDir()
	var sums strings.Builder
	for _, platform := range releasePlatforms() {
		content := []byte("the program for " + platform)
		if platform == runtime.GOOS+"_"+runtime.GOARCH {
			content = program
		}
		name, archive := "qleaks_1.2.0-rc.1_"+platform+".tar.gz", tarred(t, content)
		if strings.HasPrefix(platform, "windows") {
			name, archive = strings.Replace(name, ".tar.gz", ".zip", 1), zipped(t, content)
		}
		if err := os.WriteFile(filepath.Join(dist, name), archive, 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(archive), name)
	}
	sums.WriteString(strings.Repeat("0", 64) + "  qleaks_1.2.0-rc.1_linux_amd64.deb\n")
	if err := os.WriteFile(filepath.Join(dist, "checksums.txt"), []byte(sums.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dist
}

func tarred(t *testing.T, program []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewWriter(compressed)
	for name, content := range map[string][]byte{"qleaks": program, "LICENSE": []byte("the licence")} {
		err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))})
		if err == nil {
			_, err = files.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t *testing.T, program []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	files := zip.NewWriter(&out)
	for name, content := range map[string][]byte{"qleaks.exe": program, "LICENSE": []byte("the licence")} {
		f, err := files.Create(name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pack runs packaging/pack.py.
func pack(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{filepath.Join("..", "..", "..", "..", "packaging", "pack.py")}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustPack(t *testing.T, args ...string) string {
	t.Helper()
	out, err := pack(t, args...)
	if err != nil {
		t.Fatalf("pack.py %q: %v\n%s", args, err, out)
	}
	return out
}

// runIn runs a program that must end well, or with a code, and returns what it
// wrote.
func runIn(t *testing.T, dir string, code int, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "npm_config_cache="+filepath.Join(dir, ".npm"), "npm_config_update_notifier=false", "npm_config_audit=false", "npm_config_fund=false", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_CACHE_DIR=1")
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%q: exit code %d, want %d\n%s", args, got, code, out)
	}
	return string(out)
}

func TestAWheelIsInstalledAndRun(t *testing.T) {
	t.Parallel()
	needProgram(t, "pip", "python3", "-c", "import venv, ensurepip")
	dist, dir := newRelease(t), t.TempDir()
	wheels := filepath.Join(dir, "wheels")
	mustPack(t, "wheels", dist, wheels)
	made, err := filepath.Glob(filepath.Join(wheels, "qleaks-1.2.0rc1-py3-none-*.whl"))
	if err != nil || len(made) != len(releasePlatforms()) {
		t.Fatalf("%d wheels: %v", len(made), made)
	}
	again := filepath.Join(dir, "again")
	mustPack(t, "wheels", dist, again)
	for _, name := range made {
		first, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := os.ReadFile(filepath.Join(again, filepath.Base(name))); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: not made the same twice: %v", filepath.Base(name), err)
		}
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("a release has no wheel for this machine")
	}
	runIn(t, dir, 0, "python3", "-m", "venv", "venv")
	bin := filepath.Join(dir, "venv", "bin")
	// Of all wheels, pip takes the one for this machine; and asks nobody.
	runIn(t, dir, 0, filepath.Join(bin, "pip"), "install", "--no-index", "--find-links", wheels, "--pre", "qleaks")
	if out := runIn(t, dir, 0, filepath.Join(bin, "qleaks"), "version"); !strings.HasPrefix(out, "qleaks ") {
		t.Errorf("it says %q", out)
	}
	if out := runIn(t, dir, 0, filepath.Join(bin, "pip"), "show", "--files", "qleaks"); !strings.Contains(out, "License: Apache-2.0") || !strings.Contains(out, "bin/qleaks") {
		t.Errorf("pip shows %s", out)
	}
	runIn(t, dir, 0, filepath.Join(bin, "pip"), "uninstall", "--yes", "qleaks")
	if _, err := os.Stat(filepath.Join(bin, "qleaks")); err == nil {
		t.Error("it is still there")
	}
}

func TestAnNpmPackageIsInstalledAndRun(t *testing.T) {
	t.Parallel()
	needProgram(t, "npm", "npm", "--version")
	needProgram(t, "python", "python3", "--version")
	dist, dir := newRelease(t), t.TempDir()
	mustPack(t, "npm", dist, filepath.Join(dir, "packages"))
	machine := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if machine == "" {
		t.Skip("a release has no package for this machine")
	}
	for _, name := range []string{"qleaks", runtime.GOOS + "-" + machine} {
		runIn(t, dir, 0, "npm", "pack", "--silent", "--offline", "./packages/"+name)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private": true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	// As npm does for the platform's package alone, which the other one names.
	runIn(t, dir, 0, "npm", "install", "--offline", "--omit=optional", "./qleaks-1.2.0-rc.1.tgz")
	if out := runIn(t, dir, 3, "node_modules/.bin/qleaks", "version"); !strings.Contains(out, "is not installed") || !strings.Contains(out, "--omit=optional") {
		t.Errorf("without a program it says %q", out)
	}
	runIn(t, dir, 0, "npm", "install", "--offline", "--omit=optional", "./qleaks-1.2.0-rc.1.tgz", "./qleaks-"+runtime.GOOS+"-"+machine+"-1.2.0-rc.1.tgz")
	if out := runIn(t, dir, 0, "npx", "--offline", "qleaks", "version"); !strings.HasPrefix(out, "qleaks ") {
		t.Errorf("it says %q", out)
	}
	// Arguments, exit codes and streams are those of the program.
	runIn(t, dir, 2, "node_modules/.bin/qleaks", "scan", "--no-such-flag")
	if out := runIn(t, dir, 2, "node_modules/.bin/qleaks", "version", "two words; $(touch x)"); !strings.Contains(out, "two words; $(touch x)") {
		t.Errorf("the argument became %q", out)
	}
}

func TestPackagesAreMadeOfReleasedArchivesOnly(t *testing.T) {
	t.Parallel()
	needProgram(t, "python", "python3", "--version")
	dist := newRelease(t)
	lines := strings.Split(strings.TrimSpace(mustPack(t, "versions", dist, "https://example.test/v1/")), "\n")
	// What the action's script takes.
	form := regexp.MustCompile(`^1\.2\.0-rc\.1 (linux|darwin|windows)-(amd64|arm64) [0-9a-f]{64} https://example\.test/v1/qleaks_1\.2\.0-rc\.1_[a-z]+_[a-z0-9]+\.(tar\.gz|zip)$`)
	if len(lines) != len(releasePlatforms()) {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !form.MatchString(line) {
			t.Errorf("%q is no line of VERSIONS", line)
		}
	}
	refused := func(why string) {
		t.Helper()
		out := filepath.Join(t.TempDir(), "out")
		for _, command := range []string{"wheels", "npm", "versions"} {
			if said, err := pack(t, command, dist, out); err == nil || !strings.Contains(said, "linux_arm64") {
				t.Errorf("%s, %s: %v: %s", why, command, err, said)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dist, "qleaks_1.2.0-rc.1_linux_arm64.tar.gz"), tarred(t, []byte("another")), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("another archive")
	sums, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	kept := slices.DeleteFunc(strings.SplitAfter(string(sums), "\n"), func(line string) bool { return strings.Contains(line, "linux_arm64") })
	if err := os.WriteFile(filepath.Join(dist, "checksums.txt"), []byte(strings.Join(kept, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("a missing archive")
}
