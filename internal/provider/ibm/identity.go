package ibm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"
	"github.com/IBM/platform-services-go-sdk/iamidentityv1"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

// errLoud is why nothing is asked while the SDK logs: it would show the keys in
// question, of which it does not know that they are secret.
var errLoud = errors.New("the logging of IBM's SDK is on")

// identity is IBM's SDK for the identity service, over our own transport. What
// came over the wire is judged from there, not from what the SDK makes of it;
// the texts of its errors are dropped, for they quote answers.
type identity struct {
	quick, patient *iamidentityv1.IamIdentityV1
}

func newIdentity(w provider.Wire, patience time.Duration) (identity, error) {
	over := func(patience time.Duration) (*iamidentityv1.IamIdentityV1, error) {
		service, err := iamidentityv1.NewIamIdentityV1(&iamidentityv1.IamIdentityV1Options{URL: w.Origin(), Authenticator: &core.NoAuthAuthenticator{}})
		if err != nil {
			return nil, errors.New("IBM's SDK does not take the address of the identity service")
		}
		service.DisableRetries() // ours honour what is asked for
		service.Service.SetHTTPClient(w.HTTP(longList, patience))
		return service, nil
	}
	quick, err := over(0)
	if err != nil {
		return identity{}, err
	}
	patient, err := over(patience)
	return identity{quick, patient}, err
}

// loud reports whether the SDK would log anything of a request.
func loud() bool { return core.GetLogger().IsLogLevelEnabled(core.LevelWarn) }

// ask makes one call of the SDK, and returns its result and the answer itself.
func ask[T any](ctx context.Context, line string, call func(context.Context) (T, *core.DetailedResponse, error)) (T, httpx.Response, error) {
	var none T
	if loud() {
		return none, httpx.Response{}, errLoud
	}
	watched, outcome := httpx.Watch(ctx)
	result, _, err := call(watched)
	switch answer := outcome.Response; {
	case outcome.Err != nil:
		return none, answer, provider.Failed(outcome.Err)
	case provider.Ended(ctx) != nil:
		return none, answer, provider.Ended(ctx)
	case answer.Status == 0:
		return none, answer, &provider.CallError{Request: line, Kind: provider.ErrUnexpected}
	case answer.Status == http.StatusNotFound && !enveloped(answer):
		// Not knowing a key is something that only IBM can say.
		return none, answer, &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	case answer.Status < 200 || answer.Status > 299:
		return none, answer, provider.Declined(line, code(answer), answer)
	case err != nil:
		return none, answer, &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	default:
		return result, answer, nil
	}
}

// failure is an entry of an envelope of the identity service.
type failure struct {
	Code        string `json:"code"`
	MessageCode string `json:"message_code"`
	Message     string `json:"message"`
}

// failures reads the envelope of the identity service.
func failures(answer httpx.Response) (list []failure) {
	members, err := provider.Object(answer)
	if err != nil || json.Unmarshal(members["errors"], &list) != nil {
		return nil
	}
	return list
}

// enveloped reports whether an answer is a failure in the identity service's
// own form.
func enveloped(answer httpx.Response) bool {
	list := failures(answer)
	return len(list) > 0 && list[0].Message != "" && (list[0].Code != "" || list[0].MessageCode != "")
}

// code reads the first code of an envelope of the identity service.
func code(answer httpx.Response) string {
	list := failures(answer)
	if len(list) == 0 {
		return ""
	}
	for _, text := range []string{list[0].MessageCode, list[0].Code} {
		if codeShape().MatchString(text) {
			return text
		}
	}
	return ""
}

// headers are what each call bears.
func headers(bearer string) map[string]string { return map[string]string{"Authorization": bearer} }
