package ibm_test

import (
	"net/http"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/providertest"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

func TestCatalogueByRecord(t *testing.T) {
	providertest.Catalogue(t, rig(), rig().Verifying, verdictsByRecord())
}

func TestCatalogueByLogin(t *testing.T) {
	providertest.Catalogue(t, rig(), login(), verdictsByLogin())
}

func says(status int, body string, header ...string) http.HandlerFunc {
	return simhttp.Answer(status, "application/json", body, header...)
}

// verdictsByRecord are what can come instead of the record of a value. The
// record says whether its key is disabled and when it ends, by IBM's clock.
func verdictsByRecord() []providertest.Case {
	const (
		whose = `"id":"ApiKey-1","crn":"crn:v1","created_by":"IBMid-1","name":"laptop","iam_id":"IBMid-1","account_id":"a1","apikey":""`
		rec   = `{` + whose + `,"locked":false`
		today = "Sun, 29 Nov 2026 12:00:00 GMT"
	)
	ends := func(at string) http.HandlerFunc {
		return says(200, rec+`,"disabled":false,"expires_at":`+at+`}`, "Date", today)
	}
	fails := func(status int, kind, code string) http.HandlerFunc {
		return says(status, `{"status_code":1,"trace":"t","errors":[{"code":"`+kind+`","message_code":"`+code+`","message":"m","details":"d"}]}`)
	}
	return []providertest.Case{
		{What: "a key in use", Comes: says(200, rec+`,"disabled":false}`), Want: key.Active},
		{What: "a key in use that is locked", Comes: says(200, `{`+whose+`,"locked":true,"disabled":false}`), Want: key.Active},
		{What: "a record that does not say whether it is disabled", Comes: says(200, rec+`}`), Want: key.Active},
		{What: "a key that is disabled", Comes: says(200, rec+`,"disabled":true}`), Want: key.Inactive},
		{What: "a key that is disabled and locked", Comes: says(200, `{`+whose+`,"locked":true,"disabled":true}`), Want: key.Inactive},
		{What: "disabled, in quotes", Comes: says(200, rec+`,"disabled":"true"}`), Want: key.Unknown},
		{What: "disabled, in numbers", Comes: says(200, rec+`,"disabled":1}`), Want: key.Unknown},
		{What: "disabled, said twice", Comes: says(200, rec+`,"disabled":true,"disabled":false}`), Want: key.Unknown},
		{What: "a key that ends in a year", Comes: ends(`"2027-11-29T12:00+0000"`), Want: key.Active},
		{What: "a key that ended a minute ago", Comes: ends(`"2026-11-29T11:59+0000"`), Want: key.Inactive},
		{What: "a key that ends in a minute", Comes: ends(`"2026-11-29T12:01+0000"`), Want: key.Active},
		{What: "a key that ended, in another zone", Comes: ends(`"2026-11-29T13:59+0200"`), Want: key.Inactive},
		{What: "a key that ended, with seconds", Comes: ends(`"2026-11-29T11:59:59Z"`), Want: key.Inactive},
		{What: "a key without an end", Comes: ends(`null`), Want: key.Active},
		{What: "a key with an empty end", Comes: ends(`""`), Want: key.Active},
		{What: "an end that cannot be read", Comes: ends(`"soon"`), Want: key.Unknown},
		{What: "an end that is a number", Comes: ends(`1790000000`), Want: key.Unknown},
		{What: "an end, and no clock to hold it to", Comes: says(200, rec+`,"disabled":false,"expires_at":"2020-01-01T00:00+0000"}`, "Date", "today"), Want: key.Unknown},

		{What: "a record of nobody", Comes: says(200, `{"id":"ApiKey-1","locked":false,"account_id":"a1","crn":"c","created_by":"b","name":"n","apikey":""}`), Want: key.Unknown},
		{What: "a record of no account", Comes: says(200, `{"id":"ApiKey-1","locked":false,"iam_id":"IBMid-1","crn":"c","created_by":"b","name":"n","apikey":""}`), Want: key.Unknown},
		{What: "a record that does not say whether it is locked", Comes: says(200, `{`+whose+`,"disabled":false}`), Want: key.Unknown},
		{What: "a record in a list of keys", Comes: says(200, `{"offset":0,"limit":1,"apikeys":[`+rec+`}]}`), Want: key.Unknown},
		{What: "a token instead of a record", Comes: says(200, login().Accepts.Body), Want: key.Unknown},

		{What: "no such key", Comes: fails(404, "not_found", "BXNIM0102E"), Want: key.Unknown, Code: "BXNIM0102E"},
		{What: "no such key, by the code of a login", Comes: fails(404, "not_found", "BXNIM0415E"), Want: key.Unknown},
		{What: "a disabled key, by the code of a login", Comes: fails(400, "bad_request", "BXNIM0462E"), Want: key.Unknown},
		{What: "the refusal of a login", Comes: says(400, login().Refuses.Body), Want: key.Unknown},
		{What: "a key that one may not see", Comes: fails(403, "forbidden", "BXNIM0513E"), Want: key.Unknown, Code: "BXNIM0513E"},
		{What: "a token that is not good", Comes: fails(401, "unauthorized", "BXNIM0407E"), Want: key.Unknown, Code: "BXNIM0407E"},
		{What: "a conflict", Comes: fails(409, "conflict", "BXNIM0100E"), Want: key.Unknown},
		{What: "no such page", Comes: simhttp.Answer(404, "text/html", "<h1>404 Not Found</h1>"), Want: key.Unknown},
		{What: "errors that are none", Comes: says(404, `{"errors":[]}`), Want: key.Unknown},
		{What: "errors that are no list", Comes: says(404, `{"errors":"BXNIM0102E"}`), Want: key.Unknown},
	}
}

// login lets the key in question log in by itself.
func login() providertest.Verifying {
	return providertest.Verifying{
		Service: "iam", Path: "/identity/token", Method: http.MethodPost, Alone: true,
		Change:  func(c *provider.Config) { c.Credential, c.LoginCheck = secret.Value{}, true },
		Accepts: providertest.Reply{Status: 200, Body: `{"access_token":"e30.e30.c2ln","refresh_token":"not_supported","token_type":"Bearer","expires_in":3600,"expiration":1796000000,"scope":"ibm openid"}`},
		Refuses: providertest.Reply{Status: 400, Body: `{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found.","errorDetails":"d","context":{"requestId":"1"}}`},
	}
}

// verdictsByLogin are what the token service can answer. Two of its codes are a
// refusal of the key, whichever of two statuses they come with.
func verdictsByLogin() []providertest.Case {
	fails := func(status int, code string) http.HandlerFunc {
		return says(status, `{"errorCode":`+code+`,"errorMessage":"m","errorDetails":"d","context":{}}`)
	}
	token := func(text, kind, seconds string) http.HandlerFunc {
		return says(200, `{"access_token":`+text+`,"token_type":`+kind+`,"expires_in":`+seconds+`}`)
	}
	return []providertest.Case{
		{What: "a token", Comes: token(`"t"`, `"Bearer"`, `3600`), Want: key.Active},
		{What: "a token of a kind in small letters", Comes: token(`"t"`, `"bearer"`, `3600`), Want: key.Active},
		{What: "a token that is empty", Comes: token(`""`, `"Bearer"`, `3600`), Want: key.Unknown},
		{What: "a token that is null", Comes: token(`null`, `"Bearer"`, `3600`), Want: key.Unknown},
		{What: "a token that is a list", Comes: token(`["t"]`, `"Bearer"`, `3600`), Want: key.Unknown},
		{What: "a token of another kind", Comes: token(`"t"`, `"MAC"`, `3600`), Want: key.Unknown},
		{What: "a token of no kind", Comes: token(`"t"`, `null`, `3600`), Want: key.Unknown},
		{What: "a token that has ended", Comes: token(`"t"`, `"Bearer"`, `0`), Want: key.Unknown},
		{What: "a token that ended before", Comes: token(`"t"`, `"Bearer"`, `-1`), Want: key.Unknown},
		{What: "a token with an end in quotes", Comes: token(`"t"`, `"Bearer"`, `"3600"`), Want: key.Unknown},
		{What: "a token without an end", Comes: says(200, `{"access_token":"t","token_type":"Bearer"}`), Want: key.Unknown},
		{What: "a token of somebody else's service", Comes: says(200, `{"id_token":"t","token_type":"Bearer","expires_in":3600}`), Want: key.Unknown},
		{What: "a record instead of a token", Comes: says(200, rig().Verifying.Accepts.Body), Want: key.Unknown},

		{What: "no such key", Comes: fails(400, `"BXNIM0415E"`), Want: key.Inactive, Code: "BXNIM0415E"},
		{What: "no such key, with the other status", Comes: fails(401, `"BXNIM0415E"`), Want: key.Inactive, Code: "BXNIM0415E"},
		{What: "a disabled key", Comes: fails(400, `"BXNIM0462E"`), Want: key.Inactive, Code: "BXNIM0462E"},
		{What: "a disabled key, with the other status", Comes: fails(401, `"BXNIM0462E"`), Want: key.Inactive, Code: "BXNIM0462E"},
		{What: "a disabled key, not found", Comes: fails(404, `"BXNIM0462E"`), Want: key.Unknown},
		{What: "a question that misses something", Comes: fails(400, `"BXNIM0109E"`), Want: key.Unknown, Code: "BXNIM0109E"},
		{What: "a question of another form", Comes: fails(400, `"BXNIM0106E"`), Want: key.Unknown},
		{What: "a user who is locked out", Comes: fails(401, `"BXNIM0513E"`), Want: key.Unknown},
		{What: "a code in small letters", Comes: fails(400, `"bxnim0415e"`), Want: key.Unknown},
		{What: "a code with a blank", Comes: fails(400, `"BXNIM0415E "`), Want: key.Unknown},
		{What: "a code with more behind", Comes: fails(400, `"BXNIM0415E: no such key"`), Want: key.Unknown},
		{What: "a code that is a number", Comes: fails(400, `415`), Want: key.Unknown},
		{What: "a code in a list", Comes: fails(400, `["BXNIM0415E"]`), Want: key.Unknown},
		{What: "a code in the message", Comes: says(400, `{"errorCode":"","errorMessage":"BXNIM0415E"}`), Want: key.Unknown},
		{What: "a code without a message", Comes: says(400, `{"errorCode":"BXNIM0415E"}`), Want: key.Unknown},
		{What: "a code said twice", Comes: says(400, `{"errorCode":"BXNIM0415E","errorCode":"BXNIM0109E","errorMessage":"m"}`), Want: key.Unknown},
		{What: "a code in the other service's envelope", Comes: says(400, `{"errors":[{"code":"x","message_code":"BXNIM0415E","message":"m"}]}`), Want: key.Unknown},
		{What: "a code as OAuth writes it", Comes: says(400, `{"error":"invalid_grant","error_description":"BXNIM0415E"}`), Want: key.Unknown},
	}
}
