package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/textpage"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	// Config is a file whose accounts and stores count instead of one's own.
	Config string
	JSON   bool
	// Resolve fetches credentials, to see that they can be had.
	Resolve bool
	// Ask reaches providers, without any credential.
	Ask     bool
	Color   string
	Network networkOptions
	Talking talkOptions
}

// health says how one thing stands.
type health string

const (
	// healthy: as it should be.
	healthy health = "ok"
	// improvable: works, and could do more.
	improvable health = "note"
	// untold: it was not looked at, or nobody could say.
	untold health = "unknown"
	// ailing: something does not work, or is dangerous.
	ailing health = "problem"
)

// checkup is what was seen of one thing.
type checkup struct {
	Name  string `json:"name"`
	State health `json:"state"`
	Says  string `json:"says"`
	// Do is what to do next, in commands and sentences.
	Do []string `json:"do,omitempty"`
}

func newDoctorCommand(env Env) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is in place, and what to do where it is not",
		Long: `It looks at the program, Git and the repository, the hooks, the configuration, who
can read and write what qleaks keeps, the ledger, your accounts and their
credentials, and the browser for consoles.

Nothing is changed, and nobody is asked: of a credential only its place is looked at,
and clocks are compared only with --network, which sends each provider a request
without any key. --resolve fetches credentials, and shows none.

Each line begins with
  ok        as it should be
  note      works, and could do more
  unknown   nobody looked, or nobody could say
  problem   does not work, or is dangerous

Exit codes: 0 no problem · 1 a problem · 2 wrong command line or configuration`,
		Example: `  qleaks doctor
  qleaks doctor --network        also: can providers be reached, is the clock right
  qleaks doctor --resolve        also: can credentials be had
  qleaks doctor --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runDoctor(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.Ask, "network", false, "reach each provider, without a credential, and compare the clock with its")
	f.BoolVar(&o.Resolve, "resolve", false, "fetch each credential, to see whether it can be had; programs may ask you to unlock them")
	f.BoolVar(&o.JSON, "json", false, "as JSON")
	f.StringVar(&o.Config, "config", "", "the accounts and stores of `FILE`, instead of those of your own configuration")
	f.StringVar(&o.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
	return cmd
}

func runDoctor(ctx context.Context, env Env, o doctorOptions) error {
	access, err := o.Network.access()
	if err != nil {
		return err
	}
	if colors := []string{colorAuto, colorAlways, colorNever}; !slices.Contains(colors, o.Color) {
		return wrongUsage(fmt.Sprintf("--color %q is not one of %s", clipped(o.Color), strings.Join(colors, ", ")))
	}
	d := doctor{env: env, options: o, access: access}
	for _, look := range []func(context.Context) []checkup{
		d.program, d.git, d.guards, d.configuration, d.places, d.ledger, d.accounts, d.stores, d.remediations, d.console, d.network,
	} {
		d.seen = append(d.seen, look(ctx)...)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if err := d.write(); err != nil {
		return fmt.Errorf("write what was seen: %w", err)
	}
	if d.count(ailing) > 0 {
		return exitStatusError(exitFindings)
	}
	return nil
}

// doctor looks at one thing after the other.
type doctor struct {
	env     Env
	options doctorOptions
	access  access
	// known are the accounts, once they were looked at.
	known []account
	seen  []checkup
}

func (d *doctor) count(state health) (n int) {
	for _, c := range d.seen {
		if c.State == state {
			n++
		}
	}
	return n
}

// sentence is what all of it comes to.
func (d *doctor) sentence() string {
	text := "Everything is in place."
	if n := d.count(ailing); n > 0 {
		text = plural(n, "problem") + "."
	} else if d.count(improvable)+d.count(untold) > 0 {
		text = "No problem."
	}
	if n := d.count(untold); n > 0 {
		text += " " + plural(n, "thing") + " not known."
	}
	return text
}

func (d *doctor) write() error {
	if d.options.JSON {
		e := json.NewEncoder(d.env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"format": "qleaks-doctor/1", "asOf": d.env.Now().UTC(), "problems": d.count(ailing), "unknown": d.count(untold), "checks": d.seen})
	}
	width, terminal := d.env.Terminal(d.env.Stdout)
	if !terminal {
		width = math.MaxInt // the page knows how wide is too wide
	}
	output := outputOptions{Format: defaultFormat, Color: d.options.Color}
	page := textpage.New(width, output.colors(d.env))
	const column = 14
	for _, c := range d.seen {
		style := textpage.Plain
		if c.State == ailing {
			style = textpage.Red
		}
		page.Wrapped(style, fmt.Sprintf("%-9s%-*s ", c.State, column, c.Name), c.Says)
		for _, do := range c.Do {
			page.Wrapped(textpage.Plain, strings.Repeat(" ", len(ailing)+2)+strings.Repeat(" ", column+1)+"→ ", do)
		}
	}
	page.Gap()
	page.Line(textpage.Bold, d.sentence())
	_, err := d.env.Stdout.Write(page.Bytes())
	return err
}
