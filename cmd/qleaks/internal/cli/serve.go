package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/sourcegraph/conc/pool"
	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/web"
	webaccess "github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/internal/web/pages"
	"github.com/qleaks/qleaks/internal/web/trace"
	"github.com/qleaks/qleaks/internal/web/webhook"
	"github.com/qleaks/qleaks/remediate"
)

type serveOptions struct {
	Reach    serveReach
	OIDC     oidcOptions
	Limits   web.Limits
	Approval string
	Webhook  string
	LogForm  string
	Database databaseOptions
	Working  workerOptions
	Talking  talkOptions
	// onlyServe works on no sweeps.
	onlyServe bool
	webhook   credential.Reference
}

func newServeCommand(env Env) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show in a browser what sweeps found, and work on them",
		Long: `One process serves the dashboard and the API, and works on sweeps. The first time it
tells an address at which you make the first administrator. It listens to this
machine only; for others, give it a certificate or put a proxy before it:
docs/serve.md.

Roles: a viewer looks, a triager decides about findings and starts sweeps, an
approver approves plans, an admin changes users and schedules.`,
		Example: `  qleaks serve                              for yourself: http://127.0.0.1:7475
  qleaks serve --workers 0                  only serve; workers run elsewhere
  qleaks serve --listen :8443 --url https://qleaks.example:8443 --tls-cert cert.pem --tls-key key.pem
  qleaks serve --listen :7475 --url https://qleaks.example --behind-proxy
  qleaks serve user add grace --role approver`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			_, given := origins["workers"]
			o.onlyServe = given && o.Working.Workers == 0
			return runServe(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addReachOfServer(cmd, &o.Reach)
	addOIDCFlags(cmd, &o.OIDC)
	f.StringVar(&o.Approval, "approval-key", "", "sign approvals of plans with the SSH key of this `FILE`, without a passphrase, as this server")
	f.StringVar(&o.Webhook, "webhook-secret", "", "take GitHub's webhooks, signed with the secret of this `REFERENCE`: env:NAME, file:PATH and others")
	f.Float64Var(&o.Limits.Rate, "rate", 50, "let one address ask `N` times a second in the long run; -1 for any number")
	f.StringVar(&o.LogForm, "log", "", "write what was asked to standard error: `text, json or off` (default: off on a terminal, else text)")
	addDatabaseFlag(cmd, &o.Database)
	addWorkerFlags(cmd, &o.Working)
	f.Lookup("workers").Usage = "read `N` repositories at once; 0 only serves (default: what CPUs and memory allow)"
	addTalkFlags(cmd, &o.Talking)
	cmd.AddCommand(newServeUserCommand(env))
	return cmd
}

func (o *serveOptions) validate() error {
	if o.onlyServe {
		o.Working.Workers = 1 // what is counted, and not used
	}
	if err := o.Working.validate(); err != nil {
		return err
	}
	switch o.LogForm {
	case "", "text", "json", "off":
	default:
		return wrongUsage(fmt.Sprintf("--log %q: it is text, json or off", clipped(o.LogForm)))
	}
	if o.Webhook != "" {
		var err error
		if o.webhook, err = credential.Parse(o.Webhook); err != nil {
			return wrongUsage("--webhook-secret: "+err.Error(), "--webhook-secret env:QLEAKS_GITHUB_WEBHOOK")
		}
	}
	if err := o.Reach.validate(); err != nil {
		return err
	}
	return o.OIDC.validate(o.Reach.address())
}

