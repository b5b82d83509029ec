package baseline_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/qleaks/qleaks/scanner/baseline"
)

func TestTrustIsRememberedWithTheConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "trust.json")
	trust, err := baseline.LoadTrust(file)
	if err != nil {
		t.Fatal(err)
	}
	first, second := hashOf("a"), hashOf("b")
	trust.Add(baseline.Trusted{Root: "/z", Configuration: first, Since: now})
	trust.Add(baseline.Trusted{Root: "/a", Configuration: baseline.NoConfiguration, Since: now})
	if err := trust.Save(file); err != nil {
		t.Fatal(err)
	}
	again, err := baseline.LoadTrust(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		root, configuration string
		want                baseline.Decision
	}{
		{"/z", first, baseline.IsTrusted},
		{"/z", second, baseline.Changed},
		{"/z", baseline.NoConfiguration, baseline.Changed},
		{"/a", baseline.NoConfiguration, baseline.IsTrusted},
		{"/a", first, baseline.Changed},
		{"/other", first, baseline.NotTrusted},
	} {
		if got := again.Decide(c.root, c.configuration); got != c.want {
			t.Errorf("%s with %.8s: %v, want %v", c.root, c.configuration, got, c.want)
		}
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestWhatIsRemovedIsNotTrusted(t *testing.T) {
	var trust baseline.Trust
	trust.Add(baseline.Trusted{Root: "/a", Configuration: "x"})
	if !trust.Remove("/a") || trust.Remove("/a") || trust.Decide("/a", "x") != baseline.NotTrusted {
		t.Error("it is still there")
	}
}

func TestAddingAgainReplaces(t *testing.T) {
	var trust baseline.Trust
	trust.Add(baseline.Trusted{Root: "/a", Configuration: "x"})
	trust.Add(baseline.Trusted{Root: "/a", Configuration: "y"})
	if len(trust.Entries) != 1 || trust.Decide("/a", "y") != baseline.IsTrusted {
		t.Errorf("%+v", trust)
	}
}

func TestABrokenOrNewerTrustFileTrustsNothing(t *testing.T) {
	for _, content := range []string{"", "{", `{"version":2,"trusted":[]}`, `{"trusted":[]}`, "[]"} {
		file := filepath.Join(t.TempDir(), "trust.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := baseline.LoadTrust(file); err == nil {
			t.Errorf("%q is accepted", content)
		}
	}
}

func hashOf(content string) string {
	return baseline.ConfigurationHash(baseline.File{Name: ".qleaks.toml", Content: []byte(content)})
}

func TestTheHashIsOfEveryFileAndItsName(t *testing.T) {
	files := []baseline.File{{Name: "a", Content: []byte("1")}, {Name: "b", Content: []byte("2")}, {Name: "c"}}
	hash := baseline.ConfigurationHash(files...)
	if other := baseline.ConfigurationHash(files[1], files[0]); other != hash {
		t.Error("the order, or a file that is not there, counts")
	}
	for name, other := range map[string][]baseline.File{
		"no file":             {},
		"one file less":       {files[0]},
		"another content":     {files[0], {Name: "b", Content: []byte("3")}},
		"another name":        {files[0], {Name: "d", Content: []byte("2")}},
		"an empty file":       {files[0], files[1], {Name: "c", Content: []byte{}}},
		"names exchanged":     {{Name: "a", Content: []byte("2")}, {Name: "b", Content: []byte("1")}},
		"one file out of two": {{Name: "a", Content: []byte("11:b1:2")}},
	} {
		if baseline.ConfigurationHash(other...) == hash {
			t.Errorf("%s: the hash is the same", name)
		}
	}
	if baseline.ConfigurationHash() != baseline.NoConfiguration || baseline.ConfigurationHash(files[2]) != baseline.NoConfiguration {
		t.Error("no file is not no configuration")
	}
}
