package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate/journal"
)

func newRemediateSetAsideCommand(env Env) *cobra.Command {
	var o remedyOptions
	var reason string
	cmd := &cobra.Command{
		Use:   "set-aside PROVIDER/ACCOUNT",
		Short: "Put a damaged journal out of the way, and begin a new one",
		Long: `Where there is a whole copy of the journal and its head, put that back instead: then
nothing is lost, and qleaks remediate resume goes on.

A journal that is whole is not set aside. The old file, its head and the sealed
values stay where they are, under other names; the new journal knows nothing of
what was open, and holds your reason, as the audit log does. Then take stock of the
account's keys, as docs/journal.md says.

PROVIDER/ACCOUNT is what qleaks remediate check calls it.`,
		Example: `  qleaks remediate set-aside ibm/a1b2c3 --reason "the disk failed, no copy"`,
		Args:    oneArgument("the account, as PROVIDER/ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSetAside(cmd.Context(), env, o, args[0], reason)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`WHY`, for whoever reads the new journal")
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

// longestReason bounds why a journal is set aside, in bytes.
const longestReason = 500

func runSetAside(ctx context.Context, env Env, o remedyOptions, name, reason string) error {
	provider, id, _ := strings.Cut(name, "/")
	account := journal.Account{Provider: provider, ID: id}
	if err := account.Validate(); err != nil {
		return wrongUsage(clipped(name)+" is no account: "+err.Error(), "such as ibm/a1b2c3: qleaks remediate check names them")
	}
	if strings.TrimSpace(reason) == "" || len(reason) > longestReason || strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return wrongUsage("--reason is missing, or more than a line", `such as --reason "the disk failed, and there is no copy"`)
	}
	r, err := newRemedy(env, o)
	if err != nil {
		return err
	}
	place, _, err := r.place()
	if err != nil {
		return err
	}
	v, err := journal.Look(place, account)
	if err == nil && v.Head.Sequence == 0 {
		return wrongUsage("there is no journal of "+account.String(), "qleaks remediate check names those that there are")
	}
	if place, err = r.openPlace(ctx); err != nil {
		return err
	}
	if err := mustBeBroken(place, account); err != nil {
		return err
	}
	old, err := journal.SetAside(place, account, reason)
	if err != nil {
		return couldNot("cannot set the journal aside", err)
	}
	r.say.note("the old journal is %s, and a new one has begun", old)
	if v, err = journal.Look(place, account); err != nil {
		return couldNot("cannot read the new journal", err)
	}
	for _, file := range v.Unrecorded {
		r.say.note("the sealed value of a new key stays: %s", filepath.Join(filepath.Dir(old), "sealed", file))
	}
	r.say.hint("what was open nobody knows now: list the account's keys with qleaks keys list, and revoke those that no store holds, above all those whose name ends in --qleaks-ROTATION")
	r.say.hint("docs/journal.md says more")
	return nil
}

// mustBeBroken refuses to set aside a journal that can be gone on with, and one of
// which it is not known that it cannot.
func mustBeBroken(p journal.Place, a journal.Account) error {
	j, err := journal.Open(p, a)
	if err == nil {
		if err := j.Close(); err != nil {
			return couldNot("cannot close the journal", err)
		}
		return wrongUsage("the journal of "+a.String()+" is whole, and is not set aside", "to go on with what is open: qleaks remediate resume")
	}
	if isBroken(err) {
		return nil
	}
	return couldNot("cannot tell whether the journal is broken", err)
}

// isBroken reports whether an error says that a journal will never open again.
func isBroken(err error) bool {
	_, damaged := errors.AsType[*journal.DamageError](err)
	return damaged || errors.Is(err, journal.ErrOldCopy) || errors.Is(err, journal.ErrFull)
}

// brokenJournals says that journals could not be read, and what to do.
func brokenJournals(journals []keptJournal, err error) error {
	return couldNot("cannot read a journal", err, brokenHints(journals)...)
}

func brokenHints(journals []keptJournal) (hints []string) {
	for _, k := range journals {
		if k.err != nil && isBroken(k.err) {
			hints = append(hints, "put back a whole copy of the journal and its head together, if you have one",
				fmt.Sprintf("if there is none: qleaks remediate set-aside %s --reason WHY, then take stock of the account's keys", shellWord(whose(k))))
			break
		}
	}
	return append(hints, "docs/journal.md says what to do")
}

// whose names the account of a journal as set-aside takes it.
func whose(k keptJournal) string {
	if k.account.Provider == "" {
		return "PROVIDER/ACCOUNT"
	}
	return k.account.String()
}
