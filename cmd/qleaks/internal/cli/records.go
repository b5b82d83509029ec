package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/scanner/report"
)

func newRecordsCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "records",
		Short: "Export, delete, check and move what sweeps found out",
		Example: `  qleaks records export -o records.jsonl        everything, as lines of JSON
  qleaks records delete github:acme/old --yes
  qleaks records prune --keep-coverage 90d      what is older goes
  qleaks records check
  QLEAKS_TO=postgres://db.example/qleaks qleaks records move`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newRecordsExportCommand(env), newRecordsDeleteCommand(env), newRecordsPruneCommand(env), newRecordsCheckCommand(env), newRecordsMoveCommand(env))
	return cmd
}

type recordsExportOptions struct {
	File     string
	Database databaseOptions
}

func newRecordsExportCommand(env Env) *cobra.Command {
	var o recordsExportOptions
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all records as lines of JSON",
		Long: `Each line is an object with a type and a record: repositories, findings with
their places, changes, decisions, keys with their uses, sweeps, coverage, actions,
schedules. There is no key among them.`,
		Example: `  qleaks records export | gzip > records.jsonl.gz
  qleaks records export -o records.jsonl`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runRecordsExport(cmd.Context(), env, o)
		},
	}
	cmd.Flags().StringVarP(&o.File, "output", "o", "", "write to `FILE`, in one step")
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runRecordsExport(ctx context.Context, env Env, o recordsExportOptions) (err error) {
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	out, err := (&outputOptions{File: o.File}).open(env)
	if err != nil {
		return err
	}
	if err := store.Export(ctx, out); err != nil {
		return couldNot("cannot export the records", errors.Join(err, out.abandon()))
	}
	return out.finish()
}

type recordsDeleteOptions struct {
	Repository string
	Key        string
	Yes        bool
	Database   databaseOptions
}

func newRecordsDeleteCommand(env Env) *cobra.Command {
	var o recordsDeleteOptions
	cmd := &cobra.Command{
		Use:   "delete [REPOSITORY]",
		Short: "Delete everything about a repository, or about a key",
		Long: `Without --yes it says what would be deleted, and deletes nothing.

Of a repository, its findings with their history and its coverage go; of a key, its
findings in all repositories, decisions and actions about it, and what lists tell of
it. Nothing at GitHub and at providers changes, and a sweep that finds it again
writes it again.`,
		Example: `  qleaks records delete github:acme/old
  qleaks records delete --key FINGERPRINT --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Repository = strings.Join(args, "")
			return runRecordsDelete(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Key, "key", "", "delete what is known of the key with this `FINGERPRINT`")
	f.BoolVar(&o.Yes, "yes", false, "do delete it")
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

// errOnlyShown undoes a deletion that was only to be shown.
var errOnlyShown = errors.New("nothing was deleted")

func runRecordsDelete(ctx context.Context, env Env, o recordsDeleteOptions) (err error) {
	if (o.Repository == "") == (o.Key == "") {
		return wrongUsage("name a REPOSITORY, as qleaks records export has it, or --key FINGERPRINT")
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	what := "the key " + o.Key
	if o.Key == "" {
		what = o.Repository
	}
	var findings int64
	err = store.Update(ctx, func(tx *records.Tx) (err error) {
		if findings, err = deleteRecords(ctx, store, tx, o); err == nil && !o.Yes {
			err = errOnlyShown
		}
		return err
	})
	switch {
	case errors.Is(err, records.ErrNotFound):
		return wrongUsage("nothing is known of "+clipped(what), "qleaks records export writes all that is known")
	case err != nil && !errors.Is(err, errOnlyShown):
		return couldNot("cannot delete", err)
	}
	verb := "deleted"
	if !o.Yes {
		verb = "to be deleted, with --yes"
	}
	_, err = fmt.Fprintf(env.Stdout, "%s: %s, with %s\n", verb, report.Clean(what), plural(findings, "finding"))
	return err
}

func deleteRecords(ctx context.Context, store *records.Store, tx *records.Tx, o recordsDeleteOptions) (int64, error) {
	if o.Key != "" {
		return tx.DeleteKey(ctx, o.Key)
	}
	r, err := store.RepositoryNamed(ctx, o.Repository)
	if err != nil {
		return 0, err
	}
	return tx.DeleteRepository(ctx, r.Seq)
}

type recordsCheckOptions struct{ Database databaseOptions }

func newRecordsCheckCommand(env Env) *cobra.Command {
	var o recordsCheckOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look whether the records are whole",
		Long: `It reads all of them: after a disk that failed, or a backup that was restored.

Exit codes: 0 everything is well · 3 something is wrong, or cannot be read`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runRecordsCheck(cmd.Context(), env, o)
		},
	}
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runRecordsCheck(ctx context.Context, env Env, o recordsCheckOptions) (err error) {
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	wrong, err := store.Check(ctx)
	if err != nil {
		return couldNot("cannot read the records", err)
	}
	if len(wrong) > 0 {
		return couldNot("the records are not whole", errors.New(report.Clean(strings.Join(wrong, "; "))), "restore a backup, or sweep once more: docs/operations.md")
	}
	_, err = io.WriteString(env.Stdout, "the records are whole\n")
	return err
}

type recordsMoveOptions struct {
	To       string
	Database databaseOptions
}

func newRecordsMoveCommand(env Env) *cobra.Command {
	var o recordsMoveOptions
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Copy all records into another database, which is empty",
		Long: `From a file to a PostgreSQL server when one machine is too small, or back. No
sweep may go on, and no worker may work. The records stay where they were, too: give
the workers the new database, and delete the old one when that works.`,
		Example: `  qleaks records move --to postgres://db.example/qleaks
  QLEAKS_TO=postgres://qleaks:PASSWORD@db.example/qleaks qleaks records move`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runRecordsMove(cmd.Context(), env, o)
		},
	}
	cmd.Flags().StringVar(&o.To, "to", "", "the other database: a `FILE`, or postgres://HOST/NAME (with a password rather in QLEAKS_TO)")
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runRecordsMove(ctx context.Context, env Env, o recordsMoveOptions) (err error) {
	if o.To == "" {
		return wrongUsage("say where the records go", "qleaks records move --to postgres://db.example/qleaks")
	}
	from, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := databaseOptions{Name: o.To}.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	moved, err := from.MoveTo(ctx, to)
	switch {
	case errors.Is(err, records.ErrBusy):
		return couldNot("the records cannot be moved now", records.ErrBusy, "end the workers, and the sweep: qleaks sweep status, qleaks sweep cancel")
	case errors.Is(err, records.ErrNotEmpty):
		return couldNot("the records cannot be moved there", records.ErrNotEmpty, "name one that is empty")
	case err != nil:
		return couldNot("the records could not be moved", err)
	}
	for _, m := range moved {
		if m.Rows > 0 {
			fmt.Fprintf(env.Stdout, "%s: %s\n", m.Table, plural(m.Rows, "row"))
		}
	}
	messages{w: env.Stderr}.hint("from now on give the new database: --database, or %s", databaseVariable)
	return nil
}
