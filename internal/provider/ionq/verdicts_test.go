package ionq_test

import (
	"net/http"
	"testing"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/providertest"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func TestCatalogue(t *testing.T) { providertest.Catalogue(t, rig(), rig().Verifying, verdicts()) }

// verdicts are what IonQ's whoami can answer, in version 0.4 and before.
func verdicts() []providertest.Case {
	const (
		works   = `"key_id":"e060759f-4348-4767-a645-8c0301265791","key_name":"My First Key"`
		refused = `"error":"Unauthorized Error","message":"Invalid key provided."`
		denied  = `{"error":"Forbidden Error","message":"Not permitted.","statusCode":403}`
	)
	says := func(status int, body string) http.HandlerFunc {
		return simhttp.Answer(status, "application/json", body)
	}
	return []providertest.Case{
		{What: "a key without a project", Comes: says(200, `{`+works+`}`), Want: key.Active},
		{What: "a key of a project that is null", Comes: says(200, `{`+works+`,"project_id":null}`), Want: key.Active},
		{What: "a key without a name to speak of", Comes: says(200, `{"key_id":"e0","key_name":""}`), Want: key.Active},
		{What: "a name in all scripts", Comes: says(200, `{"key_id":"e0","key_name":"клю\u0447 🔑 \u202e"}`), Want: key.Active},
		{What: "an id that is a number", Comes: says(200, `{"key_id":7,"key_name":"n"}`), Want: key.Unknown},
		{What: "an id that is an object", Comes: says(200, `{"key_id":{"value":"e0"},"key_name":"n"}`), Want: key.Unknown},
		{What: "an id and no name", Comes: says(200, `{"key_id":"e0"}`), Want: key.Unknown},
		{What: "a name that is null", Comes: says(200, `{"key_id":"e0","key_name":null}`), Want: key.Unknown},
		{What: "a name and no id", Comes: says(200, `{"key_name":"n","project_id":"p"}`), Want: key.Unknown},
		{What: "names of members as Go writes them", Comes: says(200, `{"keyId":"e0","keyName":"n"}`), Want: key.Unknown},
		{What: "the acceptance inside of data", Comes: says(200, `{"data":{`+works+`}}`), Want: key.Unknown},
		{What: "backends, which anybody may see", Comes: says(200, `[{"backend":"simulator","status":"available"}]`), Want: key.Unknown},

		{What: "a refusal without its status inside", Comes: says(401, `{`+refused+`}`), Want: key.Unknown},
		{What: "a refusal with a status in quotes", Comes: says(401, `{`+refused+`,"statusCode":"401"}`), Want: key.Unknown},
		{What: "a refusal with another status inside", Comes: says(401, `{`+refused+`,"statusCode":403}`), Want: key.Unknown},
		{What: "a refusal with a status of parts", Comes: says(401, `{`+refused+`,"statusCode":401.5}`), Want: key.Unknown},
		{What: "a refusal with a member that is new", Comes: says(401, `{`+refused+`,"statusCode":401,"request":"r"}`), Want: key.Unknown},
		{What: "a refusal without a message", Comes: says(401, `{"error":"Unauthorized Error","statusCode":401}`), Want: key.Unknown},
		{What: "a refusal with a message that is a list", Comes: says(401, `{"error":"Unauthorized Error","message":[],"statusCode":401}`), Want: key.Unknown},
		{What: "a refusal in other words", Comes: says(401, `{"error":"Unauthorized","message":"","statusCode":401}`), Want: key.Inactive},
		{What: "a refusal that counts in exponents", Comes: says(401, `{`+refused+`,"statusCode":4.01e2}`), Want: key.Unknown},

		{What: "a key that may not ask", Comes: says(403, denied), Want: key.Unknown},
		{What: "a refusal as version 0.3 has it", Comes: says(403, `{`+refused+`,"statusCode":403}`), Want: key.Unknown},
		{What: "the refusal with the status of what is not allowed", Comes: says(403, `{`+refused+`,"statusCode":401}`), Want: key.Unknown},
		{What: "what is not allowed with the status of the refusal", Comes: says(401, denied), Want: key.Unknown},
		{What: "an address that is not there", Comes: says(404, `{"error":"Not Found Error","message":"Resource not found.","statusCode":404}`), Want: key.Unknown},
		{What: "a failure in IonQ's words", Comes: says(500, `{"error":"Internal Server Error","message":"x","statusCode":500}`), Want: key.Unknown},
		{What: "too many requests in IonQ's words", Comes: says(429, `{"error":"Too Many Requests","message":"x","statusCode":429}`), Want: key.Unknown},
		{What: "a gateway before IonQ", Comes: says(401, `{"message":"Invalid authentication credentials"}`), Want: key.Unknown},
	}
}
