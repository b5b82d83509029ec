package service

import (
	"context"
	"net/http"
	"net/url"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

var secretID = expression.Lazy(`^[A-Za-z0-9-]{8,64}$`)

// ibmKind is an arbitrary secret of IBM Cloud Secrets Manager.
func ibmKind() store.Kind {
	return store.Kind{
		Name: "ibm-secrets-manager", Title: "IBM Cloud Secrets Manager", Traits: store.Traits{Reads: true},
		Settings: []store.Setting{
			{Name: "address", Means: "the endpoint of the instance, such as https://ID.eu-de.secrets-manager.appdomain.cloud", Required: true, Valid: isAddress},
			{Name: "id", Means: "the id of the secret, which is of the type arbitrary and must be there", Required: true, Valid: func(text string) bool { return secretID().MatchString(text) }},
			{Name: "credential", Means: "where the API key is that may write the secret: another one than the one in it", Required: true, Reference: true},
			{Name: "iam", Means: "another host than https://iam.cloud.ibm.com for tokens", Valid: isAddress},
		},
		Example: []string{`address = "https://ID.eu-de.secrets-manager.appdomain.cloud"`, `id = "ID-OF-THE-SECRET"`, `credential = "keychain:ibm-admin"`},
		Open: func(d store.Declaration, u store.Use) (store.Store, error) {
			r, err := newREST(d.Text("address"), u)
			if err != nil {
				return nil, err
			}
			iam, err := newREST(d.Or("iam", "https://iam.cloud.ibm.com"), u)
			return store.Over(ibmSecret{d, u, r, iam}, u), err
		},
	}
}

// ibmSecret is a secret; each write makes a version, and the one before stays as
// "previous".
type ibmSecret struct {
	declared store.Declaration
	use      store.Use
	rest     rest
	iam      rest
}

// header has an access token, which is good for an hour and fetched for each
// call.
func (i ibmSecret) header(ctx context.Context) (http.Header, error) {
	key, err := fetch(ctx, i.declared, i.use, "credential")
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {key.Reveal()}}
	whole, answer, err := i.iam.ask(ctx, question{
		method: http.MethodPost, path: []string{"identity", "token"}, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		body: []byte(form.Encode()), good: []int{http.StatusOK},
	})
	if answer.Status == http.StatusBadRequest {
		return nil, store.ErrRefused // that is how IBM says that it knows no such key
	}
	if err != nil {
		return nil, asked(ctx, err)
	}
	token := text(whole, "access_token")
	if token == "" {
		return nil, store.ErrAnswer
	}
	return http.Header{"Authorization": {"Bearer " + token}}, nil
}

func (i ibmSecret) path(more ...string) []string {
	return append([]string{"api", "v2", "secrets", i.declared.Text("id"), "versions"}, more...)
}

// Read implements store.Entry.
func (i ibmSecret) Read(ctx context.Context) (store.Held, error) {
	header, err := i.header(ctx)
	if err != nil {
		return store.Held{}, err
	}
	whole, _, err := i.rest.ask(ctx, question{method: http.MethodGet, path: i.path("current"), header: header, good: []int{http.StatusOK}})
	if err != nil {
		return store.Held{}, asked(ctx, err)
	}
	id, kind := text(whole, "id"), text(whole, "secret_type")
	payload, ok := whole["payload"].(string)
	if kind != "" && kind != "arbitrary" {
		return store.Held{}, store.ErrNoPlace
	}
	if id == "" || len(id) > 64 || !ok {
		return store.Held{}, store.ErrAnswer
	}
	return store.Held{Value: secret.New([]byte(payload)), Mark: "version " + id}, nil
}

// Write implements store.Entry. The service compares nothing: somebody who writes
// in the same moment is overwritten, and their version is "previous" then.
func (i ibmSecret) Write(ctx context.Context, v secret.Value, _ store.Held) error {
	header, err := i.header(ctx)
	if err != nil {
		return err
	}
	body := map[string]any{"payload": v.Reveal()}
	if i.use.Rotation != "" {
		body["version_custom_metadata"] = map[string]any{"qleaks_rotation": i.use.Rotation}
	}
	_, _, err = i.rest.ask(ctx, question{method: http.MethodPost, path: i.path(), header: header, body: body, good: []int{http.StatusCreated, http.StatusOK}})
	return written(ctx, err)
}
