package providertest

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// raw answers with bytes that no server would write, and hangs up.
func raw(parts ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		for _, part := range parts {
			if _, err := io.WriteString(connection, part); err != nil {
				break
			}
		}
		_ = connection.Close() // that is the point
	}
}

// head begins a raw answer.
func head(version string, status int, header ...string) string {
	return fmt.Sprintf("HTTP/%s %d X\r\n%s\r\n", version, status, strings.Join(append(header, ""), "\r\n"))
}

// wires are answers as they come over a wire: old, in pieces, cut short, too
// long, too slow, and no answers at all.
func wires(v Verifying) []Case {
	yes := v.Accepts
	status, body := yes.Status, yes.Body
	const media = "Content-Type: application/json"
	long := fmt.Sprintf("Content-Length: %d", len(body))
	active := func(what string, parts ...string) Case {
		return Case{What: what, Comes: raw(parts...), Want: key.Active}
	}
	unknown := func(what string, parts ...string) Case {
		return Case{What: what, Comes: raw(parts...), Want: key.Unknown}
	}
	half := body[:len(body)/2]
	return append(endless(v),
		active("the acceptance of an old server", head("1.0", status, media), body),
		active("the acceptance of an old server that keeps the connection", head("1.0", status, media, long, "Connection: keep-alive"), body),
		active("the acceptance in chunks", head("1.1", status, media, "Transfer-Encoding: chunked"), chunk(half), chunk(body[len(half):]), "0\r\n\r\n"),
		active("the acceptance in chunks with a trailer", head("1.1", status, media, "Transfer-Encoding: chunked", "Trailer: X"), chunk(body), "0\r\nX: y\r\n\r\n"),
		active("the acceptance after hints", head("1.1", 103, "Link: </style.css>; rel=preload"), head("1.1", status, media, long), body),
		active("the acceptance with line ends of Unix", strings.ReplaceAll(head("1.1", status, media, long), "\r\n", "\n"), body),
		active("more than was announced", head("1.1", status, media, long), body, "HTTP/1.1 401 X\r\n\r\n"),
		active("two lengths that agree", head("1.1", status, media, long, long), body),

		unknown("nothing"),
		unknown("an empty line", "\r\n\r\n"),
		unknown("a line of status alone", "HTTP/1.1 200 OK\r\n"),
		unknown("a body without a head, as before 1.0", body),
		unknown("another protocol", "SSH-2.0-OpenSSH_9.9\r\n"),
		unknown("an alert of TLS", "\x15\x03\x01\x00\x02\x02\x46"),
		unknown("the beginning of HTTP/2", "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
		unknown("a version of HTTP that is none", head("one", status, media, long), body),
		unknown("a status that is none", "HTTP/1.1 2OO OK\r\n"+media+"\r\n"+long+"\r\n\r\n"+body),
		unknown("a status of four digits", "HTTP/1.1 2000 OK\r\n"+media+"\r\n"+long+"\r\n\r\n"+body),
		unknown("a head that is cut short", "HTTP/1.1 200 OK\r\n"+media),
		unknown("a head with a line that is none", head("1.1", status, media, long, "nonsense"), body),
		unknown("a head with a blank name", head("1.1", status, media, long, ": x"), body),
		unknown("a head too large", head("1.1", status, media, long, "X-Long: "+strings.Repeat("x", 1<<20)), body),
		unknown("a head of too many lines", head("1.1", status, media, long)[:len(head("1.1", status, media, long))-2], strings.Repeat("X: y\r\n", 1<<17), "\r\n", body),
		unknown("too many hints", strings.Repeat(head("1.1", 103), 1<<17), head("1.1", status, media, long), body),
		unknown("another protocol, by agreement", head("1.1", 101, "Upgrade: h2c", "Connection: Upgrade"), body),
		unknown("cut short in the middle", head("1.1", status, media, long), half),
		unknown("cut short before the last byte", head("1.1", status, media, long), body[:len(body)-1]),
		unknown("cut short by an old server", head("1.0", status, media), half),
		unknown("a head and nothing", head("1.1", status, media, long)),
		unknown("a length that is none", head("1.1", status, media, "Content-Length: many"), body),
		unknown("a length below nothing", head("1.1", status, media, "Content-Length: -1"), body),
		unknown("two lengths", head("1.1", status, media, long, "Content-Length: 2"), body),
		unknown("a length of nothing", head("1.1", status, media, "Content-Length: 0"), body),
		unknown("a length that is shorter", head("1.1", status, media, fmt.Sprintf("Content-Length: %d", len(body)-1)), body),
		unknown("chunks that end too early", head("1.1", status, media, "Transfer-Encoding: chunked"), chunk(half)),
		unknown("chunks without the last one", head("1.1", status, media, "Transfer-Encoding: chunked"), chunk(body)),
		unknown("chunks of no size", head("1.1", status, media, "Transfer-Encoding: chunked"), "many\r\n", body, "\r\n0\r\n\r\n"),
		unknown("chunks of a size too large", head("1.1", status, media, "Transfer-Encoding: chunked"), "ffffffffffffffff\r\n", body),
		unknown("chunks of another kind", head("1.1", status, media, "Transfer-Encoding: gzip, chunked"), chunk(body), "0\r\n\r\n"),
		Case{What: "a cut before the answer", Comes: func(w http.ResponseWriter, _ *http.Request) { simhttp.Cut(w) }, Want: key.Unknown},
	)
}

func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

// endless are answers of which more comes than anybody wants, or which come too
// slowly. Until the other side hangs up, in each case.
func endless(v Verifying) []Case {
	yes := v.Accepts
	open := func(w http.ResponseWriter, header ...string) {
		w.Header().Set("Content-Type", jsonType)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(yes.Status)
	}
	without := func(what string, each string) Case {
		return Case{What: what, Want: key.Unknown, Comes: func(w http.ResponseWriter, r *http.Request) {
			open(w)
			for block := strings.Repeat(each, 1<<12); r.Context().Err() == nil; {
				if _, err := io.WriteString(w, block); err != nil {
					return
				}
			}
		}}
	}
	hang := func(w http.ResponseWriter, r *http.Request, some string) {
		_, _ = io.WriteString(w, some) // whoever hung up does not want it
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	// net/http notices that the other side hung up only when the question was
	// read.
	asked := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				h(w, r)
			}
		}
	}
	return []Case{
		without("blanks without an end", " "),
		without("objects without an end", "{}"),
		without("lists within lists without an end", "["),
		without("a name without an end", `{"aaaaaaaaaaaaaaaa`),
		{What: "a length of a gigabyte", Want: key.Unknown, Comes: func(w http.ResponseWriter, _ *http.Request) { open(w, "Content-Length", "1073741824") }},
		{What: "a hundred thousand lists within lists", Want: key.Unknown, Comes: says(yes.Status, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000))},
		{What: "the acceptance, with lists within lists behind", Want: key.Unknown, Comes: says(yes.Status, strings.TrimSuffix(yes.Body, "}")+`,"x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+"}")},
		{What: "nothing for a long time", patient: true, Want: key.Unknown, Comes: asked(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{What: "a head, and nothing for a long time", patient: true, Want: key.Unknown, Comes: asked(func(w http.ResponseWriter, r *http.Request) { open(w); hang(w, r, "") })},
		{What: "half of it, and nothing for a long time", patient: true, Want: key.Unknown, Comes: asked(func(w http.ResponseWriter, r *http.Request) { open(w); hang(w, r, yes.Body[:len(yes.Body)/2]) })},
		{What: "all of it, and no end", patient: true, Want: key.Unknown, Comes: asked(func(w http.ResponseWriter, r *http.Request) { open(w); hang(w, r, yes.Body) })},
	}
}
