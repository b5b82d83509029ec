package cli

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// The commands of processes that read repositories for a worker, which holds the
// password of a database and tokens: nothing of a repository is parsed there.
const (
	sweepListCommand = "sweep-list"
	sweepReadCommand = "sweep-read"
)

// localRepository is a line about a repository below a directory. The last line
// has no path, and says that there are no more.
type localRepository struct {
	Path string `json:"path,omitempty"`
	// Survey is the zero one for a repository that cannot be opened: reading it
	// tells why.
	gitsource.Survey

	End bool `json:"end,omitempty"`
}

func newSweepListCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use: sweepListCommand + " DIR", Short: "List repositories for a worker of qleaks", Hidden: true, Args: oneArgument("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if env.isTerminal(env.Stdout) {
				return wrongUsage("this command is for qleaks itself", "to find keys: qleaks scan PATH")
			}
			return runSweepList(cmd.Context(), env, args[0])
		},
	}
}

// runSweepList writes a line for each repository below a directory. Links are not
// followed, and what is inside of a repository is its own.
func runSweepList(ctx context.Context, env Env, dir string) error {
	lines := json.NewEncoder(env.Stdout)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case !entry.IsDir() || !looksLikeRepository(path):
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		line := localRepository{Path: filepath.ToSlash(rel)}
		repository, err := gitsource.Discover(path, gitsource.Options{Untrusted: true, Root: dir})
		if err == nil {
			if survey, err := repository.SurveyState(); err == nil {
				line.Survey = survey
			}
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
		return fs.SkipDir
	})
	if err != nil {
		return couldNot("cannot list the repositories below "+dir, rootCause(err))
	}
	return lines.Encode(localRepository{End: true})
}

type sweepReadOptions struct {
	Dir    string
	Own    bool
	Jobs   int
	Memory string
}

func newSweepReadCommand(env Env) *cobra.Command {
	var o sweepReadOptions
	cmd := &cobra.Command{
		Use: sweepReadCommand + " DIR", Short: "Read a repository for a worker of qleaks", Hidden: true, Args: oneArgument("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if env.isTerminal(env.Stdout) {
				return wrongUsage("this command is for qleaks itself", "to find keys: qleaks scan PATH")
			}
			o.Dir = args[0]
			return runSweepRead(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Own, "own", false, "the repository is a copy that qleaks made")
	f.IntVar(&o.Jobs, "jobs", 1, "examine `N` objects at once")
	f.StringVar(&o.Memory, "memory", "", "hold at most `SIZE` of its objects")
	return cmd
}

// runSweepRead writes a line about the repository, and a report of it: what is
// committed, not the files of a working tree.
func runSweepRead(ctx context.Context, env Env, o sweepReadOptions) error {
	if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
		return couldNot("there is no directory "+o.Dir, nil)
	}
	repository, err := gitsource.Discover(o.Dir, gitsource.Options{Untrusted: !o.Own})
	if err != nil {
		return couldNot("cannot scan "+o.Dir, err)
	}
	survey, err := repository.Survey()
	if err != nil {
		return couldNot("cannot scan "+o.Dir, err)
	}
	if err := json.NewEncoder(env.Stdout).Encode(survey); err != nil {
		return couldNot("cannot write what was read", err)
	}
	return runScan(ctx, env, sweepScan(o))
}

// sweepScan is how a repository is scanned in a sweep. Of a copy that qleaks made,
// every object has the id of its content, so that a ledger can be believed.
func sweepScan(o sweepReadOptions) scanOptions {
	s := scanOptions{
		Paths:   []string{o.Dir},
		Reading: readOptions{NoWorktree: true, AllPaths: true, Untrusted: !o.Own, Jobs: o.Jobs, Memory: o.Memory},
		Judging: judgeOptions{Confidence: defaultConfidence, FailOn: string(failOnNone)},
		Output:  outputOptions{Format: "json", Color: colorNever},
		Talking: talkOptions{NoProgress: true, Quiet: true},
		Origins: map[string]origin{},
	}
	if o.Own {
		s.Reading.Ledger = o.Dir + ".ledger"
	}
	return s
}
