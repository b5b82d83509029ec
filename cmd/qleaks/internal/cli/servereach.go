package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/hiddeco/sshsig"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/web"
	webaccess "github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/remediate"
)

// serveReach says how browsers reach the server.
type serveReach struct {
	Listen, URL      string
	Certificate, Key string
	Proxy            bool
}

func addReachOfServer(cmd *cobra.Command, o *serveReach) {
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:7475", "listen at this `ADDRESS`")
	f.StringVar(&o.URL, "url", "", "the `ADDRESS` that people open, such as https://qleaks.example")
	f.StringVar(&o.Certificate, "tls-cert", "", "serve by TLS with the certificate chain of this `FILE`, in PEM")
	f.StringVar(&o.Key, "tls-key", "", "the `FILE` with its key, in PEM")
	f.BoolVar(&o.Proxy, "behind-proxy", false, "a proxy stands before the server, speaks TLS with browsers, and tells in X-Forwarded-For where they are")
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (o serveReach) validate() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return wrongUsage(fmt.Sprintf("--listen %q: it is an address with a port", clipped(o.Listen)), "such as 127.0.0.1:7475, or :7475 for all networks of this machine")
	}
	if (o.Certificate == "") != (o.Key == "") {
		return wrongUsage("--tls-cert and --tls-key go together")
	}
	if o.Certificate != "" && o.Proxy {
		return wrongUsage("--behind-proxy is for a proxy that speaks TLS itself: leave out --tls-cert")
	}
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return wrongUsage("--url: it is an address without a path, such as https://qleaks.example")
		}
		if u.Scheme == "http" && !isLoopback(u.Hostname()) {
			return wrongUsage("--url: passwords would come over the network in the clear: it must be an https:// address")
		}
	}
	if isLoopback(host) {
		return nil
	}
	if o.Certificate == "" && !o.Proxy {
		return wrongUsage("--listen "+clipped(o.Listen)+" can be reached by others, and without TLS passwords would come in the clear",
			"with a certificate: --tls-cert FILE --tls-key FILE", "behind a proxy that speaks TLS: --behind-proxy", "for this machine only: --listen 127.0.0.1:7475")
	}
	if o.URL == "" {
		return wrongUsage("a server that others reach needs the address that they open", "--url https://qleaks.example")
	}
	return nil
}

// address is what people open, for links back.
func (o serveReach) address() string {
	if o.URL != "" {
		return o.URL
	}
	if o.Certificate != "" {
		return "https://" + o.Listen
	}
	return "http://" + o.Listen
}

func (o serveReach) secure() bool {
	return o.Certificate != "" || strings.HasPrefix(o.URL, "https://")
}

func (o serveReach) reach() web.Reach {
	r := web.Reach{URL: o.URL, Proxy: o.Proxy, Secure: o.secure()}
	if host, _, err := net.SplitHostPort(o.Listen); err == nil && host != "" {
		r.Hosts = []string{host}
	}
	return r
}

// certificates are nil without TLS.
func (o serveReach) certificates() (*tls.Config, error) {
	if o.Certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.Certificate, o.Key)
	if err != nil {
		return nil, couldNot("cannot read the certificate, or its key", rootCause(err))
	}
	return web.TLS(pair), nil
}

// oidcOptions say who else says who somebody is.
type oidcOptions struct {
	Issuer, Client, Secret, Claim string
	Roles                         []string
	roles                         map[string]webaccess.Role
	secret                        credential.Reference
}

func addOIDCFlags(cmd *cobra.Command, o *oidcOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Issuer, "oidc-issuer", "", "let people sign in by the identity provider at this `ADDRESS` (OpenID Connect)")
	f.StringVar(&o.Client, "oidc-client", "", "the `ID` that it gave this server")
	f.StringVar(&o.Secret, "oidc-secret", "", "where the secret is that it gave with it, a `REFERENCE`: env:NAME, file:PATH and others")
	f.StringVar(&o.Claim, "oidc-claim", "groups", "the `CLAIM` with somebody's groups, such as realm_access.roles")
	f.StringArrayVar(&o.Roles, "oidc-role", nil, "give who is in a group a role, `GROUP=ROLE`; may be repeated")
}

func (o *oidcOptions) validate(server string) (err error) {
	if o.Issuer == "" {
		if o.Client != "" || o.Secret != "" || len(o.Roles) > 0 {
			return wrongUsage("--oidc-client, --oidc-secret and --oidc-role are for --oidc-issuer")
		}
		return nil
	}
	o.roles = map[string]webaccess.Role{}
	for _, word := range o.Roles {
		i := strings.LastIndexByte(word, '=')
		if i < 1 {
			return wrongUsage(fmt.Sprintf("--oidc-role %q: it is GROUP=ROLE", clipped(word)), "--oidc-role quantum-security=approver")
		}
		role, err := webaccess.ParseRole(word[i+1:])
		if err != nil {
			return wrongUsage("--oidc-role: " + err.Error())
		}
		o.roles[word[:i]] = role
	}
	if o.Secret != "" {
		if o.secret, err = credential.Parse(o.Secret); err != nil {
			return wrongUsage("--oidc-secret: " + err.Error())
		}
	}
	if err := o.asked(server).Validate(); err != nil {
		return wrongUsage("--oidc-issuer: "+err.Error(), "qleaks serve --help, and docs/serve.md")
	}
	return nil
}

func (o *oidcOptions) asked(server string) webaccess.ProviderOptions {
	return webaccess.ProviderOptions{Issuer: o.Issuer, ClientID: o.Client, Server: server, Claim: o.Claim, Roles: o.roles}
}

func (o *oidcOptions) provider(env Env, server string) (*webaccess.Provider, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	asked := o.asked(server)
	if !o.secret.IsZero() {
		asked.Secret = func(ctx context.Context) (secret.Value, error) { return fetch(ctx, env, o.secret, ".") }
	}
	return webaccess.NewProvider(asked)
}

// approvalSigner signs texts of approvals with a key of OpenSSH.
func approvalSigner(name string) (func(text []byte) ([]byte, error), error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the key for approvals: %w", rootCause(err))
	}
	defer f.Close()
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, fmt.Errorf("the key for approvals: %w", rootCause(err))
	}
	defer clear(text)
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, errors.New("the key for approvals is none of OpenSSH without a passphrase: ssh-keygen -t ed25519 -N ''")
	}
	return func(text []byte) ([]byte, error) {
		signature, err := sshsig.Sign(bytes.NewReader(text), key, sshsig.HashSHA512, remediate.ApprovalNamespace)
		if err != nil {
			return nil, err
		}
		return sshsig.Armor(signature), nil
	}, nil
}
