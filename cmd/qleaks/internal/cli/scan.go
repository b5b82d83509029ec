package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/ledger"
	"github.com/qleaks/qleaks/scanner/report"
)

// scanOptions are the flags of scan.
type scanOptions struct {
	Paths []string
	// Home reads the places of a person's tools instead of a PATH.
	Home    bool
	Reading readOptions
	Judging judgeOptions
	Output  outputOptions
	Talking talkOptions
	// Verifying is about asking providers.
	Verifying verifyOptions
	// Remedy is about what is done about keys that work.
	Remedy remedyScanOptions
	// GitHub is about what GitHub keeps.
	GitHub githubOptions
	// Origins says which flags have a value that is no default.
	Origins map[string]origin
	// located are targets that a command found by itself, instead of Paths.
	located []target
}

// readOptions say what is read.
type readOptions struct {
	NoHistory  bool
	NoWorktree bool
	Untrusted  bool
	AllPaths   bool
	// Selecting limits the history to some of it; then no files are read.
	Selecting selectOptions
	// Jobs is how many things are examined at once; 0 means one per CPU.
	Jobs int
	// Memory bounds what the objects being read take, as the flag says it.
	Memory string
	memory int64
	// VerifyEngine inspects every blob twice and compares.
	VerifyEngine bool
	// Ledger is where to remember what was read, as the flag says it.
	Ledger string
	ledger *ledger.Ledger
	// globalIgnore is the user's own ignore file for Git.
	globalIgnore string
}

// judgeOptions say what counts; package words are those of the flags.
type judgeOptions struct {
	Config string
	// given is the configuration, where a command has it already.
	given *fileConfig
	// Baseline is a file that lists what is known; known is its content, where
	// a command has it already.
	Baseline string
	known    *baseline.List
	// Rules are files with rules of the user's own.
	Rules      []string
	Confidence string
	FailOn     string
	Strict     bool
}

// outputOptions say how the report is written.
type outputOptions struct {
	Format      string
	JSON        bool
	File        string
	ShowSecrets bool
	Unordered   bool
	Color       string
}

// talkOptions say what goes to stderr.
type talkOptions struct {
	NoProgress bool
	Quiet      bool
	Verbose    bool
}

const scanLong = `PATH is "." by default. In a repository, the working tree below PATH is read,
and the whole history: every object, reachable or not. A directory that holds
repositories: each of them, and the files around them. "-" is standard input.
With --home, the places where tools of providers keep keys on this computer, and
where shells, notebooks and editors leave copies: docs/hygiene.md lists them. A
key in a file that is made for keys, and that only you can read, is no finding.

github:OWNER is all repositories of an organisation or a person on GitHub, and
github:OWNER/REPO one of them; so is the address of a page there. They are
copied, read and removed, or kept by --mirror; docs/github.md tells more.

Every flag can be set by a variable: QLEAKS_FAIL_ON=high is --fail-on high.
A flag counts more than a variable, a variable more than .qleaks.toml.
QLEAKS_FINGERPRINT_KEY (16 characters or more) is a private salt for the
fingerprints and ids in reports.

Exit codes:
  0  everything was read, nothing was found
  1  findings at or above --fail-on
  2  wrong command line or configuration
  3  could not scan
  4  nothing found, but something was not read, or not verified with --verify
  5  with --remediate: something waits, is blocked, or was not done
  130  interrupted

With --verify each key is sent to its own provider, once, after questions that
show whether its answers are worth something; IBM is asked with a credential of
yours, so that the found key does not log in. What is ignored, in a baseline, in
a key store, of low confidence, or not clearly one provider's goes to nobody.
Without --verify nothing is sent to anybody. docs/verify.md tells more.

With --remediate a plan is made for the keys that work and are on a list of
yours. With mode = "auto" of [remediate] in your own configuration it is carried
out at once, without a person; otherwise it is written, for remediate apply.
What is scanned is read by a process that has none of your credentials. No
variable switches this on. docs/remediation.md tells more.`

func newScanCommand(env Env) *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "scan [PATH|-|github:OWNER[/REPO]]...",
		Short: "Find keys in repositories, directories, files and standard input",
		Long:  scanLong,
		Example: `  qleaks scan                                this directory or repository
  qleaks scan --no-history src tests         only files as they are now
  qleaks scan notebook.ipynb                 one file
  qleaks scan --staged                       what the next commit brings
  qleaks scan --range origin/main..HEAD      what these commits bring
  qleaks scan --ledger auto                  read only what is new
  qleaks scan --since 90d                    what was committed in 90 days
  git diff | qleaks scan -                   standard input
  qleaks scan github:acme --mirror DIR       all repositories of an organisation
  qleaks scan --home                         where tools keep keys on a computer
  qleaks scan --format sarif -o out.sarif    for GitHub code scanning
  qleaks scan --untrusted ~/Downloads/repo   somebody else's repository
  qleaks scan --verify --fail-on active      ask providers whether keys work
  qleaks scan --verify --explain-network     list what that would send
  qleaks scan --verify --remediate           revoke and replace what works`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Paths = args
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.Origins = origins
			return runScan(cmd.Context(), env, o)
		},
	}
	addScanFlags(cmd, &o)
	return cmd
}

