package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/leaks"
)

// gitleaksGit are the flags of the commands that read repositories.
type gitleaksGit struct {
	LogOpts, Platform        string
	Staged, PreCommit        bool
	NoGit, Pipe, FromProtect bool
}

func gitleaksGitCommand() gitleaksCommand {
	return gitleaksCommand{
		use: "git [REPO]", short: "Find leaks in what commits add, as gitleaks does",
		example: `  qleaks git
  qleaks git --staged --redact               in a pre-commit hook
  qleaks git --log-opts origin/main..HEAD    what these commits add`,
		flags: func(cmd *cobra.Command, o *gitleaksOptions) {
			f := cmd.Flags()
			f.StringVar(&o.Git.LogOpts, "log-opts", "", "`OPTIONS` of git log: ranges, --all, -n, --since, --until, paths")
			f.StringVar(&o.Git.Platform, "platform", "", "make links to `NAME`: "+strings.Join(leaks.Platforms(), ", "))
			f.BoolVar(&o.Git.PreCommit, "pre-commit", false, "look at what is changed and not staged")
			f.BoolVar(&o.Git.Staged, "staged", false, "look at what is staged")
		},
		run: runGitleaksGit,
	}
}

func gitleaksDetectCommand() gitleaksCommand {
	return gitleaksCommand{
		use: "detect", short: "The older name of git, dir and stdin", hidden: true,
		example: "  qleaks detect --no-git --source .",
		flags: func(cmd *cobra.Command, o *gitleaksOptions) {
			f := cmd.Flags()
			f.StringVarP(&o.Source, "source", "s", ".", "`PATH` to look at")
			f.StringVar(&o.Git.LogOpts, "log-opts", "", "`OPTIONS` of git log")
			f.StringVar(&o.Git.Platform, "platform", "", "make links to `NAME`")
			f.BoolVar(&o.Git.NoGit, "no-git", false, "look at the files, not at what commits add")
			f.BoolVar(&o.Git.Pipe, "pipe", false, "look at standard input")
			f.BoolVar(&o.Reading.Follow, "follow-symlinks", false, "read the files that links lead to")
		},
		run: func(ctx context.Context, g *gitleaksRun) (leaks.Result, error) {
			switch {
			case g.options.Git.NoGit:
				return runGitleaksDir(ctx, g)
			case g.options.Git.Pipe:
				return runGitleaksStdin(ctx, g)
			}
			return runGitleaksGit(ctx, g)
		},
	}
}

func gitleaksProtectCommand() gitleaksCommand {
	return gitleaksCommand{
		use: "protect", short: "The older name of git --pre-commit", hidden: true,
		example: "  qleaks protect --staged --source .",
		flags: func(cmd *cobra.Command, o *gitleaksOptions) {
			f := cmd.Flags()
			f.StringVarP(&o.Source, "source", "s", ".", "`PATH` to look at")
			f.StringVar(&o.Git.LogOpts, "log-opts", "", "has no effect")
			f.BoolVar(&o.Git.Staged, "staged", false, "look at what is staged")
			o.Git.PreCommit = true
		},
		run: runGitleaksGit,
	}
}

func runGitleaksGit(ctx context.Context, g *gitleaksRun) (leaks.Result, error) {
	o := g.options.Git
	changes := o.Staged || o.PreCommit
	if !changes && !slices.Contains(leaks.Platforms(), strings.ToLower(o.Platform)) && o.Platform != "" {
		return leaks.Result{}, gitleaksWrong(fmt.Sprintf("--platform %q is not one of %s", o.Platform, strings.Join(leaks.Platforms(), ", ")))
	}
	cwd, err := g.env.Getwd()
	if err != nil {
		return leaks.Result{}, err
	}
	t := g.own.source
	if t.repository == nil {
		return leaks.Result{}, gitleaksWrong(g.options.Source+" is in no repository", "for files alone: qleaks dir "+g.options.Source)
	}
	if changes {
		return g.changes(ctx, cwd, t)
	}
	log, err := parseLogOptions(o.LogOpts, t.below)
	if err != nil {
		return leaks.Result{}, err
	}
	log.Now = g.env.Now()
	result, err := g.scanner.History(ctx, t.repository, log, g.links(t.repository))
	if wrong := wrongRevision(err); wrong != nil {
		return leaks.Result{}, wrong
	}
	if err == nil {
		g.say.note("%s scanned", plural(result.Commits, "commit"))
	}
	return result, err
}

// changes looks at what is staged, or not staged yet. What Git tells a hook
// holds for the repository that it is for.
func (g *gitleaksRun) changes(ctx context.Context, cwd string, t target) (leaks.Result, error) {
	repository, index := t.repository, ""
	variables := hookVariables(g.env, cwd)
	if own, err := variables.repository(cwd, readOptions{}); err == nil && own.GitDir() == repository.GitDir() {
		repository, index = own, variables.indexFile
	}
	if repository.Bare() {
		return leaks.Result{}, gitleaksWrong("a bare repository has nothing staged")
	}
	return g.scanner.Staged(ctx, repository, index, t.below, !g.options.Git.Staged)
}

// links leads to the website of the repository, by its remote.
func (g *gitleaksRun) links(r *gitsource.Repository) leaks.Links {
	identity := r.Identity()
	if strings.HasPrefix(identity, "root:") || identity == "" {
		return leaks.Links{}
	}
	host, _, _ := strings.Cut(identity, "/")
	platform := strings.ToLower(g.options.Git.Platform)
	if platform == "" || platform == "unknown" {
		platform = leaks.PlatformOf(host)
	}
	return leaks.Links{Platform: platform, URL: "https://" + identity}
}
