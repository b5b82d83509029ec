package qbraid_test

import (
	"net/http"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/providertest"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func TestCatalogue(t *testing.T) { providertest.Catalogue(t, rig(), rig().Verifying, verdicts()) }

// verdicts are what qBraid's users/verify can answer.
func verdicts() []providertest.Case {
	says := func(status int, body string) http.HandlerFunc {
		return simhttp.Answer(status, "application/json", body)
	}
	data := func(inside string) http.HandlerFunc { return says(200, `{"success":true,"data":`+inside+`}`) }
	fails := func(status int, failure string) http.HandlerFunc {
		return says(status, `{"success":false,"message":"m","error":`+failure+`}`)
	}
	return []providertest.Case{
		{What: "a user and nothing else", Comes: data(`{"valid":true,"userId":"u"}`), Want: key.Active},
		{What: "a user with members that are new", Comes: data(`{"valid":true,"userId":"u","plan":{"name":"free"}}`), Want: key.Active},
		{What: "a user of no organization", Comes: data(`{"valid":true,"userId":"u","organizationId":null}`), Want: key.Active},
		{What: "a user and a message", Comes: says(200, `{"success":true,"message":"ok","data":{"valid":true,"userId":"u"}}`), Want: key.Active},
		{What: "a key that is not valid", Comes: data(`{"valid":false,"userId":"u"}`), Want: key.Unknown},
		{What: "a key of which validity is not said", Comes: data(`{"userId":"u"}`), Want: key.Unknown},
		{What: "validity in quotes", Comes: data(`{"valid":"true","userId":"u"}`), Want: key.Unknown},
		{What: "validity in numbers", Comes: data(`{"valid":1,"userId":"u"}`), Want: key.Unknown},
		{What: "validity said twice", Comes: data(`{"valid":false,"valid":true,"userId":"u"}`), Want: key.Unknown},
		{What: "validity in capitals", Comes: data(`{"Valid":true,"userId":"u"}`), Want: key.Unknown},
		{What: "nobody", Comes: data(`{"valid":true}`), Want: key.Unknown},
		{What: "nobody, by an empty name", Comes: data(`{"valid":true,"userId":""}`), Want: key.Unknown},
		{What: "nobody, by null", Comes: data(`{"valid":true,"userId":null}`), Want: key.Unknown},
		{What: "a user in a list", Comes: data(`[{"valid":true,"userId":"u"}]`), Want: key.Unknown},
		{What: "a user in a string", Comes: data(`"{\"valid\":true}"`), Want: key.Unknown},
		{What: "no data", Comes: says(200, `{"success":true}`), Want: key.Unknown},
		{What: "data that is null", Comes: data(`null`), Want: key.Unknown},
		{What: "data without success", Comes: says(200, `{"data":{"valid":true,"userId":"u"}}`), Want: key.Unknown},
		{What: "data with success that failed", Comes: says(200, `{"success":false,"data":{"valid":true,"userId":"u"}}`), Want: key.Unknown},
		{What: "data with success in quotes", Comes: says(200, `{"success":"true","data":{"valid":true,"userId":"u"}}`), Want: key.Unknown},
		{What: "providers, whom anybody may see", Comes: data(`[{"name":"aws"}]`), Want: key.Unknown},

		{What: "no such key", Comes: fails(401, `{"code":"INVALID_API_KEY"}`), Want: key.Inactive, Code: "INVALID_API_KEY"},
		{What: "no such key, and more words", Comes: fails(401, `{"code":"INVALID_API_KEY","details":{"hint":"h"}}`), Want: key.Inactive},
		{What: "no such form of a key", Comes: fails(401, `{"code":"INVALID_API_KEY_FORMAT"}`), Want: key.Unknown, Code: "INVALID_API_KEY_FORMAT"},
		{What: "nothing that could be a key", Comes: fails(401, `{"code":"NO_VALID_AUTHENTICATION"}`), Want: key.Unknown, Code: "NO_VALID_AUTHENTICATION"},
		{What: "a code that is not known", Comes: fails(401, `{"code":"API_KEY_EXPIRED"}`), Want: key.Unknown},
		{What: "a code in small letters", Comes: fails(401, `{"code":"invalid_api_key"}`), Want: key.Unknown},
		{What: "a code with a blank", Comes: fails(401, `{"code":"INVALID_API_KEY "}`), Want: key.Unknown},
		{What: "a code said twice", Comes: fails(401, `{"code":"INVALID_API_KEY","code":"NO_VALID_AUTHENTICATION"}`), Want: key.Unknown},
		{What: "a code that is a number", Comes: fails(401, `{"code":401}`), Want: key.Unknown},
		{What: "a code in a list", Comes: fails(401, `[{"code":"INVALID_API_KEY"}]`), Want: key.Unknown},
		{What: "a code without its object", Comes: fails(401, `"INVALID_API_KEY"`), Want: key.Unknown},
		{What: "a code at the top", Comes: says(401, `{"success":false,"message":"m","code":"INVALID_API_KEY"}`), Want: key.Unknown},
		{What: "a code in the message", Comes: says(401, `{"success":false,"message":"INVALID_API_KEY","error":{}}`), Want: key.Unknown},
		{What: "a failure without a message", Comes: says(401, `{"success":false,"error":{"code":"INVALID_API_KEY"}}`), Want: key.Unknown},
		{What: "a failure that succeeded", Comes: says(401, `{"success":true,"message":"m","error":{"code":"INVALID_API_KEY"}}`), Want: key.Unknown},
		{What: "a failure of which success is not said", Comes: says(401, `{"message":"m","error":{"code":"INVALID_API_KEY"}}`), Want: key.Unknown},
		{What: "a key that may not ask", Comes: fails(403, `{"code":"FORBIDDEN"}`), Want: key.Unknown},
		{What: "an account that is not there", Comes: fails(404, `{"code":"NOT_FOUND"}`), Want: key.Unknown, Code: "NOT_FOUND"},
		{What: "too many requests in qBraid's words", Comes: fails(429, `{"code":"RATE_LIMITED"}`), Want: key.Unknown},
	}
}
