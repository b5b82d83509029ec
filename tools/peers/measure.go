package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sourcegraph/conc"
)

// contender is a command that is measured. Its output goes to the null device.
type contender struct {
	name string
	args []string
	// env is added to the environment.
	env []string
	// codes are the exit codes, besides 0, that mean it did its work.
	codes []int
	// quiet says that its errors must not be shown, since a scanner might show
	// what it found.
	quiet bool
	// before makes things ready, each time; it is not measured.
	before func(ctx context.Context) error
	// own, if set, measures instead of running args.
	own func(ctx context.Context) (sample, error)
}

// sample is one run.
type sample struct {
	cpu, wall time.Duration
	// peak is the largest resident set of the process and of those that it
	// waited for, anonymous the same of the process without mapped files; in
	// bytes, 0 where it is not known.
	peak, anonymous int64
}

// result is what a contender took in all runs, or why it did not work.
type result struct {
	name    string
	samples []sample
	problem string
}

// environment is that of every command: no configuration but the repository's,
// and nothing is fetched. A repository may belong to somebody else.
func environment() []string {
	return append(os.Environ(), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_ALLOW_PROTOCOL=file", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
}

// long is how long a contender may take to be measured more than once.
const long = 2 * time.Minute

// measure runs the contenders in rounds, so that what else the machine does
// meets all of them alike.
func (b *bench) measure(ctx context.Context, runs int, contenders []contender) ([]result, error) {
	results := make([]result, len(contenders))
	for range runs {
		for i, c := range contenders {
			r := &results[i]
			r.name = c.name
			if r.problem != "" || len(r.samples) == 1 && r.samples[0].wall > long {
				continue
			}
			s, err := c.measure(ctx, b.limit)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err != nil {
				r.problem = err.Error()
				continue
			}
			r.samples = append(r.samples, s)
		}
	}
	return results, nil
}

func (c contender) measure(ctx context.Context, limit time.Duration) (sample, error) {
	if c.before != nil {
		if err := c.before(ctx); err != nil {
			return sample{}, err
		}
	}
	if c.own != nil {
		return c.own(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	command := exec.CommandContext(limited, c.args[0], c.args[1:]...)
	command.WaitDelay = time.Second // for what it started itself
	command.Env = append(environment(), c.env...)
	var problems bytes.Buffer
	if !c.quiet {
		command.Stderr = &problems
	}
	start := time.Now()
	if err := command.Start(); err != nil {
		return sample{}, fmt.Errorf("start: %w", err)
	}
	var watch conc.WaitGroup
	done, anonymous := make(chan struct{}), int64(0)
	watch.Go(func() { anonymous = watchMemory(command.Process.Pid, done) })
	err := command.Wait()
	s := sample{wall: time.Since(start)}
	close(done)
	watch.Wait()
	s.anonymous = anonymous
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && slices.Contains(c.codes, exit.ExitCode()) {
		err = nil
	}
	s.addUsage(command.ProcessState)
	if limited.Err() != nil {
		return s, fmt.Errorf("not done after %s, CPU %s s until then", limit, seconds(s.cpu))
	}
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, firstLine(problems.String()))
	}
	return s, nil
}

// addUsage takes what the system counted of a process and of those that it
// waited for.
func (s *sample) addUsage(state *os.ProcessState) {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return
	}
	s.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	s.peak = usage.Maxrss
	if runtime.GOOS != "darwin" { // which counts bytes
		s.peak *= 1024
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// watchMemory returns the most memory that a process had without mapped files,
// as far as looking from time to time shows it.
func watchMemory(pid int, done <-chan struct{}) int64 {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	most := int64(0)
	for {
		select {
		case <-done:
			return most
		case <-tick.C:
			most = max(most, anonymousOf(pid))
		}
	}
}

// anonymousOf reads RssAnon, which Linux tells of each process.
func anonymousOf(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(status), "\nRssAnon:")
	if !found {
		return 0
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes * 1024
}

// of returns one figure of all runs, ascending.
func (r *result) of(figure func(sample) time.Duration) []time.Duration {
	var all []time.Duration
	for _, s := range r.samples {
		all = append(all, figure(s))
	}
	slices.Sort(all)
	return all
}

// least is the smallest, spread how much more the largest was, as a part of it.
func (r *result) least(figure func(sample) time.Duration) (least time.Duration, spread float64) {
	all := r.of(figure)
	if len(all) == 0 {
		return 0, 0
	}
	least = all[0]
	return least, float64(all[len(all)-1]-least) / float64(max(least, 1))
}

func (r *result) median(figure func(sample) time.Duration) time.Duration {
	all := r.of(figure)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)/2]
}

func cpuOf(s sample) time.Duration  { return s.cpu }
func wallOf(s sample) time.Duration { return s.wall }
