package gitsource_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// descent is the one of some commits in a repository.
func descent(t *testing.T, dir string, commits ...string) *gitsource.Descent {
	t.Helper()
	repository, err := gitsource.Discover(dir, gitsource.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := repository.Descent(t.Context(), commits)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// moment is an hour of a day on which pushes are made.
func moment(hour int) time.Time { return time.Unix(1_700_000_000+int64(hour)*3600, 0).UTC() }

// at sets the clock of a repository.
func (r *repo) at(hour int) { r.clock = hour * 60 }

// pushed is a repository with three commits, the second on a branch of its own;
// main is pushed at 10, the branch at 12 and, merged, main again at 14.
func pushed(t *testing.T) (r *repo, ids map[string]string, remote string) {
	t.Helper()
	r = newRepo(t)
	remote = filepath.Join(t.TempDir(), "remote.git")
	r.git("init", "-q", "--bare", remote)
	r.git("remote", "add", "origin", remote)
	push := func(hour int, spec string) {
		r.at(hour)
		r.git("push", "-q", "origin", spec)
	}
	ids = map[string]string{}
	note := func(name string) { ids[name] = strings.TrimSpace(r.git("rev-parse", "HEAD")) }
	r.git("checkout", "-q", "-B", "main")
	r.write("a.txt", "one\n")
	r.commit("one")
	note("one")
	push(10, "main")
	r.git("checkout", "-q", "-b", "side")
	r.write("key.txt", "two\n")
	r.commit("two")
	note("two")
	push(12, "side")
	r.git("checkout", "-q", "main")
	r.git("merge", "-q", "--no-ff", "-m", "merge", "side")
	note("merge")
	push(14, "main")
	r.write("late.txt", "never pushed\n")
	r.commit("late")
	note("late")
	return r, ids, remote
}

func TestTheFirstPushIsTheOneThatBroughtTheCommit(t *testing.T) {
	t.Parallel()
	r, ids, _ := pushed(t)
	for name, want := range map[string]gitsource.Publication{
		"one":   {Ref: "refs/remotes/origin/main", At: moment(10), Pushed: true},
		"two":   {Ref: "refs/remotes/origin/side", At: moment(12), Pushed: true},
		"merge": {Ref: "refs/remotes/origin/main", At: moment(14), Pushed: true},
		"late":  {},
	} {
		d := descent(t, r.dir, ids[name])
		if got := d.Published(); got != want || !d.Remotes {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if got := descent(t, r.dir, ids["late"], ids["two"]).Published(); !got.At.Equal(moment(12)) {
		t.Errorf("the first of two commits: %+v", got)
	}
	d := descent(t, r.dir, ids["two"])
	for name, want := range map[string]bool{"one": false, "two": true, "merge": true, "late": true} {
		if holds, known := d.Holds(ids[name]); holds != want || !known {
			t.Errorf("%s holds two: %v, %v", name, holds, known)
		}
	}
	for _, none := range []string{"", "x", strings.Repeat("0", 40), strings.Repeat("a", 40)} {
		if holds, known := d.Holds(none); holds || known {
			t.Errorf("%q: %v, %v", none, holds, known)
		}
		if got := descent(t, r.dir, none).Published(); got.Ref != "" {
			t.Errorf("%q was published: %+v", none, got)
		}
	}
}

func TestWhatOthersPushedWasThereWhenItWasFetched(t *testing.T) {
	t.Parallel()
	_, ids, remote := pushed(t)
	other := newRepo(t)
	other.git("remote", "add", "upstream", remote)
	other.at(20)
	other.git("fetch", "-q", "upstream")
	got := descent(t, other.dir, ids["two"]).Published()
	if got.Pushed || !got.At.Equal(moment(20)) || !strings.HasPrefix(got.Ref, "refs/remotes/upstream/") {
		t.Errorf("%+v", got)
	}
	// The log is gone, the ref is not: it is there, and nobody knows since when.
	if err := os.RemoveAll(filepath.Join(other.dir, ".git", "logs")); err != nil {
		t.Fatal(err)
	}
	if got := descent(t, other.dir, ids["two"]).Published(); got.Ref == "" || !got.At.IsZero() || got.Pushed {
		t.Errorf("without a log: %+v", got)
	}
}

func TestALogThatWasCutSaysThatItWasThereWhenItBegins(t *testing.T) {
	t.Parallel()
	r, ids, _ := pushed(t)
	for _, ref := range []string{"main", "side"} {
		log := filepath.Join(r.dir, ".git/logs/refs/remotes/origin", ref)
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(text), "\n")
		if ref == "side" {
			lines = nil
		} else {
			lines = lines[1:]
		}
		// What a log says may be anything.
		lines = append(lines, "x\tupdate by push\n", "\tupdate by push\n", ids["two"]+"\n", ids["two"]+" "+ids["two"]+" a <b> -1 +0000\tupdate by push\n", ids["two"]+" "+ids["two"]+" a <b> 99999999999999999999 +0000\tupdate by push\n")
		if err := os.WriteFile(log, []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The log of main begins with the move from one to the merge.
	if got := descent(t, r.dir, ids["one"]).Published(); got.Pushed || !got.At.Equal(moment(14)) {
		t.Errorf("before the log begins: %+v", got)
	}
	if got := descent(t, r.dir, ids["two"]).Published(); !got.Pushed || !got.At.Equal(moment(14)) {
		t.Errorf("in a log that was cut: %+v", got)
	}
}

func TestARepositoryWithoutARemoteWasPushedNowhereThatItKnows(t *testing.T) {
	r := newRepo(t)
	r.write("a.txt", "one\n")
	r.commit("one")
	d := descent(t, r.dir, strings.TrimSpace(r.git("rev-parse", "HEAD")))
	if got := d.Published(); d.Remotes || got.Ref != "" {
		t.Errorf("%+v, %v", got, d.Remotes)
	}
}
