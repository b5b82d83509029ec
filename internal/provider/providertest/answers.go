package providertest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

const jsonType = "application/json"

// says answers with an object.
func says(status int, body string, header ...string) http.HandlerFunc {
	return simhttp.Answer(status, jsonType, body, header...)
}

// answers are the documented answers, and what is nearly them.
func answers(v Verifying) (all []Case) {
	yes, no := v.Accepts, v.Refuses
	all = append(all, near("acceptance", yes, key.Active)...)
	for _, status := range []int{201, 202, 203, 204, 205, 206, 207, 208, 226} {
		all = append(all, Case{What: fmt.Sprintf("the acceptance with status %d", status), Comes: says(status, yes.Body), Want: key.Unknown})
	}
	all = append(all,
		Case{What: "the acceptance with members that are new", Comes: says(yes.Status, strings.TrimSuffix(yes.Body, "}")+`,"new_member":{"a":[1,null]}}`), Want: key.Active},
		Case{What: "an object of something else", Comes: says(yes.Status, `{"status":"ok","version":"1.2.3"}`), Want: key.Unknown},
		Case{What: "an object of nothing", Comes: says(yes.Status, `{}`), Want: key.Unknown},
		Case{What: "an error with the status of success", Comes: says(yes.Status, `{"error":"Unauthorized","message":"no","statusCode":401}`), Want: key.Unknown},
	)
	if no.Status == 0 {
		return all
	}
	all = append(all, near("refusal", no, key.Inactive)...)
	for _, status := range []int{200, 402, 403, 404, 405, 410, 418, 422, 429, 451, 500, 502, 503, 504, 511, 521} {
		all = append(all, Case{What: fmt.Sprintf("the refusal with status %d", status), Comes: says(status, no.Body), Want: key.Unknown})
	}
	return append(all,
		Case{What: "the acceptance with the status of the refusal", Comes: says(no.Status, yes.Body), Want: key.Unknown},
		Case{What: "the status of the refusal with a form to sign in", Comes: simhttp.Answer(no.Status, "text/html", "<form>", "WWW-Authenticate", `Basic realm="proxy"`), Want: key.Unknown},
		Case{What: "the status of the refusal alone", Comes: simhttp.Answer(no.Status, "", ""), Want: key.Unknown},
		Case{What: "the status of the refusal in other words", Comes: says(no.Status, `{"message":"Unauthorized"}`), Want: key.Unknown},
		Case{What: "the status of the refusal with an empty object", Comes: says(no.Status, `{}`), Want: key.Unknown},
	)
}

// near is a documented answer in forms that mean the same, and in forms that do
// not count.
func near(name string, r Reply, meaning key.Status) []Case {
	first := r.Body[:strings.Index(r.Body, ":")+1] // `{"name":`
	member := first[1:]
	pretty, sorted := rewritten(r.Body)
	all := []Case{}
	counts := func(what string, h http.HandlerFunc) {
		all = append(all, Case{What: "the " + name + what, Comes: h, Want: meaning})
	}
	counts("", says(r.Status, r.Body))
	counts(" with its alphabet", simhttp.Answer(r.Status, "application/json; charset=utf-8", r.Body))
	counts(" of a type in capitals", simhttp.Answer(r.Status, "Application/JSON;Charset=UTF-8", r.Body))
	counts(" on many lines", says(r.Status, pretty))
	counts(" in another order, with a line's end", says(r.Status, sorted))
	counts(" between blanks", says(r.Status, "\r\n\t "+r.Body+" \n\n"))

	spoilt := func(what string, h http.HandlerFunc) {
		all = append(all, Case{What: "the " + name + " " + what, Comes: h, Want: key.Unknown})
	}
	for what, media := range map[string]string{
		"as a page": "text/html", "as text": "text/plain", "as bytes": "application/octet-stream", "as a problem": "application/problem+json", "as a script": "text/javascript",
		"as a form": "application/x-www-form-urlencoded", "of no type that is one": "json", "of two types": "application/json, text/html", "as lines of objects": "application/x-ndjson",
	} {
		spoilt(what, simhttp.Answer(r.Status, media, r.Body))
	}
	for what, body := range map[string]string{
		"twice": r.Body + r.Body, "twice, on lines": r.Body + "\n" + r.Body, "in a list": "[" + r.Body + "]", "in a string": quoted(r.Body), "inside of another object": `{"data":` + r.Body + `}`,
		"with rubbish before": "x" + r.Body, "with rubbish behind": r.Body + "x", "with a page behind": r.Body + "<html>", "with a comment": "/* */" + r.Body, "with a brace too many": r.Body + "}",
		"with a comma too many": strings.TrimSuffix(r.Body, "}") + ",}", "behind a mark of byte order": "\ufeff" + r.Body, "with a zero byte behind": r.Body + "\x00",
		"without its last byte": strings.TrimSuffix(r.Body, "}"), "without its last half": r.Body[:len(r.Body)/2], "of which one byte came": r.Body[:1], "in a call": "callback(" + r.Body + ");",
		"behind a guard": ")]}',\n" + r.Body, "in quotes of another kind": strings.ReplaceAll(r.Body, `"`, `'`), "with a byte that is no letter": strings.Replace(r.Body, `":`, "\xff\":", 1),
		"with its first member again, behind": strings.TrimSuffix(r.Body, "}") + "," + member + `null}`, "with its first member again, before": first + "null," + r.Body[1:],
		"with its first member in capitals": strings.ToUpper(first) + r.Body[len(first):], "with its first member empty": first + `"",` + rest(r.Body), "with its first member null": first + `null,` + rest(r.Body),
		"with its first member a list": first + `[],` + rest(r.Body), "without its first member": "{" + rest(r.Body), "in letters of two bytes": wide(r.Body),
		"with a number that is none": strings.TrimSuffix(r.Body, "}") + `,"x":NaN}`, "as a file of its own": "--b\r\nContent-Type: application/json\r\n\r\n" + r.Body + "\r\n--b--",
	} {
		spoilt(what, says(r.Status, body))
	}
	spoilt("without a type", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		w.WriteHeader(r.Status)
		_, _ = w.Write([]byte(r.Body)) // whoever hung up does not want it
	})
	spoilt("packed, which nobody asked for", says(r.Status, packed(r.Body), "Content-Encoding", "gzip"))
	spoilt("packed, without a word of it", says(r.Status, packed(r.Body)))
	return all
}

