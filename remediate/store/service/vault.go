package service

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// isPath reports whether a text can be the path of a secret.
func isPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if strings.Trim(part, ".") == "" {
			return false
		}
	}
	return true
}

// vaultKind is HashiCorp Vault's and OpenBao's KV, version 2: they answer alike.
func vaultKind() store.Kind {
	return store.Kind{
		Name: "vault", Title: "Vault or OpenBao", Traits: store.Traits{Reads: true, Compares: true, Versions: true},
		Settings: []store.Setting{
			{Name: "address", Means: "where it is, such as https://vault.example.org:8200", Required: true, Valid: isAddress},
			{Name: "path", Means: "the path of the secret below the mount", Required: true, Valid: isPath},
			{Name: "field", Means: "the field of the secret; without it value", Valid: func(text string) bool { return fieldShape().MatchString(text) }},
			{Name: "mount", Means: "where the KV engine of version 2 is mounted; without it secret", Valid: isPath},
			{Name: "namespace", Means: "the namespace"},
			{Name: "credential", Means: "where the token is", Required: true, Reference: true},
		},
		Example: []string{`address = "https://vault.example.org:8200"`, `path = "quantum/ionq"`, `credential = "env:VAULT_TOKEN"`},
		Open: func(d store.Declaration, u store.Use) (store.Store, error) {
			r, err := newREST(d.Text("address"), u)
			v := &vault{declared: d, use: u, rest: r, mount: strings.Split(d.Or("mount", "secret"), "/"), path: strings.Split(d.Text("path"), "/"), field: d.Or("field", "value")}
			return vaultStore{store.Over(v, u), v}, err
		},
	}
}

// vault is a field of a secret.
type vault struct {
	declared    store.Declaration
	use         store.Use
	rest        rest
	mount, path []string
	field       string
}

// vaultStore can also be restored, and hand values to people.
type vaultStore struct {
	store.Store

	vault *vault
}

// content is a version of a secret.
type content struct {
	version int
	// data are its fields; nil if it was deleted.
	data map[string]any
}

func (v *vault) header(ctx context.Context) (http.Header, error) {
	token, err := fetch(ctx, v.declared, v.use, "credential")
	if err != nil {
		return nil, err
	}
	h := http.Header{"X-Vault-Token": {token.Reveal()}, "X-Vault-Request": {"true"}}
	if n := v.declared.Text("namespace"); n != "" {
		h.Set("X-Vault-Namespace", n)
	}
	return h, nil
}

func (v *vault) at(what string) []string {
	return append(append(append([]string{"v1"}, v.mount...), what), v.path...)
}

// load reads a version, 0 for the newest.
func (v *vault) load(ctx context.Context, version int) (content, error) {
	header, err := v.header(ctx)
	if err != nil {
		return content{}, err
	}
	q := question{method: http.MethodGet, path: v.at("data"), header: header, good: []int{http.StatusOK}}
	if version > 0 {
		q.query = url.Values{"version": {strconv.Itoa(version)}}
	}
	whole, answer, err := v.rest.ask(ctx, q)
	metadata := in(whole, "data", "metadata")
	if answer.Status == http.StatusNotFound && whole != nil && metadata == nil && version == 0 {
		if errs, ok := whole["errors"].([]any); ok && len(errs) == 0 {
			return content{}, nil // there is no such secret
		}
	}
	// A version that was deleted is "not found", too, and its number is told.
	if err != nil && (answer.Status != http.StatusNotFound || metadata == nil) {
		return content{}, asked(ctx, err)
	}
	number, _ := metadata["version"].(json.Number)
	n, err := strconv.Atoi(number.String())
	if err != nil || n < 1 || version > 0 && n != version {
		return content{}, asked(ctx, v.rest.unexpected(q))
	}
	return content{n, in(whole, "data", "data")}, nil
}