func addScanFlags(cmd *cobra.Command, o *scanOptions) {
	f := cmd.Flags()
	f.SortFlags = false
	addSourceFlags(cmd, &o.Reading)
	f.BoolVar(&o.Home, "home", false, "read where keys are kept on this computer, and what was typed and saved: changes nothing, follows no link out of your home")
	addSelectFlags(cmd, &o.Reading.Selecting)
	addJudgeFlags(cmd, &o.Judging)
	f.StringVar(&o.Judging.FailOn, "fail-on", defaultFailOn, "exit 1 from this `LEVEL` on: high, medium, low, active (only keys that are known to work) or none")
	f.BoolVar(&o.Judging.Strict, "strict", false, "count what was left out on purpose (sockets, encrypted members, excluded paths) as not read: exit 4")
	f.StringVar(&o.Output.Format, "format", defaultFormat, "`NAME`: "+strings.Join(report.Formats(), ", "))
	f.BoolVar(&o.Output.JSON, "json", false, "the same as --format json")
	f.StringVarP(&o.Output.File, "output", "o", "", "write the report to `FILE`, in one step")
	f.BoolVar(&o.Output.Unordered, "unordered", false, "with --format jsonl: write each finding when it is found")
	f.BoolVar(&o.Output.ShowSecrets, "show-secrets", false, "show the keys themselves: only on a terminal, or in json and jsonl")
	f.StringVar(&o.Output.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	f.BoolVar(&o.Verifying.Verify, "verify", false, "ask each key's own provider whether it still works, and whose it is")
	addVerifyFlags(cmd, &o.Verifying)
	addRemedyScanFlags(cmd, &o.Remedy)
	addGitHubScanFlags(cmd, &o.GitHub)
	addEngineFlags(cmd, &o.Reading)
	f.BoolVar(&o.Reading.VerifyEngine, "verify-engine", false, "inspect every version of every file as a whole, too, and compare: slower, proves the engine")
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "fail-on", failOnWords()...)
	completeWords(cmd, "format", report.Formats()...)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
}

func addSourceFlags(cmd *cobra.Command, o *readOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.NoHistory, "no-history", false, "read files only, not the objects of repositories")
	f.BoolVar(&o.NoWorktree, "no-worktree", false, "read the objects of repositories only, not files")
	f.BoolVar(&o.AllPaths, "all-paths", false, "in a subdirectory: show what history holds outside of it, too")
	f.BoolVar(&o.Untrusted, "untrusted", false, "follow nothing that leads out of PATH (.git files, alternates, core.worktree)")
}

func addJudgeFlags(cmd *cobra.Command, o *judgeOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Config, "config", "", "use this `FILE` instead of .qleaks.toml; what it suppresses counts. Or one with rules for gitleaks, which are used besides")
	f.StringVar(&o.Baseline, "baseline", "", "do not report the keys that this `FILE` lists; qleaks baseline makes it")
	f.StringArrayVar(&o.Rules, "rules", nil, "look for what the rules of this `FILE` say, too; may be repeated")
	f.StringVar(&o.Confidence, "confidence", defaultConfidence, "show findings from this `LEVEL` on: high, medium, low")
	completeWords(cmd, "confidence", "high", "medium", "low")
}

func addEngineFlags(cmd *cobra.Command, o *readOptions) {
	f := cmd.Flags()
	f.IntVar(&o.Jobs, "jobs", 0, "examine `N` files or objects at once (default: one per CPU)")
	f.StringVar(&o.Memory, "memory", "", "hold at most this `SIZE` of a repository's objects in memory, such as 512MiB (default: a quarter of the machine's, at most 2GiB)")
	f.StringVar(&o.Ledger, "ledger", "", "remember in `DIR` what was read of each repository, and read only what is new: auto is a directory of your own cache")
}

func addTalkFlags(cmd *cobra.Command, o *talkOptions) {
	f := cmd.Flags()
	f.BoolVar(&o.NoProgress, "no-progress", false, "no progress line")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress, notes and hints on stderr")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "debug log on stderr; holds no key and no name of yours")
}

// completeWords makes the shell complete a flag's value. The flag exists, so
// there is no error to tell.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// validate says which flags do not go together.
func (o *scanOptions) validate(env Env) error {
	if o.Reading.NoHistory && o.Reading.NoWorktree {
		return wrongUsage("--no-history and --no-worktree together leave nothing to read")
	}
	if err := o.Reading.validateSelection(); err != nil {
		return err
	}
	if err := o.validateGitHub(); err != nil {
		return err
	}
	if err := o.validateLedger(); err != nil {
		return err
	}
	if err := o.Verifying.validate(o.Origins); err != nil {
		return err
	}
	if o.Verifying.Verify && o.Output.Unordered {
		return wrongUsage("--unordered writes findings before anybody could be asked about them", "leave out --verify, or --unordered")
	}
	if err := o.validateHome(); err != nil {
		return err
	}
	if err := o.Remedy.validate(env, o); err != nil {
		return err
	}
	if o.Reading.Jobs < 0 {
		return wrongUsage(fmt.Sprintf("--jobs %d: it must be 0 or more", o.Reading.Jobs))
	}
	var err error
	if o.Reading.memory, err = memoryLimit(o.Reading.Memory); err != nil {
		return err
	}
	if err := o.Output.validate(env, o.Origins); err != nil {
		return err
	}
	return o.Verifying.validateExplained(o.Output.Format)
}
