package service_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

// vaults are three services in one server: each keeps the versions of one secret
// and answers as the real one does.
type vaults struct {
	*simhttp.Server

	server *httptest.Server
	log    bytes.Buffer
	token  secret.Value

	mu       sync.Mutex
	versions []map[string]any
	// current is the index of the version of AWS that counts; tokens are the
	// tokens with which versions were put.
	current   int
	tokens    []string
	mayPatch  bool
	unwrapped map[string]string
}

func newVaults(t *testing.T) *vaults {
	t.Helper()
	v := &vaults{token: storetest.Value(), current: -1, mayPatch: true, unwrapped: map[string]string{}}
	v.Server = simhttp.New(simhttp.Options{Base: "/sim", Refuse: func(w http.ResponseWriter, status int) { simhttp.JSON(w, status, map[string]any{"errors": []string{}}) }})
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch} {
		v.Handle(method, "/v1/kv/lab/data/quantum/ionq", v.kv)
	}
	v.Handle(http.MethodPost, "/v1/sys/wrapping/wrap", v.wrap)
	v.Handle(http.MethodPut, "/v1/sys/wrapping/unwrap", v.unwrap)
	v.Handle(http.MethodPost, "", v.aws)
	v.Handle(http.MethodPost, "/identity/token", v.iam)
	v.Handle(http.MethodGet, "/api/v2/secrets/secret-1/versions/current", v.ibmRead)
	v.Handle(http.MethodPost, "/api/v2/secrets/secret-1/versions", v.ibmWrite)
	v.server = httptest.NewServer(v)
	t.Cleanup(v.server.Close)
	return v
}

func (v *vaults) address() string { return v.server.URL + v.Base() }

func (v *vaults) set(value secret.Value) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.versions = append(v.versions, map[string]any{"value": value.Reveal(), "other": "kept"})
	v.tokens = append(v.tokens, fmt.Sprint("somebody-elses-", len(v.tokens)))
	v.current = len(v.versions) - 1
}

func (v *vaults) held() []secret.Value {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.current < 0 {
		return nil
	}
	return []secret.Value{secret.New([]byte(fmt.Sprint(v.versions[v.current]["value"])))}
}

// kv answers as OpenBao 2.6.2 does.
func (v *vaults) kv(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Header.Get("X-Vault-Token") != v.token.Reveal() || r.Header.Get("X-Vault-Namespace") != "lab" {
		simhttp.JSON(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
		return
	}
	newest := len(v.versions)
	if r.Method == http.MethodGet {
		n := newest
		if asked := r.URL.Query().Get("version"); asked != "" && asked != "0" {
			_, _ = fmt.Sscan(asked, &n)
		}
		if newest == 0 || n > newest {
			simhttp.JSON(w, http.StatusNotFound, map[string]any{"errors": []string{}})
			return
		}
		status, data := http.StatusOK, v.versions[n-1]
		if data == nil {
			status = http.StatusNotFound
		}
		simhttp.JSON(w, status, map[string]any{"data": map[string]any{"data": data, "metadata": versionOf(n)}})
		return
	}
	var body struct {
		Options struct{ CAS *int }
		Data    map[string]any
	}
	patches := r.Method == http.MethodPatch
	switch {
	case json.NewDecoder(r.Body).Decode(&body) != nil || body.Options.CAS == nil, patches && r.Header.Get("Content-Type") != "application/merge-patch+json":
		simhttp.JSON(w, http.StatusBadRequest, map[string]any{"errors": []string{"what is this"}})
	case patches && !v.mayPatch:
		simhttp.JSON(w, http.StatusForbidden, map[string]any{"errors": []string{"1 error occurred:\n\t* permission denied\n\n"}})
	case *body.Options.CAS != newest:
		simhttp.JSON(w, http.StatusBadRequest, map[string]any{"errors": []string{"check-and-set parameter did not match the current version"}})
	default:
		data := map[string]any{}
		if patches {
			data = maps.Clone(v.versions[newest-1])
		}
		maps.Copy(data, body.Data)
		v.versions, v.current = append(v.versions, data), newest
		simhttp.JSON(w, http.StatusOK, map[string]any{"data": versionOf(newest + 1)})
	}
}

// versionOf is what is told of a version.
func versionOf(n int) map[string]any {
	return map[string]any{"version": n, "destroyed": false, "created_time": time.Date(2026, 11, 1, 9, 0, n, 123456789, time.UTC).Format(time.RFC3339Nano), "deletion_time": "", "custom_metadata": nil}
}

// unwrap gives what was wrapped, once: the token is the one of the request.
func (v *vaults) unwrap(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	token := r.Header.Get("X-Vault-Token")
	wrapped, there := v.unwrapped[token]
	delete(v.unwrapped, token)
	text, _, _ := strings.Cut(wrapped, "}")
	var data map[string]any
	if !there || json.Unmarshal([]byte(text+"}"), &data) != nil {
		simhttp.JSON(w, http.StatusBadRequest, map[string]any{"errors": []string{"wrapping token is not valid or does not exist"}})
		return
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"data": data})
}

