package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/journal"
)

func newRemediateResumeCommand(env Env) *cobra.Command {
	var o remedyOptions
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Go on with everything that is not done",
		Long: `Every rotation that is open goes on where it was: what waited, what was blocked,
and what was cut short. Of a step whose answer was lost the provider is asked
first; nothing is done twice.
` + applyExits,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runOpen(cmd, env, &o, "", func(ctx context.Context, m *remediate.Machine) (remediate.Result, error) { return m.Resume(ctx) })
		},
	}
	cmd.Flags().SortFlags = false
	addRemedyFlags(cmd, &o)
	return cmd
}

func newRemediateRollbackCommand(env Env) *cobra.Command {
	var o remedyOptions
	cmd := &cobra.Command{
		Use:   "rollback ROTATION",
		Short: "Undo what can be undone: the old key works again, the new one goes",
		Long: `The suspension of the old key is taken back, stores get back what they held, and
the new key is revoked. After the old key was revoked there is no way back, and
this says so. ROTATION is the id that qleaks remediate status shows.
` + applyExits,
		Args: oneArgument("the id of a rotation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runOpen(cmd, env, &o, args[0], func(ctx context.Context, m *remediate.Machine) (remediate.Result, error) {
				return m.Rollback(ctx, args[0])
			})
		},
	}
	cmd.Flags().SortFlags = false
	addRemedyFlags(cmd, &o)
	return cmd
}

// runOpen does something at each account that has an open rotation, or at the
// one that has a certain rotation.
func runOpen(cmd *cobra.Command, env Env, o *remedyOptions, rotation string, do func(ctx context.Context, m *remediate.Machine) (remediate.Result, error)) error {
	if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
		return err
	}
	ctx := cmd.Context()
	r, err := newRemedy(env, *o) // the environment has its say by now
	if err != nil {
		return err
	}
	person, err := r.mayChange()
	if err != nil {
		return err
	}
	if len(o.Scan) > 0 {
		if _, err := r.look(ctx, &audit{env: r.env, options: auditOptions{Scan: o.Scan, Talking: o.Talking}, say: r.say}, planOptions{}); err != nil {
			return err
		}
	}
	r.options.undoes = rotation != ""
	accounts, err := r.openAccounts(rotation)
	if err != nil {
		return err
	}
	if len(accounts) == 0 && rotation != "" {
		return wrongUsage(fmt.Sprintf("no rotation that is open is called %q", rotation), "qleaks remediate status lists them")
	}
	if len(accounts) == 0 {
		r.say.note("nothing is open")
		return nil
	}
	return r.each(ctx, person, accounts, func(m *remediate.Machine, _ string) (remediate.Result, error) {
		return do(ctx, m)
	})
}

// abandonedIsDone takes a rollback that came to its end for success.
func abandonedIsDone(result remediate.Result) remediate.Result {
	result.Rotations = slices.Clone(result.Rotations)
	for i := range result.Rotations {
		if result.Rotations[i].State == remediate.StateAbandoned {
			result.Rotations[i].State = remediate.StateDone
		}
	}
	return result
}

// openAccounts are the accounts with rotations that are open.
func (r *remedy) openAccounts(rotation string) ([]namedAccount, error) {
	journals, err := r.journals()
	if err != nil {
		return nil, err
	}
	var list []namedAccount
	var failed error
	for _, k := range journals {
		if k.err != nil {
			failed = errors.Join(failed, k.err)
			continue
		}
		open := false
		for _, s := range k.standings {
			live := s.State != remediate.StateDone && s.State != remediate.StateAbandoned
			open = open || live && (rotation == "" || s.Row.ID == rotation)
		}
		if open {
			list = append(list, namedAccount{k.account.Provider, k.account.ID})
		}
	}
	if failed != nil && len(list) == 0 {
		return nil, brokenJournals(journals, failed)
	}
	if failed != nil {
		r.say.warning("not all is gone on with: %v", failed)
	}
	return list, nil
}

// keptJournal is the journal of an account as it can be looked at.
type keptJournal struct {
	account   journal.Account
	view      journal.View
	standings []remediate.Standing
	err       error
}

// journals looks at all journals, without their locks.
func (r *remedy) journals() ([]keptJournal, error) {
	place, _, err := r.place()
	if err != nil {
		return nil, err
	}
	accounts, err := journal.Accounts(place)
	var list []keptJournal
	if err != nil {
		list = append(list, keptJournal{err: err}) // nobody knows whose
	}
	for _, a := range accounts {
		k := keptJournal{account: a}
		if k.view, k.err = journal.Look(place, a); k.err == nil {
			k.standings, k.err = remediate.StatusOf(k.view.Records)
		}
		list = append(list, k)
	}
	return list, nil
}
