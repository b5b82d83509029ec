package cli

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
)

// networkOptions say how providers are asked, and as whom. None of it is ever
// read from a file: what is scanned could have written that.
type networkOptions struct {
	Endpoints   []string
	Credentials []string
	Proxy       string
	LoginCheck  bool
	// Accounts are those of files as which providers are asked; none are all.
	Accounts []string
}

func addNetworkFlags(cmd *cobra.Command, o *networkOptions) {
	addReachFlags(cmd, o)
	cmd.Flags().BoolVar(&o.LoginCheck, "login-check", false, "let a found key log in where nothing else tells (IBM); the provider counts that as use")
}

// addReachFlags adds the flags that say how providers are asked with a
// credential of the operator's.
func addReachFlags(cmd *cobra.Command, o *networkOptions) {
	f := cmd.Flags()
	f.StringArrayVar(&o.Credentials, "credential", nil, "ask a provider as yourself, such as `ibm=env:NAME`: the variable holds your key; or keychain:NAME and others, see qleaks keys --help. May be repeated")
	f.StringArrayVar(&o.Endpoints, "endpoint", nil, "ask elsewhere than at the provider's own host, such as `ionq=URL` or ibm.iam=URL: a simulator, a private endpoint. May be repeated")
	f.StringVar(&o.Proxy, "proxy", "", "send requests through the proxy at `URL`; those of other programs' variables are not used")
}

// addAccountFlag adds the flag that chooses between accounts.
func addAccountFlag(cmd *cobra.Command, o *networkOptions) {
	cmd.Flags().StringSliceVar(&o.Accounts, "account", nil, "of the accounts that you have at a provider, ask as this one: the `NAME` of [accounts.NAME]; may be repeated")
}

// access is whom to ask, and as whom, as the operator says.
type access struct {
	options networkOptions
	// origins are the operator's, by provider and service; references say where
	// credentials are kept, by provider.
	origins    map[string]map[string]string
	references map[string]credential.Reference
	// accounts are whom providers are asked as where no reference says it, in
	// order.
	accounts map[string][]account
	// told are the sentences about unusual places that were said.
	told *sync.Map
}

// access checks the options, without fetching anything.
func (o networkOptions) access() (access, error) {
	a := access{options: o, origins: map[string]map[string]string{}, references: map[string]credential.Reference{}, told: &sync.Map{}}
	for _, text := range separated(o.Endpoints) {
		if err := a.addEndpoint(text); err != nil {
			return a, err
		}
	}
	for _, text := range separated(o.Credentials) {
		name, reference, ok := strings.Cut(text, "=")
		if !ok {
			// The text may be the credential itself.
			return a, wrongUsage("--credential is PROVIDER=REFERENCE, such as ibm=env:NAME")
		}
		if _, err := kitNamed("--credential", name); err != nil {
			return a, err
		}
		at, err := credential.Parse(reference)
		if err != nil {
			return a, wrongUsage("--credential holds a reference to a credential, never the credential: "+err.Error(), "the forms are "+credential.Forms)
		}
		a.references[name] = at
	}
	return a, nil
}

// separated takes lists apart, which variables hold: a comma ends an entry only
// where another provider follows. No error of it could tell what a person wrote
// there by mistake.
func separated(lists []string) (entries []string) {
	begins := func(text string) bool {
		name, _, _ := strings.Cut(text, "=")
		name, _, _ = strings.Cut(name, ".")
		_, ok := askable(strings.TrimSpace(name))
		return ok
	}
	for _, list := range lists {
		for i, part := range strings.Split(list, ",") {
			if i > 0 && !begins(part) {
				entries[len(entries)-1] += "," + part
				continue
			}
			entries = append(entries, strings.TrimSpace(part))
		}
	}
	return entries
}

func (a *access) addEndpoint(text string) error {
	name, at, ok := strings.Cut(text, "=")
	if !ok {
		return wrongUsage("--endpoint is PROVIDER=URL or PROVIDER.SERVICE=URL, such as ionq=http://127.0.0.1:8080/v0.4")
	}
	name, service, _ := strings.Cut(name, ".")
	kit, err := kitNamed("--endpoint", name)
	if err != nil {
		return err
	}
	var services []string
	for _, s := range kit.Services {
		services = append(services, s.Name)
	}
	if service == "" && len(services) == 1 {
		service = services[0]
	}
	if !slices.Contains(services, service) {
		return wrongUsage(fmt.Sprintf("--endpoint %s needs a service", name), "the services are: "+name+"."+strings.Join(services, ", "+name+"."))
	}
	if u, err := url.Parse(at); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return wrongUsage(fmt.Sprintf("--endpoint %s.%s: a URL is https://, a host and a path, nothing else", name, service))
	}
	if !httpx.Encrypted(at) && !httpx.Loopback(at) {
		return wrongUsage(fmt.Sprintf("--endpoint %s.%s: keys do not go over plain HTTP to another machine", name, service), "use https://, or an address of this machine such as http://127.0.0.1:8080")
	}
	if a.origins[name] == nil {
		a.origins[name] = map[string]string{}
	}
	a.origins[name][service] = at
	return nil
}

// kitNamed is a provider, or GitHub, that can be asked.
func kitNamed(flag, name string) (provider.Kit, error) {
	kit, ok := askable(name)
	if ok {
		return kit, nil
	}
	names := append(providerNames(), github.Kit().Name)
	return kit, wrongUsage(fmt.Sprintf("%s: there is no provider %q that can be asked", flag, clipped(name)), "the providers are: "+strings.Join(names, ", "))
}

// askable is whom the flags about requests can name: the providers, and GitHub,
// which issues none of their keys.
func askable(name string) (provider.Kit, bool) {
	if kit := github.Kit(); kit.Name == name {
		return kit, true
	}
	return all.Named(name)
}

// clipped keeps what may be a key in the wrong place from being shown.
func clipped(text string) string {
	const most = 16
	if len(text) > most {
		return "…"
	}
	return text
}
