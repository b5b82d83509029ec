package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/report"
)

func newIgnoreListCommand(env Env) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what is ignored",
		Example: "  qleaks ignore list",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return runIgnoreList(env, config) },
	}
	cmd.Flags().StringVar(&config, "config", "", "the `FILE` instead of .qleaks.toml")
	return cmd
}

func newIgnoreRemoveCommand(env Env) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:     "remove ID",
		Short:   "Ignore a finding no longer",
		Example: "  qleaks ignore remove ql…",
		Args:    oneArgument("the id of a finding"),
		RunE:    func(_ *cobra.Command, args []string) error { return runIgnoreRemove(env, config, args[0]) },
	}
	cmd.Flags().StringVar(&config, "config", "", "the `FILE` instead of .qleaks.toml")
	return cmd
}

func runIgnoreList(env Env, config string) error {
	file, err := openIgnores(env, config)
	if err != nil {
		return err
	}
	if len(file.config.Ignore) == 0 {
		_, err := fmt.Fprintf(env.Stdout, "%s ignores nothing\n", report.Clean(file.name))
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	for _, i := range file.config.Ignore {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", report.Clean(i.ID), ending(i, env), report.Clean(i.Owner), report.Clean(i.Reason))
	}
	return table.Flush()
}

// ending says until when an entry holds.
func ending(i baseline.Ignore, env Env) string {
	switch day := i.Until.String(); {
	case day == "":
		return "always"
	case i.Until.Over(env.Now()):
		return "ended " + day
	default:
		return "until " + day
	}
}

func runIgnoreRemove(env Env, config, id string) error {
	file, err := openIgnores(env, config)
	if err != nil {
		return err
	}
	number := slices.IndexFunc(file.config.Ignore, func(i baseline.Ignore) bool { return i.ID == id })
	if number < 0 {
		return wrongUsage(fmt.Sprintf("%s has no ignore of %s", file.name, id), "what is ignored: qleaks ignore list")
	}
	text, err := removeIgnore(file.text, number)
	if err != nil {
		return wrongUsage(fmt.Sprintf("cannot change %s: %v", file.name, err), "take it out yourself")
	}
	if err := file.write(env, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "not ignored any more: %s\n", report.Clean(id))
	return err
}

// reportedFinding is what an ignore needs of a finding in a report.
type reportedFinding struct {
	ID          string `json:"id"`
	Fingerprint string `json:"fingerprint"`
	Title       string `json:"title"`
	Path        string `json:"path"`
}

// candidatesIn lists the findings of a report as json or jsonl.
func candidatesIn(text []byte) ([]candidate, error) {
	var all []candidate
	add := func(list ...reportedFinding) {
		for _, f := range list {
			all = append(all, candidate{id: f.ID, fingerprint: f.Fingerprint, what: f.Title + " in " + f.Path})
		}
	}
	documents := 0
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; documents++ {
		var d struct {
			// A line of jsonl has a type, a document of json its lists.
			Type string `json:"type"`
			reportedFinding
			Findings   []reportedFinding `json:"findings"`
			Suppressed []struct {
				Finding reportedFinding `json:"finding"`
			} `json:"suppressed"`
		}
		err := decoder.Decode(&d)
		if errors.Is(err, io.EOF) && documents > 0 {
			return all, nil
		}
		if err != nil {
			return nil, errors.New("it is not JSON")
		}
		add(d.Findings...)
		for _, s := range d.Suppressed {
			add(s.Finding)
		}
		if d.Type == "finding" {
			add(d.reportedFinding)
		}
	}
}
