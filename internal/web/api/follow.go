package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/web/access"
)

// How often a run is looked at while somebody follows it, how often something is
// sent though nothing changed, and for how long one answer goes on: then a browser
// asks again, as who it is then.
const (
	followPause   = time.Second
	followSilence = 15 * time.Second
	followLongest = 10 * time.Minute
)

// follow tells of a run as server-sent events: "run" with the run whenever it
// moves on, and "end" when it is over.
func (a *API) follow(w http.ResponseWriter, r *http.Request) {
	seq, err := numbered(r)
	if err == nil {
		_, err = a.Store.Run(r.Context(), seq)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	send := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(followSilence)) // not all have one
		if _, err := w.Write([]byte(text)); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	last, begun, told := "", time.Now(), time.Now()
	for time.Since(begun) < followLongest {
		run, err := a.Store.Run(r.Context(), seq)
		if err != nil {
			return
		}
		text, err := json.Marshal(run)
		if err != nil {
			return
		}
		switch now := string(text); {
		case now != last:
			if !send(fmt.Sprintf("event: run\ndata: %s\n\n", now)) {
				return
			}
			last, told = now, time.Now()
		case time.Since(told) > followSilence:
			if !send(":\n\n") {
				return
			}
			told = time.Now()
		}
		if run.State.Over() {
			send("event: end\ndata: {}\n\n")
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-access.Ending(r.Context()):
			return
		case <-time.After(followPause):
		}
	}
}
