package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// writeMachine says where and of what the figures are.
func writeMachine(ctx context.Context, out io.Writer, p *programs, runs int) {
	commit, err := git(ctx, nil, "-C", p.root, "describe", "--always", "--dirty")
	if err != nil {
		commit = "unknown"
	}
	klauspost := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == "github.com/klauspost/compress" {
				klauspost = dependency.Version
			}
		}
	}
	fmt.Fprintf(out, "qleaks %s, gitleaks %s, klauspost/compress %s, %s, %s, %s; %d × %s; %s.\n", commit, gitleaksVersion, klauspost,
		versionOf(ctx, "git", "version"), versionOf(ctx, "rg", "--version"), runtime.Version(), runtime.NumCPU(), processor(), time.Now().Format(time.DateOnly))
	fmt.Fprintf(out, "CPU is user and system, of children too; the least of %d runs (one where it takes minutes), and how much more the worst took. ", runs)
	fmt.Fprintf(out, "RSS is the most of any one process of a command, mapped files included; without them as seen every 10 ms. Load when it began: %s.\n", load())
}

func versionOf(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "no " + name
	}
	return strings.TrimSpace(firstLine(string(out)))
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	_, rest, found := strings.Cut(string(text), "model name")
	if !found {
		return runtime.GOARCH
	}
	return strings.TrimLeft(firstLine(rest), "\t :")
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// writeTable writes the least of each figure; the first result is the one that
// the others are compared with.
func writeTable(out io.Writer, results []result) {
	fmt.Fprintf(out, "| | CPU s | spread | × | wall s | RSS | without files |\n|---|---|---|---|---|---|---|\n")
	base, _ := results[0].least(cpuOf)
	for _, r := range results {
		if r.problem != "" {
			fmt.Fprintf(out, "| %s | not available: %s | | | | | |\n", r.name, r.problem)
			continue
		}
		spent, spread := r.least(cpuOf)
		wall, _ := r.least(wallOf)
		var peak, anonymous int64
		for _, s := range r.samples {
			peak, anonymous = max(peak, s.peak), max(anonymous, s.anonymous)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n",
			r.name, seconds(spent), spreadOf(r, spread), ratio(spent, base), seconds(wall), megabytes(peak), megabytes(anonymous))
	}
	fmt.Fprintln(out)
}

// writeShort writes medians in milliseconds.
func writeShort(out io.Writer, results []result) {
	fmt.Fprintf(out, "| | CPU ms | wall ms |\n|---|---|---|\n")
	for _, r := range results {
		if r.problem != "" {
			fmt.Fprintf(out, "| %s | not available: %s | |\n", r.name, r.problem)
			continue
		}
		fmt.Fprintf(out, "| %s | %s | %s |\n", r.name, milliseconds(r.median(cpuOf)), milliseconds(r.median(wallOf)))
	}
	fmt.Fprintln(out)
}

// named returns the result of a contender that worked, else nil.
func named(results []result, name string) *result {
	for i, r := range results {
		if r.name == name && r.problem == "" && len(r.samples) > 0 {
			return &results[i]
		}
	}
	return nil
}

func writeRatio(out io.Writer, results []result, what, a, b string, figure func(sample) time.Duration) {
	if over, under := named(results, a), named(results, b); over != nil && under != nil {
		x, _ := over.least(figure)
		y, _ := under.least(figure)
		fmt.Fprintf(out, "- %s: **%s**\n", what, ratio(x, y))
	}
}

func writeMedianRatio(out io.Writer, results []result, what, a, b string, figure func(sample) time.Duration) {
	if over, under := named(results, a), named(results, b); over != nil && under != nil {
		fmt.Fprintf(out, "- %s: **%s**\n", what, ratio(over.median(figure), under.median(figure)))
	}
}

// writeBeyond writes what a command takes beyond the start of the process.
func writeBeyond(out io.Writer, results []result, name, start string) {
	if r, s := named(results, name), named(results, start); r != nil && s != nil {
		fmt.Fprintf(out, "- %s, beyond %s: **%s ms** CPU, **%s ms** wall\n", strings.ReplaceAll(name, "**", ""), start,
			milliseconds(r.median(cpuOf)-s.median(cpuOf)), milliseconds(r.median(wallOf)-s.median(wallOf)))
	}
}

func spreadOf(r result, spread float64) string {
	if len(r.samples) < 2 {
		return "once"
	}
	return fmt.Sprintf("+%.0f %%", 100*spread)
}

func seconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.3f", d.Seconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f", d.Seconds())
	}
	return fmt.Sprintf("%.1f", d.Seconds())
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func ratio(a, b time.Duration) string {
	if b <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

func megabytes(n int64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}
