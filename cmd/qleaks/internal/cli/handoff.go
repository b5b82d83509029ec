package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/scanner/report"
)

// handoffOptions are the flags of handoff.
type handoffOptions struct {
	remedyOptions

	Key     string
	To      string
	Within  time.Duration
	Reports []string
	GitHub  []string
	// Public and Private say who can see what was found.
	Public, Private bool
	Output          outputOptions
	// List and Check are about what was handed over already.
	List, Check bool
}

func newHandoffCommand(env Env) *cobra.Command {
	var o handoffOptions
	cmd := &cobra.Command{
		Use:   "handoff [KEY]",
		Short: "Tell a leaked key's owner what to do, and see that it is done",
		Long: `For a key that you cannot or may not revoke: a colleague's own. KEY is the id of a
finding, or the id or the name of a key. A letter is written for its owner: which key
it is, where it was found and since when, what to do in which order, at which page, and
until when. It holds no key. Send it as you like; nothing is sent from here.

It stays open until the provider refuses the key, which --check asks: twice within a
minute, with control questions. For that the value is looked for again, below --scan.

Exit codes:
  0  done; with --check: the provider refuses every key that was handed over
  2  wrong command line or configuration
  3  could not be done
  5  with --check: some key is not proved to be refused`,
		Example: `  qleaks handoff ql… --to ada@example.org --within 24h -o letter.txt
  qleaks handoff ionq/laptop --to Ada --scan ~/lab --public
  qleaks handoff --list
  qleaks handoff --check --scan ~/lab`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			if len(args) > 0 {
				o.Key = args[0]
			}
			return runHandoff(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.To, "to", "", "whose key it is: a `NAME` or an address, for the letter")
	f.DurationVar(&o.Within, "within", 24*time.Hour, "how long they have")
	f.StringArrayVar(&o.Scan, "scan", nil, "where the key is: a `PATH`; may be repeated; the current directory if nothing is said")
	f.StringArrayVar(&o.Reports, "report", nil, "use the findings and verdicts of this `FILE`, written by qleaks scan --json; may be repeated")
	f.StringArrayVar(&o.GitHub, "github", nil, "learn from this `FILE` whether a repository is public: gh api repos/OWNER/NAME; may be repeated")
	f.BoolVar(&o.Public, "public", false, "everybody can see what was found")
	f.BoolVar(&o.Private, "private", false, "few can see what was found")
	f.StringVarP(&o.Output.File, "output", "o", "", "write the letter to `FILE`")
	f.BoolVar(&o.List, "list", false, "list what was handed over")
	f.BoolVar(&o.Check, "check", false, "ask providers whether they refuse the keys that were handed over")
	f.BoolVar(&o.Output.JSON, "json", false, "write JSON")
	f.StringVar(&o.Config, "config", "", "the `FILE` with accounts, instead of your own")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

func runHandoff(ctx context.Context, env Env, o handoffOptions) error {
	switch {
	case o.Key != "" && (o.List || o.Check):
		return wrongUsage("--list and --check are about all that was handed over")
	case o.Key == "" && !o.List && !o.Check:
		return wrongUsage("which key? say the id of a finding, or the id or the name of a key", "qleaks handoff --list tells what was handed over")
	case o.Key != "" && o.To == "":
		return wrongUsage("whose key is it? --to says")
	case o.Public && o.Private:
		return wrongUsage("--public and --private contradict each other")
	}
	r, err := newRemedy(env, o.remedyOptions)
	if err != nil {
		return err
	}
	d, err := r.handoffs()
	if err != nil {
		return err
	}
	switch {
	case o.Check:
		return d.check(ctx, o)
	case o.List:
		return d.list(o)
	}
	return d.begin(ctx, o)
}

// handoffs are those that were made, each in a file.
type handoffs struct {
	*remedy

	dir string
	all []remediate.Handoff
}

func (r *remedy) handoffs() (*handoffs, error) {
	base, err := r.base()
	if err != nil {
		return nil, err
	}
	d := &handoffs{remedy: r, dir: filepath.Join(base, "handoffs")}
	names, err := durable.OS{}.List(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, couldNot("cannot read what was handed over", rootCause(err))
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".json") || durable.Unfinished(name) {
			continue
		}
		text, err := durable.ReadWhole(durable.OS{}, filepath.Join(d.dir, name), remediate.MaxHandoff)
		if err != nil {
			return nil, couldNot("cannot read what was handed over", rootCause(err))
		}
		h, err := remediate.ReadHandoff(text)
		if err != nil {
			return nil, couldNot(filepath.Join(d.dir, name), err)
		}
		d.all = append(d.all, h)
	}
	slices.SortStableFunc(d.all, func(a, b remediate.Handoff) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.ID, b.ID))
	})
	return d, nil
}

