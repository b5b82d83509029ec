package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/verify"
)

// validateExplained says in which formats a preview is.
func (o *verifyOptions) validateExplained(format string) error {
	if o.Explain && format != defaultFormat && format != "json" {
		return wrongUsage("--explain-network is text or json", "its form: qleaks schema requests")
	}
	return nil
}

// explain lists what would be sent.
func (a asker) explain(w io.Writer, plan verify.Plan, format string) error {
	a, err := a.withAccounts()
	if err != nil {
		return err
	}
	keeper, err := a.newKeeper(plan.Providers())
	if err != nil {
		return err
	}
	preview := plan.Preview()
	requests := map[string][]verify.Request{}
	for _, name := range plan.Providers() {
		kit, ok := all.Named(name)
		if !ok {
			continue
		}
		accounts := a.options.access.accounts[name]
		asked := verify.Requests(kit, a.options.access.preview(kit), a.options.Identify, plan.Count(name), len(accounts))
		requests[name] = append(a.listings(keeper, name), asked...)
		one := verify.PreviewProvider{Provider: name, Keys: plan.Count(name), Requests: []verify.PreviewRequest{}}
		for _, r := range requests[name] {
			one.Requests = append(one.Requests, r.Preview())
		}
		for _, account := range accounts {
			one.Accounts = append(one.Accounts, account.name)
		}
		preview.Providers = append(preview.Providers, one)
	}
	if format == "json" {
		return writeIndented(w, preview)
	}
	return writePreview(w, preview, requests)
}

// writePreview is the preview for people.
func writePreview(w io.Writer, preview verify.Preview, requests map[string][]verify.Request) error {
	var b strings.Builder
	for _, p := range preview.Providers {
		fmt.Fprintf(&b, "%s, about %s:\n", title(p.Provider), plural(p.Keys, "key"))
		if len(p.Requests) == 0 {
			b.WriteString("  nothing: it is asked with a credential of yours (--credential " + p.Provider + "=env:NAME), or by a login of the key (--login-check)\n")
		}
		explainRequests(&b, requests[p.Provider])
		b.WriteByte('\n')
	}
	withheld := 0
	for _, reason := range preview.Withheld {
		withheld += reason.Keys
	}
	if withheld > 0 {
		fmt.Fprintf(&b, "Sent to nobody, %s:\n", plural(withheld, "key"))
		for _, reason := range preview.Withheld {
			fmt.Fprintf(&b, "  %s: %d\n", report.Clean(reason.Reason), reason.Keys)
		}
		b.WriteByte('\n')
	}
	b.WriteString("Nothing was sent.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// listings are the requests with which a list of keys is kept beforehand.
func (a asker) listings(s verify.Snapshotter, name string) []verify.Request {
	k, ok := s.(keeper)
	kit, known := all.Named(name)
	if !ok || !known || k.count(name) == 0 {
		return nil
	}
	return verify.Listings(kit, a.options.access.preview(kit), k.count(name))
}

// explainRequests writes each request once, with everything that it is for.
func explainRequests(b *strings.Builder, requests []verify.Request) {
	written := map[string]bool{}
	for _, r := range requests {
		line := r.Method + " " + r.URL
		if written[line] {
			continue
		}
		written[line] = true
		fmt.Fprintf(b, "  %s\n", report.Clean(line))
		for _, same := range requests {
			if same.Method+" "+same.URL == line {
				fmt.Fprintf(b, "      %s, %s: carries %s\n", same.Purpose, often(same), holders(same))
			}
		}
	}
}

func holders(r verify.Request) string {
	var words []string
	for _, h := range r.Holds {
		words = append(words, string(h))
	}
	return strings.Join(words, " and ")
}

func often(r verify.Request) string {
	text := "at most once for each of " + plural(r.Keys, "key")
	switch r.Keys {
	case verify.AsNeeded:
		text = "as often as needed"
	case 0:
		text = "at most once a minute"
	case 1:
		text = "at most once"
	}
	if r.Accounts > 1 {
		text += ", with each of " + plural(r.Accounts, "credential")
	}
	return text
}
