package cli

import (
	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate"
)

func newRevokeCommand(env Env) *cobra.Command {
	return oneKeyCommand(env, remediate.RevokeOnly, &cobra.Command{
		Use:   "revoke KEY",
		Short: "Revoke one key without a successor, after showing the plan",
		Long: `KEY is the id or the name of a key on your lists, or the id of a finding. The plan
is shown, you are asked, and it is carried out as remediate apply does it.
` + applyExits,
		Example: `  qleaks revoke old-course
  qleaks revoke ada-laptop --cancel-jobs JOB3`,
	})
}

func newRotateCommand(env Env) *cobra.Command {
	return oneKeyCommand(env, "", &cobra.Command{
		Use:   "rotate KEY",
		Short: "Replace one key, after showing the plan",
		Long: `KEY is the id or the name of a key on your lists, or the id of a finding. A new
key comes first and goes into every store that is declared for it; then the old
one ends. Where everybody can see the old value, it ends first. The plan is shown,
you are asked, and it is carried out as remediate apply does it.
` + applyExits,
		Example: `  qleaks rotate nightly
  qleaks rotate ada-laptop --scan . --break-first`,
	})
}

// oneKeyCommand plans for one key, and applies the plan.
func oneKeyCommand(env Env, order remediate.Order, cmd *cobra.Command) *cobra.Command {
	var o planOptions
	cmd.Args = oneArgument("the id or the name of a key")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
			return err
		}
		if err := o.validate(); err != nil {
			return err
		}
		if order != "" {
			if o.order != "" {
				return wrongUsage("revoke makes no new key, so that there is no order: use rotate")
			}
			o.order = order
		}
		o.Keys, o.wanted = args, true
		r, err := newRemedy(env, o.remedyOptions)
		if err != nil {
			return err
		}
		plan, err := r.plan(cmd.Context(), o)
		if err != nil {
			return err
		}
		if len(plan.Rows) == 0 {
			for _, l := range plan.Left {
				r.say.warning("%s/%s: %s", l.Provider, l.Key, l.Why)
			}
			return exitStatusError(exitFailed)
		}
		return r.apply(cmd.Context(), plan, nil)
	}
	cmd.Flags().SortFlags = false
	addPlanFlags(cmd, &o)
	addRemedyFlags(cmd, &o.remedyOptions)
	return cmd
}