// Read implements store.Entry.
func (v *vault) Read(ctx context.Context) (store.Held, error) {
	c, err := v.load(ctx, 0)
	if err != nil {
		return store.Held{}, err
	}
	held := store.Held{Value: secret.New([]byte(text(c.data, v.field))), Mark: store.Absent, Whole: c}
	if c.version > 0 {
		held.Mark = "version " + strconv.Itoa(c.version)
	}
	return held, nil
}

// conflict is how the server says that the version is another.
const conflict = "check-and-set parameter did not match"

// Write implements store.Entry. What is there is patched, so that its other
// fields stay even if nobody may read them; who may not patch writes it whole.
func (v *vault) Write(ctx context.Context, value secret.Value, over store.Held) error {
	c, _ := over.Whole.(content)
	header, err := v.header(ctx)
	if err != nil {
		return err
	}
	options := map[string]any{"cas": c.version}
	q := question{method: http.MethodPost, path: v.at("data"), header: header, good: []int{http.StatusOK, http.StatusNoContent}}
	if c.data != nil {
		patch := q
		patch.method, patch.header = http.MethodPatch, header.Clone()
		patch.header.Set("Content-Type", "application/merge-patch+json")
		patch.body = map[string]any{"options": options, "data": map[string]any{v.field: value.Reveal()}}
		_, answer, err := v.rest.ask(ctx, patch)
		if answer.Status != http.StatusForbidden && answer.Status != http.StatusMethodNotAllowed {
			return compared(ctx, answer, err)
		}
	}
	data := maps.Clone(c.data)
	if data == nil {
		data = map[string]any{}
	}
	data[v.field] = value.Reveal()
	q.body = map[string]any{"options": options, "data": data}
	_, answer, err := v.rest.ask(ctx, q)
	return compared(ctx, answer, err)
}

func compared(ctx context.Context, answer httpx.Response, err error) error {
	if answer.Status == http.StatusBadRequest && strings.Contains(string(answer.Body), conflict) {
		return store.ErrChanged
	}
	return written(ctx, err)
}

// Restore implements store.Restorer: the field gets the value that it had in a
// version, in a new one.
func (s vaultStore) Restore(ctx context.Context, mark string) error {
	n, err := strconv.Atoi(strings.TrimPrefix(mark, "version "))
	if err != nil || n < 1 {
		return store.ErrNoPlace
	}
	old, err := s.vault.load(ctx, n)
	if err != nil {
		return err
	}
	value := secret.New([]byte(text(old.data, s.vault.field)))
	if value.IsZero() {
		return store.ErrNoPlace // it was deleted since
	}
	now, err := s.Check(ctx)
	if err != nil {
		return err
	}
	_, err = s.Put(ctx, value, now)
	return err
}

// Share implements store.Handoff with a response-wrapping token: whoever unwraps
// it gets the value, once.
func (s vaultStore) Share(ctx context.Context, value secret.Value, ttl time.Duration) (token, use string, err error) {
	if err := store.CheckValue(value); err != nil {
		return "", "", err
	}
	header, err := s.vault.header(ctx)
	if err != nil {
		return "", "", err
	}
	header.Set("X-Vault-Wrap-Ttl", strconv.Itoa(int(ttl.Seconds()))+"s")
	q := question{method: http.MethodPost, path: []string{"v1", "sys", "wrapping", "wrap"}, header: header, body: map[string]any{s.vault.field: value.Reveal()}, good: []int{http.StatusOK}}
	whole, _, err := s.vault.rest.ask(ctx, q)
	if err != nil {
		return "", "", asked(ctx, err)
	}
	token = text(in(whole, "wrap_info"), "token")
	if !tokenShape().MatchString(token) || value.In(token) {
		return "", "", asked(ctx, s.vault.rest.unexpected(q))
	}
	return token, "VAULT_ADDR=" + s.vault.rest.Origin() + " vault unwrap -field=" + s.vault.field, nil
}

// tokenShape is what tokens look like: one line that no terminal obeys.
var tokenShape = expression.Lazy(`^[A-Za-z0-9._-]{8,500}$`)

var fieldShape = expression.Lazy(`^[A-Za-z0-9._-]{1,100}$`)
