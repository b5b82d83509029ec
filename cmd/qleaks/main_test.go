package main

import (
	"flag"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites the expected files of the stories: go test ./cmd/qleaks -u
var update = flag.Bool("u", false, "update the expected files in testdata/script")

func TestMain(m *testing.M) {
	// Stories of remediation wait more than they work: a proof is two answers some
	// seconds apart. Go's default is one test a core, which -parallel brings back.
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"qleaks": main, "attend": attend})
}

// TestStories runs the stories of testdata/script: each is one behaviour of
// the program, told by commands.
//
// Every command of a story is a process, which starts slowly under the race
// detector: -short tells one story in six.
func TestStories(t *testing.T) {
	t.Parallel()
	stories, err := filepath.Glob(filepath.Join("..", "..", "testdata", "script", "*.txtar"))
	if err != nil || len(stories) == 0 {
		t.Fatal("no stories: ", err)
	}
	if testing.Short() {
		for n := range stories {
			if n%6 > 0 {
				stories[n] = ""
			}
		}
		stories = slices.DeleteFunc(stories, func(name string) bool { return name == "" })
	}
	// Those that wait longest are the last of the list, which package testing begins
	// with.
	slices.SortStableFunc(stories, func(a, b string) int { return waits(a) - waits(b) })
	testscript.Run(t, testscript.Params{
		Files:               stories,
		Setup:               setUpStory,
		Cmds:                storyCommands(),
		Condition:           storyCondition,
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}

// waits is 1 for a story in which something is proved, which takes long.
func waits(story string) int {
	name := filepath.Base(story)
	if strings.HasPrefix(name, "remediate") || slices.Contains([]string{"scanremediate.txtar", "lend.txtar", "run.txtar", "console.txtar", "demo.txtar"}, name) {
		return 1
	}
	return 0
}
