package service

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

var regionShape = expression.Lazy(`^[a-z0-9-]{1,40}$`)

// awsKind is AWS Secrets Manager. The new value is staged as AWSPENDING, and
// becomes AWSCURRENT in one step that names the version which it replaces.
func awsKind() store.Kind {
	return store.Kind{
		Name: "aws-secrets-manager", Title: "AWS Secrets Manager", Traits: store.Traits{Reads: true, Compares: true, Versions: true},
		Settings: []store.Setting{
			{Name: "region", Means: "the region, such as eu-central-1", Required: true, Valid: func(text string) bool { return regionShape().MatchString(text) }},
			{Name: "secret", Means: "the name or ARN of the secret, which must be there", Required: true},
			{Name: "member", Means: "the member, where the secret is a JSON object"},
			{Name: "access-key", Means: "where the id of the access key is", Required: true, Reference: true},
			{Name: "secret-key", Means: "where its secret is", Required: true, Reference: true},
			{Name: "session-token", Means: "where the session token is, for credentials that end", Reference: true},
			{Name: "address", Means: "another endpoint than the region's", Valid: isAddress},
		},
		Example: []string{`region = "eu-central-1"`, `secret = "quantum/ionq"`, `access-key = "env:AWS_ACCESS_KEY_ID"`, `secret-key = "env:AWS_SECRET_ACCESS_KEY"`},
		Open: func(d store.Declaration, u store.Use) (store.Store, error) {
			r, err := newREST(d.Or("address", "https://secretsmanager."+d.Text("region")+".amazonaws.com"), u)
			return store.Over(awsSecret{d, u, r}, u), err
		},
	}
}

// awsSecret is a secret, or a member of one.
type awsSecret struct {
	declared store.Declaration
	use      store.Use
	rest     rest
}

// awsVersion is a version that was read.
type awsVersion struct {
	id    string
	whole map[string]any
}

// call makes one signed call.
func (a awsSecret) call(ctx context.Context, operation string, input map[string]any) (map[string]any, string, error) {
	input["SecretId"] = a.declared.Text("secret")
	body, err := json.Marshal(input)
	if err != nil {
		return nil, "", store.ErrValue
	}
	id, err := fetch(ctx, a.declared, a.use, "access-key")
	if err != nil {
		return nil, "", err
	}
	key, err := fetch(ctx, a.declared, a.use, "secret-key")
	if err != nil {
		return nil, "", err
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"secretsmanager." + operation}}
	if !a.declared.Reference("session-token").IsZero() {
		token, err := fetch(ctx, a.declared, a.use, "session-token")
		if err != nil {
			return nil, "", err
		}
		header.Set("X-Amz-Security-Token", token.Reveal())
	}
	address, err := url.Parse(a.rest.Origin())
	if err != nil {
		return nil, "", err
	}
	s := signing{region: a.declared.Text("region"), service: "secretsmanager", id: id, key: key, at: time.Now()}
	s.sign(header, http.MethodPost, address.Host, cmp.Or(address.Path, "/"), body)
	whole, _, err := a.rest.ask(ctx, question{method: http.MethodPost, path: nil, header: header, body: body, good: []int{http.StatusOK}})
	kind := text(whole, "__type")
	return whole, kind[strings.LastIndexByte(kind, '#')+1:], err
}

// awsErrors are the errors of AWS that say more than their status.
var awsErrors = map[string]error{
	"ResourceNotFoundException": store.ErrNoPlace, "AccessDeniedException": store.ErrForbidden, "UnrecognizedClientException": store.ErrRefused,
	"InvalidSignatureException": store.ErrRefused, "ExpiredTokenException": store.ErrRefused, "IncompleteSignatureException": store.ErrRefused,
	"ThrottlingException": store.ErrUnavailable, "InternalServiceError": store.ErrUnavailable,
}

// Read implements store.Entry.
func (a awsSecret) Read(ctx context.Context) (store.Held, error) {
	return a.version(ctx, map[string]any{"VersionStage": "AWSCURRENT"})
}