// rewritten is an object on many lines, and in the order of its names.
func rewritten(body string) (pretty, sorted string) {
	var lines bytes.Buffer
	var members map[string]json.RawMessage
	if json.Indent(&lines, []byte(body), " ", "\t") != nil || json.Unmarshal([]byte(body), &members) != nil {
		return "", ""
	}
	text, err := json.Marshal(members)
	if err != nil {
		return "", ""
	}
	return lines.String(), string(text) + "\n"
}

// rest is an object's text behind its first member, which must be a plain one.
func rest(body string) string {
	_, after, _ := strings.Cut(body, ",")
	return after
}

func quoted(body string) string {
	text, err := json.Marshal(body)
	if err != nil {
		return body
	}
	return string(text)
}

func wide(body string) string {
	var made strings.Builder
	for _, unit := range utf16.Encode([]rune(body)) {
		made.WriteByte(byte(unit))
		made.WriteByte(byte(unit >> 8))
	}
	return made.String()
}

func packed(body string) string {
	var made bytes.Buffer
	w := gzip.NewWriter(&made)
	_, err := w.Write([]byte(body))
	if err != nil || w.Close() != nil {
		return body
	}
	return made.String()
}

// statuses are answers that say nothing but their status, and when to come
// again.
func statuses() (all []Case) {
	for _, status := range []int{
		400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499,
		500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530, 599, 600, 777, 999,
	} {
		all = append(all, Case{What: fmt.Sprintf("status %d", status), Comes: says(status, `{"error":"x"}`), Want: key.Unknown})
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for text, wait := range map[string]time.Duration{
		"0": 0, "1": time.Second, "3600": time.Hour, "-1": 0, "1.5": 0, "soon": 0, "99999999999999999999": 24 * time.Hour, "": 0,
		date(time.Minute): time.Minute, date(-time.Minute): 0, date(49 * time.Hour): 24 * time.Hour, "Sun, 99 Nov 2026 12:00:00 GMT": 0,
	} {
		for _, status := range []int{429, 503} {
			all = append(all, Case{
				What: fmt.Sprintf("status %d, to come again %q", status, text), Comes: says(status, `{}`, "Retry-After", text, "Date", now.Format(http.TimeFormat)), Want: key.Unknown, Wait: wait,
			})
		}
	}
	for what, page := range map[string]http.HandlerFunc{
		"a gateway that has no answer":       simhttp.Answer(502, "text/html", "<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></html>"),
		"a gateway's own refusal":            says(401, `{"message":"Unauthorized","request_id":"1"}`),
		"a gateway's own ban":                says(403, `{"Message":"User is not authorized to access this resource with an explicit deny"}`),
		"a ban by address":                   simhttp.Answer(403, "text/html", "<title>Attention Required!</title>", "Server", "cloudflare"),
		"a riddle for browsers":              simhttp.Answer(503, "text/html", "<title>Just a moment...</title>", "Server", "cloudflare"),
		"a page of a firewall":               simhttp.Answer(200, "text/html", "<h1>Web Page Blocked</h1>", "Server", "FortiGate"),
		"a proxy that wants to be paid":      simhttp.Answer(407, "text/html", "<h1>Proxy</h1>", "Proxy-Authenticate", `Basic realm="p"`),
		"a proxy that wants to be paid, 401": simhttp.Answer(401, "text/html", "<h1>Proxy</h1>", "WWW-Authenticate", "Negotiate"),
		"a page of a host that is for sale":  simhttp.Answer(200, "text/html; charset=utf-8", "<h1>This domain is for sale</h1>"),
		"maintenance":                        simhttp.Answer(200, "text/html", "<h1>We'll be back soon</h1>"),
		"a file":                             simhttp.Answer(200, "application/zip", "PK\x03\x04"),
		"a picture":                          simhttp.Answer(200, "image/gif", "GIF89a\x01\x00\x01\x00"),
	} {
		all = append(all, Case{What: what, Comes: page, Want: key.Unknown})
	}
	return all
}
