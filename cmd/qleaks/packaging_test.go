package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// inRoot is the text of a file of the repository.
func inRoot(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A release that wants a file which was renamed would fail when it is made.
func TestWhatPackagesAreMadeOfIsThere(t *testing.T) {
	t.Parallel()
	sources := regexp.MustCompile(`(?m)(?:src|postinstall): (\S+)$`).FindAllStringSubmatch(inRoot(t, ".goreleaser.yaml"), -1)
	if len(sources) < 12 {
		t.Errorf("only %d sources were found", len(sources))
	}
	for _, m := range sources {
		if strings.HasPrefix(m[1], "dist-extras/") {
			continue // packaging/extras.sh makes it
		}
		if found, err := filepath.Glob(filepath.Join("..", "..", m[1])); err != nil || len(found) == 0 {
			t.Errorf("%s: there is no such file (%v)", m[1], err)
		}
	}
}

// Units run as the user that their package makes.
func TestUnitsRunAsTheUserOfThePackage(t *testing.T) {
	t.Parallel()
	made := strings.Fields(inRoot(t, "packaging", "system", "qleaks.sysusers"))
	units, err := filepath.Glob(filepath.Join("..", "..", "deploy", "qleaks-*.service"))
	if err != nil || len(units) < 3 || len(made) < 2 {
		t.Fatal(units, made, err)
	}
	for _, unit := range units {
		if !strings.Contains(inRoot(t, "deploy", filepath.Base(unit)), "\nUser="+made[1]+"\n") {
			t.Errorf("%s does not run as %s", filepath.Base(unit), made[1])
		}
	}
}

// What Git ignores may be a secret, such as the database's password of the compose
// file: a build of the image does not get it.
func TestImagesAreBuiltWithoutIgnoredFiles(t *testing.T) {
	t.Parallel()
	kept := strings.Split(inRoot(t, ".dockerignore"), "\n")
	count := 0
	for line := range strings.Lines(inRoot(t, ".gitignore")) {
		name, anchored := strings.CutPrefix(strings.TrimSpace(line), "/")
		if !anchored {
			continue
		}
		count++
		if !slices.Contains(kept, strings.TrimSuffix(name, "/")) {
			t.Errorf(".dockerignore lacks %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`file: \./(\S+)`).FindAllStringSubmatch(inRoot(t, "deploy", "compose.yaml"), -1) {
		count++
		if !slices.Contains(kept, "deploy/"+m[1]) {
			t.Errorf(".dockerignore lacks deploy/%s", m[1])
		}
	}
	if count < 10 {
		t.Errorf("only %d names were found", count)
	}
}