// keep writes a handoff down, and into the audit log.
func (d *handoffs) keep(h remediate.Handoff, action string) error {
	text, err := h.JSON()
	if err != nil {
		return err
	}
	err = durable.MakeDirs(durable.OS{}, d.dir)
	if err == nil {
		err = durable.WriteWhole(durable.OS{}, filepath.Join(d.dir, h.ID+".json"), text)
	}
	if err != nil {
		return couldNot("cannot write down what was handed over", rootCause(err))
	}
	_, where, err := d.place()
	if err != nil {
		return err
	}
	log, err := auditlog.Open(where)
	if err != nil {
		return couldNot("cannot open the audit log", err, "docs/journal.md says what to do")
	}
	if _, err := log.Append(auditlog.Entry{
		Time: d.env.Now().UTC(), Actor: d.actor(), Rotation: h.ID, Key: h.Key.Called(), Fingerprint: string(h.Key.Fingerprint), Action: action, Outcome: "done",
	}); err != nil {
		return couldNot("cannot write to the audit log", err)
	}
	return nil
}

// begin hands one key over.
func (d *handoffs) begin(ctx context.Context, o handoffOptions) error {
	if len(o.Scan) == 0 && len(o.Reports) == 0 {
		o.Scan = []string{"."}
	}
	i := &inquiry{audit: audit{env: d.env, options: auditOptions{Scan: o.Scan, Reports: o.Reports, Talking: o.Talking}, say: d.say}, access: d.access, log: d.log}
	store, err := openInventory(d.env, d.say)
	if err != nil {
		return err
	}
	inv, err := readInventory(store)
	if err != nil {
		return couldNot("cannot read the lists of keys", err)
	}
	plan := planOptions{GitHub: o.GitHub, Public: o.Public, Private: o.Private}
	told, err := d.look(ctx, &i.audit, plan)
	if err != nil {
		return err
	}
	c, err := named(hygiene.Cases(inv, i.found, d.prints.Salt()), o.Key)
	if err != nil {
		return err
	}
	t := d.target(c)
	for _, h := range d.all {
		if h.Open() && t.Fingerprint != "" && h.Key.Fingerprint == t.Fingerprint {
			return wrongUsage(fmt.Sprintf("it was handed over to %s already, until %s", report.Clean(h.To), h.Due.UTC().Format(shownTime)), "qleaks handoff --check asks whether it is done")
		}
	}
	x, err := i.reachOf(ctx, c, told, plan)
	if err != nil {
		return err
	}
	h, err := remediate.NewHandoff(d.env.Now(), d.actor(), o.To, t, x, o.Within)
	if err != nil {
		return wrongUsage(err.Error())
	}
	if err := d.keep(h, "hand off"); err != nil {
		return err
	}
	return d.write(h, o)
}

// write writes the letter.
func (d *handoffs) write(h remediate.Handoff, o handoffOptions) error {
	o.Output.Color, o.Output.Format = colorNever, "text"
	out, err := o.Output.open(d.env)
	if err != nil {
		return err
	}
	if o.Output.JSON {
		var text []byte
		if text, err = h.JSON(); err == nil {
			_, err = out.Write(text)
		}
	} else {
		err = h.Letter(out)
	}
	if err := errors.Join(err, out.finish()); err != nil {
		return err
	}
	d.say.hint("send the letter to %s; nothing was sent from here", report.Clean(h.To))
	d.say.hint("to ask whether it is done: qleaks handoff --check --scan PATH")
	return nil
}