func (v *vaults) wrap(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	token := "hvs." + simhttp.Random(24, simhttp.Alphanumeric)
	v.unwrapped[token] = string(body) + r.Header.Get("X-Vault-Wrap-Ttl")
	simhttp.JSON(w, http.StatusOK, map[string]any{"wrap_info": map[string]any{"token": token, "ttl": 900}})
}

// aws keeps versions by token; the current one is told by its stage.
func (v *vaults) aws(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	refuse := func(kind string) {
		simhttp.JSON(w, http.StatusBadRequest, map[string]any{"__type": kind, "Message": "no"})
	}
	var q struct{ SecretID, ClientRequestToken, SecretString, VersionStage, MoveToVersionID, RemoveFromVersionID string }
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &q)
	signature := r.Header.Get("Authorization")
	if q.SecretID != "quantum/ionq" || !strings.HasPrefix(signature, "AWS4-HMAC-SHA256 Credential=AKID/") || !strings.Contains(signature, "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,") {
		refuse("InvalidSignatureException")
		return
	}
	at := func(id string) int {
		for i, token := range v.tokens {
			if token == id {
				return i
			}
		}
		return -1
	}
	switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.") {
	case "GetSecretValue":
		if v.current < 0 {
			refuse("com.amazonaws.secretsmanager#ResourceNotFoundException")
			return
		}
		text, err := json.Marshal(v.versions[v.current])
		if err != nil {
			refuse("InternalServiceError")
			return
		}
		simhttp.JSON(w, http.StatusOK, map[string]any{"SecretString": string(text), "VersionId": v.tokens[v.current]})
	case "PutSecretValue":
		var data map[string]any
		if json.Unmarshal([]byte(q.SecretString), &data) != nil || len(q.ClientRequestToken) < 32 || len(q.ClientRequestToken) > 64 {
			refuse("InvalidParameterException")
			return
		}
		if at(q.ClientRequestToken) < 0 {
			v.versions, v.tokens = append(v.versions, data), append(v.tokens, q.ClientRequestToken)
		}
		simhttp.JSON(w, http.StatusOK, map[string]any{"VersionId": q.ClientRequestToken})
	case "UpdateSecretVersionStage":
		if at(q.MoveToVersionID) < 0 || at(q.RemoveFromVersionID) != v.current {
			refuse("InvalidParameterException")
			return
		}
		v.current = at(q.MoveToVersionID)
		simhttp.JSON(w, http.StatusOK, map[string]any{"Name": "quantum/ionq"})
	}
}

func (v *vaults) iam(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.PostForm.Get("apikey") != v.token.Reveal() {
		simhttp.JSON(w, http.StatusBadRequest, map[string]any{"errorCode": "BXNIM0415E"})
		return
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"access_token": "token-of-an-hour"})
}

func (v *vaults) ibmRead(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer token-of-an-hour" || v.current < 0 {
		simhttp.JSON(w, http.StatusNotFound, map[string]any{"errors": []any{map[string]any{"code": "not_found"}}})
		return
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"id": v.tokens[v.current], "secret_type": "arbitrary", "payload": v.versions[v.current]["value"]})
}

