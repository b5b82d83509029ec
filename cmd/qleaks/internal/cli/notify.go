package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/scanner/report"
)

// notifyOptions are the flags of notify.
type notifyOptions struct {
	Config   string
	Network  networkOptions
	Database databaseOptions
	JSON     bool
}

func newNotifyCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "Tell people what sweeps find: Slack, Teams, mail, webhooks, issues",
		Long: `Channels stand in your own configuration, or in the file of --config; what is
scanned never names one. Addresses of webhooks, tokens and passwords are given
by reference:
  [notify.security]
  kind = "slack"                        slack, teams, email, webhook, github-issue
  url = "env:QLEAKS_SLACK_URL"          or keychain:NAME and others
  when = ["active", "new", "failed"]    and reopened, unused, incomplete; all if left out
  digest = "sweep"                      one for each sweep, or "daily"
  escalate_after = "24h"                what stays open is told, once, to
  escalate_to = "oncall"

A sweep tells its channels with --step notify. A message holds no key, and comes
only if it has news for its channel: docs/notify.md.`,
		Example: `  qleaks notify list                    the channels, and when they were told
  qleaks notify test security           send a message that is a test
  qleaks sweep run github:acme --step verify --step keys --step notify`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newNotifyListCommand(env), newNotifyTestCommand(env))
	return cmd
}

func newNotifyTestCommand(env Env) *cobra.Command {
	var o notifyOptions
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a test message to a channel",
		Long:  "What it sends says that it is a test. Nothing is noted in the records.",
		Example: `  qleaks notify test security
  qleaks notify test mail --config ~/qleaks/worker.toml`,
		Args: oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runNotifyTest(cmd.Context(), env, o, args[0])
		},
	}
	addNotifyFlags(cmd, &o)
	addReachFlags(cmd, &o.Network)
	return cmd
}

func addNotifyFlags(cmd *cobra.Command, o *notifyOptions) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.Config, "config", "", "the `FILE` with the channels, instead of your own configuration")
}

func newNotifyListCommand(env Env) *cobra.Command {
	var o notifyOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the channels, and when they were told",
		Example: `  qleaks notify list
  qleaks notify list --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runNotifyList(cmd.Context(), env, o)
		},
	}
	addNotifyFlags(cmd, &o)
	cmd.Flags().BoolVar(&o.JSON, "json", false, "as JSON")
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runNotifyTest(ctx context.Context, env Env, o notifyOptions, name string) error {
	config, file, err := loadNotify(env, o.Config)
	if err != nil {
		return err
	}
	section, ok := config.Notify[name]
	if !ok {
		return noSuchChannel(name, file, slices.Sorted(maps.Keys(config.Notify)))
	}
	if section.Kind == string(notify.Issue) {
		return wrongUsage(name+" writes issues about repositories, and there is no test of that", "it writes with the next sweep that has --step notify and news")
	}
	channel, err := channels{env: env, network: o.Network, file: file}.open(ctx, name, section)
	if err != nil {
		return err
	}
	at := env.Now().UTC()
	m := notify.Message{
		ID: "qleaks_test_" + at.Format("20060102T150405.000000"), At: at, Link: config.Serve.URL, Title: "Test of the channel " + name,
		Lead: "Nothing was found: this message only shows that the channel works.",
	}
	m.ID = strings.ReplaceAll(m.ID, ".", "_")
	if err := channel.Sender.Send(ctx, m); err != nil {
		return couldNot("the channel "+name+" did not take the message", err)
	}
	words := "the test is on its way to %s\n"
	if channel.Kind == notify.Teams {
		words = "the workflow behind %s took the test; whether it posts, Teams shows\n"
	}
	_, err = fmt.Fprintf(env.Stdout, words, name)
	return err
}

func noSuchChannel(name, file string, known []string) error {
	hints := didYouMean(name, known)
	if len(known) == 0 {
		hints = []string{"write [notify.NAME] into " + file + ": qleaks notify --help"}
	} else if len(hints) == 0 {
		hints = []string{"the channels are: " + strings.Join(known, ", ")}
	}
	return wrongUsage(fmt.Sprintf("there is no channel %q", clipped(name)), hints...)
}

// listedChannel is a channel as notify list shows it.
type listedChannel struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	When   []string `json:"when"`
	Digest string   `json:"digest"`
	// To is where it goes: a reference, or a server, never an address of a webhook.
	To       string    `json:"to"`
	Escalate string    `json:"escalate,omitempty"`
	State    string    `json:"state"`
	At       time.Time `json:"at,omitzero"`
}

func runNotifyList(ctx context.Context, env Env, o notifyOptions) (err error) {
	config, file, err := loadNotify(env, o.Config)
	if err != nil {
		return err
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all := []listedChannel{}
	for _, name := range slices.Sorted(maps.Keys(config.Notify)) {
		c := config.Notify[name].listed(name)
		told, err := store.Actions(ctx, records.ActionFilter{Kind: notify.Action, Subject: name}, records.Page{Most: 1})
		if err != nil {
			return couldNot("cannot read the records", err)
		}
		c.State = "never told"
		if len(told) > 0 {
			c.State, c.At = told[0].State, told[0].At
		}
		all = append(all, c)
	}
	if o.JSON {
		return writeIndented(env.Stdout, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(env.Stdout, "There is no channel. Write [notify.NAME] into %s: qleaks notify --help\n", filepath.ToSlash(file))
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CHANNEL\tKIND\tTO\tDIGEST\tHEARS OF\tLAST")
	for _, c := range all {
		last := c.State
		if !c.At.IsZero() {
			last += " " + minute(c.At)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Name, c.Kind, report.Clean(c.To), c.Digest, strings.Join(c.When, ", "), last)
	}
	return table.Flush()
}

func (s notifySection) listed(name string) listedChannel {
	c := listedChannel{Name: name, Kind: s.Kind, When: s.When, Digest: "sweep", To: s.Repository}
	if len(c.When) == 0 {
		for _, e := range notify.Events() {
			c.When = append(c.When, string(e))
		}
	}
	if s.Digest != "" {
		c.Digest = s.Digest
	}
	if at, err := credential.Parse(s.URL); err == nil {
		c.To = at.String()
	}
	switch {
	case s.Kind == string(notify.Email):
		c.To = strings.Join(s.To, ", ")
	case s.Kind == string(notify.Issue) && c.To == "":
		c.To = "each repository"
	}
	if s.EscalateTo != "" {
		c.Escalate = "to " + s.EscalateTo + " after " + s.EscalateAfter
		c.Digest += ", then " + s.EscalateTo + " after " + s.EscalateAfter
	}
	return c
}