// target is what is known of the key.
func (d *handoffs) target(c *hygiene.Case) remediate.Target {
	k := c.Key()
	status, asked := c.Status()
	t := remediate.Target{
		Provider: c.Provider, ID: k.ID, Name: k.Name, Kind: k.Kind, Owner: k.Owner, Project: k.Project,
		Facts: remediate.Facts{AsOf: d.env.Now().UTC(), Status: status, Asked: asked.UTC(), AccountID: k.Account.ID, Use: k.Use, Created: k.Dates.Created, Slots: -1},
	}
	if len(c.Fingerprints) > 0 {
		t.Fingerprint, t.Salt = c.Fingerprints[0], d.prints.Salt()
	}
	return t
}

// stateOf is where a handoff stands.
func stateOf(h remediate.Handoff, now time.Time) string {
	switch {
	case !h.Open():
		return "refused since " + h.Proved.UTC().Format(shownTime)
	case now.After(h.Due):
		return "overdue"
	}
	return "open"
}

func (d *handoffs) list(o handoffOptions) error {
	if o.Output.JSON {
		e := json.NewEncoder(d.env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"asOf": d.env.Now().UTC(), "handoffs": append([]remediate.Handoff{}, d.all...)})
	}
	if len(d.all) == 0 {
		_, err := fmt.Fprintln(d.env.Stdout, "Nothing was handed over.")
		return err
	}
	for _, h := range d.all {
		text := stateOf(h, d.env.Now())
		if h.Why != "" && h.Open() {
			text += "; " + h.Why
		}
		if _, err := fmt.Fprintf(d.env.Stdout, "%s  %s  to %s  until %s  %s\n", h.ID, report.Clean(h.Key.Called()), report.Clean(h.To), h.Due.UTC().Format(shownTime), report.Clean(text)); err != nil {
			return err
		}
	}
	return nil
}

// check asks whether the keys that were handed over are refused.
func (d *handoffs) check(ctx context.Context, o handoffOptions) error {
	if len(o.Scan) == 0 {
		o.Scan = []string{"."}
	}
	open := slices.ContainsFunc(d.all, remediate.Handoff.Open)
	if open {
		if _, err := d.look(ctx, &audit{env: d.env, options: auditOptions{Scan: o.Scan, Talking: o.Talking}, say: d.say}, planOptions{}); err != nil {
			return err
		}
	}
	left := 0
	for i := range d.all {
		h := &d.all[i]
		if !h.Open() {
			continue
		}
		if err := d.ask(ctx, h); err != nil {
			return err
		}
		if h.Open() {
			left++
		}
	}
	if err := d.list(o); err != nil {
		return err
	}
	if left > 0 {
		d.say.hint("where a deadline is over: an administrator of IBM's account can suspend a key (qleaks revoke); else the provider helps")
		return exitStatusError(exitPartly)
	}
	return nil
}

// ask asks a provider about one key.
func (d *handoffs) ask(ctx context.Context, h *remediate.Handoff) error {
	v, ok := d.values[h.Key.Fingerprint]
	if !ok {
		h.Why = "its value was not found again: --scan says where it is"
		return nil
	}
	access, err := d.access.withAccounts(d.accounts)
	if err != nil {
		return err
	}
	clients, err := access.clients(ctx, d.env, []string{h.Key.Provider}, d.say, d.log)
	if err != nil || len(clients[h.Key.Provider]) == 0 {
		return couldNot(title(h.Key.Provider)+" cannot be asked", err)
	}
	d.say.note("asking %s about %s", title(h.Key.Provider), report.Clean(h.Key.Called()))
	how, why, alive, err := remediate.ProveRefused(ctx, clients[h.Key.Provider][0].Client, h.Key, v)
	switch {
	case ctx.Err() != nil:
		return exitStatusError(exitInterrupted)
	case err != nil:
		why = err.Error()
	case alive:
		why = "the provider accepts it"
	}
	h.Asked, h.Why = d.env.Now().UTC().Truncate(time.Second), why
	if how == "" {
		return d.keep(*h, "ask whether it is refused")
	}
	h.Proved, h.How, h.Why = h.Asked, how, ""
	return d.keep(*h, "prove refused")
}
