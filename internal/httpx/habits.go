package httpx

import (
	"net/http"
	"time"
)

// Habits are what is particular about a server; the zero Habits are nothing.
type Habits struct {
	// Memory keeps answers, so that the server is asked only whether they still
	// hold.
	Memory Memory
	// Limited says whether an answer means that too much was asked, and for how
	// long to leave the server alone, where it says so in its own way.
	Limited func(Response) (wait time.Duration, limited bool)
	// Waiting hears how long the server asked to be left alone, whenever that is
	// done.
	Waiting func(time.Duration)
}

// Memory keeps answers to GET by a text that tells requests apart. It may lose
// what it was given at any time. It is used by many goroutines at once.
type Memory interface {
	Recall(request string) (Kept, bool)
	Keep(request string, k Kept)
}

// Kept is an answer with what the server calls this version of it.
type Kept struct {
	Tag  string `json:"tag"`
	Type string `json:"type"`
	// Link leads to the next page of a list.
	Link string `json:"link,omitempty"`
	Body []byte `json:"body"`
}

// Adopt makes the Client know a server's habits. It is called before the first
// request.
func (c *Client) Adopt(h Habits) { c.habits = h }

// Header is one header of an answer, "" where it has none.
func (r Response) Header(name string) string { return r.header.Get(name) }

// recalled is what tells two questions apart whose answers differ.
func recalled(question *http.Request) string {
	return question.URL.String() + " " + question.Header.Get("Accept")
}

// recall adds to a question which answer to it is known.
func (c *Client) recall(question *http.Request) (*http.Request, *Kept) {
	if c.habits.Memory == nil || question.Method != http.MethodGet {
		return question, nil
	}
	kept, ok := c.habits.Memory.Recall(recalled(question))
	if !ok || kept.Tag == "" {
		return question, nil
	}
	asked := question.Clone(question.Context())
	asked.Header.Set("If-None-Match", kept.Tag)
	return asked, &kept
}

// renew puts the known answer in the place of the one that says it still holds,
// and keeps a new one.
func (c *Client) renew(question *http.Request, answer *Response, kept *Kept) {
	switch {
	case c.habits.Memory == nil || question.Method != http.MethodGet:
	case answer.Status == http.StatusNotModified && kept != nil:
		answer.Status, answer.Type, answer.Body = http.StatusOK, kept.Type, kept.Body
		answer.header.Set("Content-Type", kept.Type)
		if answer.header.Del("Link"); kept.Link != "" {
			answer.header.Set("Link", kept.Link)
		}
	case answer.Status == http.StatusOK && answer.header.Get("ETag") != "":
		c.habits.Memory.Keep(recalled(question), Kept{answer.header.Get("ETag"), answer.Type, answer.header.Get("Link"), answer.Body})
	}
}
