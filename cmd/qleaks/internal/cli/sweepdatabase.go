package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// databaseOptions say where the records of sweeps are.
type databaseOptions struct {
	// Name is a file, or the address of a PostgreSQL server.
	Name string
}

// databaseVariable is the variable of --database. An address can hold a password,
// so that processes that read repositories do not get it.
const databaseVariable = "QLEAKS_DATABASE"

func addDatabaseFlag(cmd *cobra.Command, o *databaseOptions) {
	cmd.Flags().StringVar(&o.Name, "database", "", "the records: a `FILE`, or postgres://HOST/NAME (with a password rather in "+databaseVariable+"); by default records.db beside your configuration")
}

// open opens the records and brings their tables up to date.
func (o databaseOptions) open(ctx context.Context, env Env) (*records.Store, error) {
	name := o.Name
	if name == "" {
		dir, err := env.ConfigDir()
		if err != nil {
			return nil, couldNot("cannot find where records are kept", err, "set HOME, or give --database a file")
		}
		name = filepath.Join(dir, "qleaks", "records.db")
	} else if !records.IsServer(name) && !filepath.IsAbs(name) {
		cwd, err := env.Getwd()
		if err != nil {
			return nil, couldNot("the current directory is not known", err)
		}
		name = filepath.Join(cwd, name)
	}
	store, err := records.Open(ctx, name)
	if err != nil {
		return nil, couldNot("cannot open the records", err)
	}
	if err := sweep.Migrate(ctx, store); err != nil {
		_ = store.Close()
		return nil, couldNot("cannot open the records", err)
	}
	return store, nil
}
