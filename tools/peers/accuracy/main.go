// Command accuracy measures how many keys qleaks finds in the labelled corpus,
// and what else it reports, beside gitleaks on the same files: `make
// bench-accuracy`. It prints Markdown. The keys are made for the run and are
// gone after it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/accuracy"
)

const usage = "usage: accuracy -corpus DIR -gitleaks PROGRAM"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("accuracy", flag.ContinueOnError)
	corpus := flags.String("corpus", "", "the directory of the corpus")
	program := flags.String("gitleaks", "", "a built gitleaks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *corpus == "" || *program == "" {
		return errors.New(usage)
	}
	gitleaks, err := filepath.Abs(*program)
	if err != nil {
		return fmt.Errorf("%s: %w", *program, err)
	}
	set, err := rules.Builtin()
	if err != nil {
		return fmt.Errorf("built-in rules: %w", err)
	}
	for i, part := range []struct{ file, title string }{
		{accuracy.Tuned, "Tuned part"}, {accuracy.Held, "Held-out part"},
	} {
		if i > 0 {
			fmt.Fprintln(out)
		}
		list, err := accuracy.Load(*corpus, part.file)
		if err != nil {
			return err
		}
		own, err := accuracy.Measure(ctx, set, list)
		if err != nil {
			return err
		}
		other, err := peer(ctx, gitleaks, list)
		if err != nil {
			return err
		}
		scores := []accuracy.Scored{{Scanner: "qleaks", Score: own}, {Scanner: "gitleaks " + gitleaksVersion, Score: other}}
		if err := accuracy.Write(out, part.title, list, scores); err != nil {
			return err
		}
	}
	return nil
}
