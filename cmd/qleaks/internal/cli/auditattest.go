package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/scanner/report"
)

// attestOptions are the flags of audit attest.
type attestOptions struct {
	Duties  []string
	Account string
	By      string
	No      bool
	Gone    []string
	Note    string
}

func newAttestCommand(env Env) *cobra.Command {
	var o attestOptions
	cmd := &cobra.Command{
		Use:   "attest [DUTY]...",
		Short: "Note that you looked at what no API tells",
		Long: `Whether multi-factor authentication is on, who owns an organisation and who left
it: no provider tells a program. A person looks, and notes it here with their
name and the time; audit reminds after 90 days. Without a DUTY: what was
attested, and what is due.

Attestations are kept beside the lists of keys. They hold no key.`,
		Example: `  qleaks audit attest                                what is due
  qleaks audit attest mfa sso --account lab          it is as it should be
  qleaks audit attest mfa --account lab --no         it is not
  qleaks audit attest members --account lab --gone ada@lab.example`,
		RunE: func(_ *cobra.Command, args []string) error {
			o.Duties = args
			return runAttest(env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Account, "account", "", "the `NAME` of the account or organisation")
	f.StringVar(&o.By, "by", "", "`WHO` looked (default: your name on this computer)")
	f.BoolVar(&o.No, "no", false, "it is not as it should be")
	f.StringArrayVar(&o.Gone, "gone", nil, "`WHO` has left, by name, address or id: their keys are told; may be repeated")
	f.StringVar(&o.Note, "note", "", "`TEXT` to remember")
	return cmd
}

func runAttest(env Env, o attestOptions) error {
	say := messages{w: env.Stderr}
	store, err := openInventory(env, say)
	if err != nil {
		return err
	}
	accounts, err := store.Accounts()
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	if len(o.Duties) == 0 && len(o.Gone) == 0 {
		return showAttested(env, store)
	}
	if len(o.Duties) == 0 {
		o.Duties = []string{"members"}
	}
	var known []string
	for _, d := range hygiene.Duties() {
		known = append(known, d.ID)
	}
	for _, duty := range o.Duties {
		if !slices.Contains(known, duty) {
			return wrongUsage(fmt.Sprintf("%q is nothing to attest", duty), append(didYouMean(duty, known), "the duties are: "+strings.Join(known, ", "))...)
		}
	}
	if !slices.Contains(accounts, o.Account) {
		return wrongUsage(fmt.Sprintf("--account %q: there is no list of such an account", o.Account), accountHints(o.Account, accounts)...)
	}
	by := cmp.Or(o.By, env.Getenv("USER"), env.Getenv("USERNAME"))
	if by == "" {
		return wrongUsage("nobody says who looked", "--by NAME")
	}
	var seen []hygiene.Attestation
	for _, duty := range o.Duties {
		a := hygiene.Attestation{Duty: duty, Account: o.Account, Yes: !o.No, By: by, At: env.Now().UTC(), Note: o.Note}
		if duty == "members" {
			a.Gone = o.Gone
		}
		seen = append(seen, a)
	}
	if err := hygiene.Attest(store.Dir, seen...); err != nil {
		return couldNot("cannot note it", err)
	}
	say.note("noted: %s of %s, by %s", strings.Join(o.Duties, ", "), o.Account, by)
	return nil
}

func accountHints(name string, accounts []string) []string {
	if len(accounts) == 0 {
		return []string{"list its keys first: qleaks keys list, or qleaks keys import"}
	}
	return append(didYouMean(name, accounts), "the accounts are: "+strings.Join(accounts, ", "))
}

// showAttested lists the duties of each account with who looked last.
func showAttested(env Env, store *inventory.Store) error {
	seen, err := hygiene.Attested(store.Dir)
	if err != nil {
		return couldNot("cannot read what was attested", err)
	}
	inv, err := readInventory(store)
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	var b strings.Builder
	shown := map[string]bool{}
	for _, l := range inv.Lists {
		if shown[l.Account.Name] {
			continue
		}
		shown[l.Account.Name] = true
		fmt.Fprintf(&b, "%s (%s)\n", l.Account.Name, l.Account.Provider)
		for _, d := range hygiene.Duties() {
			if d.Only == "" || d.Only == l.Account.Provider {
				fmt.Fprintf(&b, "  %-12s %s\n               %s; look at %s\n", d.ID, d.Question, lastSeen(seen, d.ID, l.Account.Name), d.Where)
			}
		}
	}
	if b.Len() == 0 {
		b.WriteString("There is no list of keys yet, so there is no account to attest for: qleaks keys list\n")
	}
	_, err = io.WriteString(env.Stdout, b.String())
	return err
}

func lastSeen(seen []hygiene.Attestation, duty, account string) string {
	words := "never attested"
	for _, a := range seen {
		if a.Duty != duty || a.Account != account {
			continue
		}
		answer := "yes"
		if !a.Yes {
			answer = "no"
		}
		words = report.Clean(answer + ", as " + a.By + " saw on " + a.At.UTC().Format("2006-01-02"))
	}
	return words
}