// logger writes what the server was asked.
func (o *serveOptions) logger(env Env) *slog.Logger {
	form := o.LogForm
	if form == "" {
		if form = "text"; env.isTerminal(env.Stderr) {
			form = "off"
		}
	}
	if o.Talking.Verbose && form == "off" {
		form = "text"
	}
	switch form {
	case "json":
		return slog.New(slog.NewJSONHandler(env.Stderr, nil))
	case "text":
		return slog.New(slog.NewTextHandler(env.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// service is a server and what it works with.
type service struct {
	env     Env
	options serveOptions
	say     messages
	log     *slog.Logger
	store   *records.Store
	sweeps  *sweep.Desk
	gate    *webaccess.Gate
	desk    *desk.Desk
	// hooks takes GitHub's messages; nil where there is no secret for them.
	hooks *webhook.Receiver
	// traces are sent to a collector; nil where none is named.
	traces *trace.Tracer
}

func runServe(ctx context.Context, env Env, o serveOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	certificates, err := o.Reach.certificates()
	if err != nil {
		return err
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	s := &service{env: env, options: o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}, log: o.logger(env), store: store}
	server, err := s.server()
	if err != nil {
		return couldNot("cannot serve", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Reach.Listen)
	if err != nil {
		return couldNot("cannot listen at "+o.Reach.Listen, rootCause(err), "another process may: --listen 127.0.0.1:0 takes a free port")
	}
	if err := s.welcome(ctx, l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	return s.run(ctx, server, l, certificates)
}

// run serves and works until one of them ends.
func (s *service) run(ctx context.Context, server *web.Server, l net.Listener, certificates *tls.Config) error {
	var worker *sweep.Worker
	if !s.options.onlyServe {
		var err error
		s.options.Working.stays = true
		if worker, err = s.options.Working.worker(ctx, s.env, s.options.Talking, s.store); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	both := pool.New().WithErrors().WithContext(ctx).WithCancelOnError().WithFirstError()
	both.Go(func(ctx context.Context) error {
		if err := server.Serve(ctx, l, certificates); err != nil {
			return couldNot("the server broke off", err)
		}
		return nil
	})
	if s.hooks != nil {
		both.Go(func(ctx context.Context) error {
			s.hooks.Run(ctx)
			return nil
		})
	}
	if s.traces != nil {
		both.Go(func(ctx context.Context) error {
			s.traces.Run(ctx)
			return nil
		})
	}
	if worker != nil {
		both.Go(func(ctx context.Context) error {
			if err := worker.Run(ctx); err != nil {
				return couldNot("the worker broke off", err)
			}
			return nil
		})
	}
	return both.Wait()
}

// server puts together what answers.
func (s *service) server() (*web.Server, error) {
	var err error
	if s.sweeps, err = sweep.NewDesk(s.store); err != nil {
		return nil, err
	}
	gate := webaccess.Options{Store: s.store, Secure: s.options.Reach.secure(), Log: s.log}
	if gate.Provider, err = s.options.OIDC.provider(s.env, s.options.Reach.address()); err != nil {
		return nil, err
	}
	if s.gate, err = webaccess.NewGate(gate); err != nil {
		return nil, err
	}
	policy := func() (remediate.Policy, error) {
		_, p, err := loadPolicy(s.env, s.options.Working.Config)
		return p, err
	}
	s.desk = &desk.Desk{
		Store: s.store, Sweeps: s.sweeps,
		Request: func(r sweep.Request) (sweep.Request, error) { return serverRequest(s.env, r) },
		Signers: func() (remediate.Signers, error) {
			p, err := policy()
			return p.Signers, err
		},
	}
	if s.options.Approval != "" {
		if s.desk.Sign, err = approvalSigner(s.options.Approval); err != nil {
			return nil, err
		}
	}
	v := thisVersion()
	about := pages.About{Version: strings.TrimSpace(v.Version + " " + v.Revision), Database: "a file"}
	if s.store.SQL() == nil {
		about.Database = "PostgreSQL"
	}
	dashboard, err := pages.New(pages.Options{Store: s.store, Sweeps: s.sweeps, Gate: s.gate, Desk: s.desk, Policy: policy, About: about, Log: s.log})
	if err != nil {
		return nil, err
	}
	routes := (&api.API{Desk: s.desk, Gate: s.gate, Log: s.log}).Routes()
	if !s.options.webhook.IsZero() {
		s.hooks = webhook.New(webhook.Options{Store: s.store, Sweeps: s.sweeps, Log: s.log, Secret: func(ctx context.Context) (secret.Value, error) {
			return fetch(ctx, s.env, s.options.webhook, ".")
		}})
		routes = append(routes, s.hooks.Routes()...)
	}
	o := web.Options{
		Store: s.store, Gate: s.gate, Routes: append(routes, dashboard.Routes()...), Refuse: dashboard.Refuse,
		Reach: s.options.Reach.reach(), Limits: s.options.Limits, Version: about.Version, Log: s.log,
	}
	if s.traces, err = trace.New(s.env.Getenv, about.Version, s.log); err != nil {
		return nil, err
	}
	if s.traces != nil {
		o.Tracer = s.traces
	}
	return web.New(o)
}

// serverRequest checks what somebody wants to have swept by the server.
func serverRequest(env Env, r sweep.Request) (sweep.Request, error) {
	if !isGitHub(r.Target) && !strings.HasPrefix(r.Target, "/") && !isDirectory(r.Target) {
		return r, errors.New("the target is a directory of this server, from / on, or github:OWNER")
	}
	return sweepRequest(env, r.Target, r.Again, r.Steps)
}

// welcome says where the server is, and to whom it is new how to begin.
func (s *service) welcome(ctx context.Context, at net.Addr) error {
	address := s.options.Reach.URL
	if address == "" {
		address = "http://" + at.String()
		if s.options.Reach.Certificate != "" {
			address = "https://" + at.String()
		}
	}
	address = strings.TrimSuffix(address, "/")
	token, err := s.gate.OpenSetUp(ctx)
	if err != nil {
		return couldNot("cannot read the users", err)
	}
	if token == "" {
		s.say.note("serving at %s; Ctrl-C ends it", address)
		return nil
	}
	// Told whatever --quiet says: without it nobody comes in.
	messages{w: s.env.Stderr}.note("serving at %s; Ctrl-C ends it", address)
	messages{w: s.env.Stderr}.note("make the first administrator, once, within an hour: %s", address+pages.SetUpAddress(token))
	return nil
}
