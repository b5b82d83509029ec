package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate/rewrite"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// newHookCleanCommand is what Git puts notebooks through when they are added.
func newHookCleanCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "clean-notebook [PATH]",
		Short: "Copy a notebook from standard input without the outputs that show a key",
		Long: `hook install --notebook-filter makes Git call it. It drops outputs that show a
key, and nothing else: all other bytes stay, and keys in code are for the hook
that stops the commit. What is no notebook, or is larger than 64 MiB, is copied.`,
		Example: "  qleaks hook clean-notebook < bell.ipynb > shared.ipynb",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHookClean(cmd.Context(), env, slices.Concat(args, []string{"notebook.ipynb"})[0])
		},
	}
}

func runHookClean(ctx context.Context, env Env, path string) error {
	content, err := io.ReadAll(io.LimitReader(env.Stdin, largestFixed+1))
	if err != nil {
		return couldNot("cannot read the notebook", rootCause(err))
	}
	say := messages{w: env.Stderr}
	if len(content) > largestFixed {
		say.warning("%s is too large to look for keys in its outputs: it is added as it is", path)
		if _, err := io.Copy(env.Stdout, io.MultiReader(bytes.NewReader(content), env.Stdin)); err != nil {
			return couldNot("cannot write the notebook", rootCause(err))
		}
		return nil
	}
	cleaned, places, err := withoutShown(ctx, env, path, content)
	if err != nil {
		return err
	}
	if _, err := env.Stdout.Write(cleaned); err != nil {
		return couldNot("cannot write the notebook", rootCause(err))
	}
	for _, p := range places {
		say.note("%s, cell %d: an output shows a key and is left out; the key was shown, so revoke it if anybody saw it", path, p.Cell)
	}
	return nil
}

// withoutShown drops the outputs that show a key.
func withoutShown(ctx context.Context, env Env, path string, content []byte) ([]byte, []rewrite.Place, error) {
	r := newScanRun(env, scanOptions{
		Judging: judgeOptions{Confidence: defaultConfidence, FailOn: defaultFailOn},
		Output:  outputOptions{Format: defaultFormat, Color: colorNever}, Talking: talkOptions{Quiet: true},
		located: []target{{Label: path, kind: standardInput}},
	})
	r.options.Talking.NoProgress = true
	if err := r.prepare(ctx); err != nil {
		return nil, nil, err
	}
	r.walk.stdin = source.Reader{Name: path, R: bytes.NewReader(content)}
	result, err := r.found(ctx, nil)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look for keys in %s: %w", path, err)
	}
	file := rewrite.File{Path: path, Content: content}
	var keys []rewrite.Key
	for _, f := range result.AtLeast(r.settings.Confidence).Findings {
		if cells := outputsWith(f); len(cells) > 0 {
			keys = append(keys, rewrite.Key{Value: f.Secret})
			file.Outputs = append(file.Outputs, cells...)
		}
	}
	if len(keys) == 0 {
		return content, nil, nil
	}
	cleaned := file.WithoutOutputs(keys)
	return cleaned.Content, cleaned.Taken, nil
}

// outputsWith are the cells whose outputs show a key.
func outputsWith(f finding.Finding) []int {
	var cells []int
	for _, o := range f.Occurrences {
		if c := o.Location.Notebook; c != nil && c.Cell > 0 && (c.Part == "output" || c.Part == "traceback") {
			cells = append(cells, c.Cell)
		}
	}
	return cells
}