func (v *vaults) ibmWrite(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Payload  string
		Metadata map[string]string `json:"version_custom_metadata"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Metadata["qleaks_rotation"] == "" {
		simhttp.JSON(w, http.StatusBadRequest, map[string]any{})
		return
	}
	v.set(secret.New([]byte(body.Payload)))
	simhttp.JSON(w, http.StatusCreated, map[string]any{"id": "x"})
}

func (v *vaults) said(kind string) map[string]any {
	switch kind {
	case "vault":
		return map[string]any{"kind": kind, "address": v.address(), "mount": "kv/lab", "path": "quantum/ionq", "namespace": "lab", "credential": "env:TOKEN"}
	case "aws-secrets-manager":
		return map[string]any{"kind": kind, "address": v.address(), "region": "eu-central-1", "secret": "quantum/ionq", "member": "value", "access-key": "env:ID", "secret-key": "env:TOKEN", "session-token": "env:TOKEN"}
	}
	return map[string]any{"kind": kind, "address": v.address(), "iam": v.address(), "id": "secret-1", "credential": "env:TOKEN"}
}

func (v *vaults) open(t *testing.T, kind string) store.Store {
	t.Helper()
	return open(t, declared(t, v.said(kind)), use(&v.log, map[string]secret.Value{"env:TOKEN": v.token, "env:ID": secret.New([]byte("AKID"))}))
}

func TestVaultsContract(t *testing.T) {
	for kind, to := range map[string][]simhttp.Fault{
		"vault":               {{Method: http.MethodPatch}},
		"aws-secrets-manager": {{Method: http.MethodPost}, {Method: http.MethodPost, Skip: 1}, {Method: http.MethodPost, Skip: 2}},
		"ibm-secrets-manager": {{Method: http.MethodPost, Path: "/api"}, {Method: http.MethodPost, Path: "/identity"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T, old secret.Value) storetest.World {
				v := newVaults(t)
				if !old.IsZero() {
					v.set(old)
				}
				return storetest.World{
					Kind: declared(t, v.said(kind)).Kind, Secrets: []secret.Value{v.token}, Set: v.set, Held: v.held, Traces: v.log.String,
					Open: func() store.Store { return v.open(t, kind) }, Faults: broken(v.Server, to...),
				}
			})
		})
	}
}

func TestOtherFieldsStayWhateverTheTokenMayDo(t *testing.T) {
	for _, mayPatch := range []bool{true, false} {
		v := newVaults(t)
		v.mayPatch = mayPatch
		v.set(storetest.Value())
		s := v.open(t, "vault")
		if _, err := s.Put(t.Context(), storetest.Value(), "version 1"); err != nil {
			t.Fatal(err)
		}
		if v.versions[1]["other"] != "kept" {
			t.Errorf("may patch %v: the other field is gone", mayPatch)
		}
	}
}

func TestADeletedVersionIsWrittenOver(t *testing.T) {
	v := newVaults(t)
	v.set(storetest.Value())
	v.versions = append(v.versions, nil)
	s := v.open(t, "vault")
	mark, err := s.Check(t.Context())
	if err != nil || mark != "version 2" {
		t.Fatalf("%s, %v", mark, err)
	}
	if after, err := s.Put(t.Context(), storetest.Value(), mark); err != nil || after != "version 3" {
		t.Errorf("%s, %v", after, err)
	}
	if err := s.(store.Restorer).Restore(t.Context(), "version 2"); !errors.Is(err, store.ErrNoPlace) {
		t.Errorf("what was deleted is restored: %v", err)
	}
}

func TestAValueIsHandedOverByATokenThatWorksOnce(t *testing.T) {
	v := newVaults(t)
	value := storetest.Value()
	token, how, err := v.open(t, "vault").(store.Handoff).Share(t.Context(), value, 15*time.Minute)
	if err != nil || value.In(token+how) || !strings.Contains(how, "vault unwrap") {
		t.Fatal(how, err)
	}
	if got := v.unwrapped[token]; got != `{"value":"`+value.Reveal()+`"}900s` {
		t.Error("the token opens something else")
	}
	if value.In(v.log.String()) {
		t.Error("the log tells the value")
	}
}

func TestARefusedCredentialIsTold(t *testing.T) {
	for kind, want := range map[string]error{"vault": store.ErrForbidden, "aws-secrets-manager": store.ErrRefused, "ibm-secrets-manager": store.ErrRefused} {
		v := newVaults(t)
		v.set(storetest.Value())
		d := declared(t, v.said(kind))
		s := open(t, d, use(&v.log, map[string]secret.Value{"env:TOKEN": storetest.Value(), "env:ID": secret.New([]byte("other"))}))
		if _, err := s.Check(t.Context()); !errors.Is(err, want) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