func (a awsSecret) version(ctx context.Context, which map[string]any) (store.Held, error) {
	whole, kind, err := a.call(ctx, "GetSecretValue", which)
	if known := awsErrors[kind]; err != nil && known != nil {
		return store.Held{}, known
	}
	if err != nil {
		return store.Held{}, asked(ctx, err)
	}
	version := awsVersion{id: text(whole, "VersionId")}
	held, isText := whole["SecretString"].(string)
	if version.id == "" || len(version.id) > 64 || !isText {
		return store.Held{}, store.ErrAnswer
	}
	if member := a.declared.Text("member"); member != "" {
		if version.whole = object([]byte(held)); version.whole == nil {
			return store.Held{}, store.ErrNoPlace
		}
		held = text(version.whole, member)
	}
	return store.Held{Value: secret.New([]byte(held)), Mark: "version " + version.id, Whole: version}, nil
}

// Write implements store.Entry.
func (a awsSecret) Write(ctx context.Context, v secret.Value, over store.Held) error {
	before, _ := over.Whole.(awsVersion)
	content := v.Reveal()
	if member := a.declared.Text("member"); member != "" {
		whole := maps.Clone(before.whole)
		whole[member] = content
		text, err := json.Marshal(whole)
		if err != nil {
			return store.ErrValue
		}
		content = string(text)
	}
	// The same rotation puts the same value under the same token, so that it makes
	// one version however often it is sent.
	token := "qleaks-" + a.use.Fingerprints.Sum("aws", a.use.Rotation, before.id, string(a.use.Fingerprints.Of(v)))
	whole, kind, err := a.call(ctx, "PutSecretValue", map[string]any{"ClientRequestToken": token, "SecretString": content, "VersionStages": []string{"AWSPENDING"}})
	if known := awsErrors[kind]; err != nil && known != nil {
		return known
	}
	if err != nil {
		return asked(ctx, err) // a version that is pending is read by nobody
	}
	id := text(whole, "VersionId")
	if id == "" {
		return store.ErrAnswer
	}
	return a.promote(ctx, id, before.id)
}

// promote makes a version the current one in the place of another.
func (a awsSecret) promote(ctx context.Context, id, over string) error {
	_, kind, err := a.call(ctx, "UpdateSecretVersionStage", map[string]any{"VersionStage": "AWSCURRENT", "MoveToVersionId": id, "RemoveFromVersionId": over})
	if kind == "InvalidParameterException" || kind == "InvalidRequestException" {
		return store.ErrChanged // another version is the current one
	}
	if known := awsErrors[kind]; err != nil && known != nil {
		return known
	}
	return written(ctx, err)
}

// Restore implements store.Restorer.
func (a awsSecret) Restore(ctx context.Context, mark string) error {
	id, ok := strings.CutPrefix(mark, "version ")
	if !ok {
		return store.ErrNoPlace
	}
	now, err := a.Read(ctx)
	if err != nil || now.Mark == mark {
		return err
	}
	return a.promote(ctx, id, strings.TrimPrefix(now.Mark, "version "))
}

// signing is AWS Signature Version 4 for a request without a query.
type signing struct {
	region, service string
	id, key         secret.Value
	at              time.Time
}

// sign adds the time and the signature to a header.
func (s signing) sign(header http.Header, method, host, path string, body []byte) {
	at := s.at.UTC().Format("20060102T150405Z")
	header.Set("X-Amz-Date", at)
	signed := map[string]string{"host": host}
	for name := range header {
		signed[strings.ToLower(name)] = header.Get(name)
	}
	names := slices.Sorted(maps.Keys(signed))
	var lines strings.Builder
	for _, name := range names {
		lines.WriteString(name + ":" + strings.TrimSpace(signed[name]) + "\n")
	}
	list := strings.Join(names, ";")
	request := strings.Join([]string{method, path, "", lines.String(), list, sum(body)}, "\n")
	scope := strings.Join([]string{at[:8], s.region, s.service, "aws4_request"}, "/")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", at, scope, sum([]byte(request))}, "\n")
	key := []byte("AWS4" + s.key.Reveal())
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.id.Reveal()+"/"+scope+", SignedHeaders="+list+", Signature="+hex.EncodeToString(mac(key, toSign)))
}

func sum(text []byte) string {
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(text)) // a hash never fails
	return m.Sum(nil)
}
