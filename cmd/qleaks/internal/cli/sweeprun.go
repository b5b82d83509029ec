package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"
	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// workerOptions say how much a worker does at once.
type workerOptions struct {
	Workers int
	Memory  string
	Cache   cacheOptions
	Network networkOptions
	// Config is the operator's file for the commands that ask and change.
	Config string
	// stays: it works until it is ended, and not for one sweep.
	stays  bool
	memory int64
}

func addWorkerFlags(cmd *cobra.Command, o *workerOptions) {
	f := cmd.Flags()
	f.IntVar(&o.Workers, "workers", 0, "read `N` repositories at once (default: what CPUs and memory allow)")
	f.StringVar(&o.Memory, "memory", "", "hold at most this `SIZE` of repositories in memory, all together (default: a quarter of the machine's, at most 2GiB)")
	f.StringVar(&o.Config, "config", "", "the `FILE` with accounts and policies for what is done after reading, instead of your own")
	addReachFlags(cmd, &o.Network)
	addCacheFlags(cmd, &o.Cache)
}

// least is the memory with which a repository is read well, in bytes.
const leastReading = 128 << 20

func (o *workerOptions) validate() (err error) {
	if o.Workers < 0 {
		return wrongUsage(fmt.Sprintf("--workers %d: it must be 1 or more", o.Workers))
	}
	if o.memory, err = memoryLimit(o.Memory); err != nil {
		return err
	}
	if o.Workers == 0 {
		o.Workers = max(1, min(runtime.GOMAXPROCS(0), int(o.memory/leastReading)))
	}
	return o.Cache.validate()
}

// worker makes what works on sweeps.
func (o *workerOptions) worker(ctx context.Context, env Env, talk talkOptions, store *records.Store) (*sweep.Worker, error) {
	prints, err := fingerprinter(env)
	if err != nil {
		return nil, err
	}
	kept, err := loadRetention(env, o.Config)
	if err != nil {
		return nil, err
	}
	secrets, err := notifyVariables(env, o.Config)
	if err != nil {
		return nil, err
	}
	r := reading{secrets: secrets, env: env, memory: max(o.memory/int64(o.Workers), leastMemory), jobs: max(1, runtime.GOMAXPROCS(0)/o.Workers)}
	source, err := o.source(ctx, env, talk, r)
	if err != nil {
		return nil, err
	}
	v := thisVersion()
	version := strings.TrimSpace(v.Version + " " + v.Revision)
	does := steps{env: env, store: store, source: source, options: o, salt: prints.Salt()}
	var aside func(context.Context)
	if o.stays {
		aside = does.overdue(messages{w: env.Stderr, quiet: talk.Quiet})
	}
	w, err := sweep.NewWorker(sweep.Options{
		Store: store, Source: source, Reader: r, Steps: does.named(), Aside: aside, Workers: o.Workers, Version: version,
		Conditions: fmt.Sprintf("%s %t %s", version, v.Modified, prints.Salt()), Log: debugLog(env, talk), Retention: kept,
	})
	if err != nil {
		return nil, couldNot("cannot work on sweeps", err)
	}
	return w, nil
}

type sweepRunOptions struct {
	Target   string
	Again    bool
	Steps    []string
	Database databaseOptions
	Working  workerOptions
	Talking  talkOptions
}

func newSweepRunCommand(env Env) *cobra.Command {
	var o sweepRunOptions
	cmd := &cobra.Command{
		Use:   "run TARGET",
		Short: "Sweep now, and wait for the end",
		Long: `TARGET is a directory with repositories in it, at any depth, github:OWNER,
github:OWNER/REPOSITORY, the address of a repository that anybody may read, or
@FILE with a target in each line. What is committed is read, all objects of each
repository, not the files of working trees; of GitHub's, commits of pull requests
and wikis, too.

What did not change since it was read to its end by this version of qleaks is not
read again. A sweep that is interrupted goes on with: qleaks worker

Exit codes: 0 everything was read, and nothing is open · 1 there are open
findings · 2 wrong command line · 3 the sweep failed · 4 nothing is open, but
something was not read · 130 interrupted`,
		Example: `  qleaks sweep run ~/repositories
  qleaks sweep run github:acme --credential "github=cmd:gh auth token"
  qleaks sweep run ~/repositories --step verify
  qleaks sweep run ~/repositories --database postgres://db.example/qleaks`,
		Args: oneArgument("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Target = args[0]
			return runSweep(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addRequestFlags(cmd, &o.Again, &o.Steps)
	addDatabaseFlag(cmd, &o.Database)
	addWorkerFlags(cmd, &o.Working)
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

func addRequestFlags(cmd *cobra.Command, again *bool, steps *[]string) {
	f := cmd.Flags()
	f.BoolVar(again, "again", false, "read everything, changed or not")
	f.StringSliceVar(steps, "step", nil, "then `DO`, in this order: "+strings.Join(stepNames(), ", "))
	completeWords(cmd, "step", stepNames()...)
}

// request checks what is to be swept.
func sweepRequest(env Env, target string, again bool, steps []string) (sweep.Request, error) {
	r := sweep.Request{Again: again}
	for _, name := range stepNames() {
		if slices.Contains(steps, name) {
			r.Steps = append(r.Steps, name)
		}
	}
	if len(r.Steps) != len(steps) {
		return r, wrongUsage(fmt.Sprintf("--step %q: the steps are %s, each once", strings.Join(steps, ","), strings.Join(stepNames(), ", ")))
	}
	var err error
	r.Target, err = sweepTarget(env, target)
	return r, err
}

// runSweep begins a sweep and works until it is over.
func runSweep(ctx context.Context, env Env, o sweepRunOptions) (err error) {
	request, err := sweepRequest(env, o.Target, o.Again, o.Steps)
	if err == nil {
		err = o.Working.validate()
	}
	if err == nil {
		err = o.Working.checkToken(env, request.Target)
	}
	if err != nil {
		return err
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	desk, err := sweep.NewDesk(store)
	if err != nil {
		return couldNot("cannot begin a sweep", err)
	}
	worker, err := o.Working.worker(ctx, env, o.Talking, store)
	if err != nil {
		return err
	}
	run, err := desk.Start(ctx, request, "command line")
	if err != nil {
		return couldNot("cannot begin a sweep", err)
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	both := pool.New().WithErrors()
	both.Go(func() error { return worker.Run(working) })
	both.Go(func() error {
		defer stop()
		awaitRun(working, env, o.Talking, store, run.Seq)
		return nil
	})
	err = both.Wait()
	if ctx.Err() != nil {
		messages{w: env.Stderr, quiet: o.Talking.Quiet}.hint("to go on with it: qleaks worker")
		return exitStatusError(exitInterrupted)
	}
	if err != nil {
		return couldNot("the sweep broke off", err, "to go on with it: qleaks worker")
	}
	return tellRun(ctx, env, store, run.Seq)
}

// awaitPause is how often a run is looked at.
const awaitPause = 100 * time.Millisecond

// awaitRun waits for the end of a run, and shows how far it is.
func awaitRun(ctx context.Context, env Env, talk talkOptions, store *records.Store, seq int64) {
	line := &sweepLine{}
	wait := func() {
		for {
			run, err := store.Run(ctx, seq)
			if err == nil && run.State.Over() {
				return
			}
			if err == nil {
				line.set(run)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(awaitPause):
			}
		}
	}
	if !showsProgress(env, talk) {
		wait()
		return
	}
	width, _ := env.Terminal(env.Stderr)
	p := &progress{w: env.Stderr, width: width, told: line.text, begin: env.Now(), now: env.Now}
	p.during(ctx, wait)
}
