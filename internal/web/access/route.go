package access

import (
	"context"
	"net/http"
)

// Route is one thing that the server answers. The server has one table of them,
// and lets nobody through to a handler who has not the role.
type Route struct {
	// Method is an HTTP method in capitals; GET answers HEAD, too.
	Method string
	// Pattern is a path as net/http.ServeMux reads it, without method and host:
	// "/findings/{seq}". One that ends in "/" must end in "/{$}".
	Pattern string
	// Role is the least that is needed. A route without one must be Public.
	Role Role
	// Public lets everybody through, signed in or not.
	Public bool
	// Programs says that programs ask which have no session, and prove otherwise who
	// they are: they come from no page.
	Programs bool
	// Stream says that the answer goes on for as long as the browser looks at it.
	Stream bool
	// Body is how large a body may be, in bytes; 0 means what the server allows.
	Body    int64
	Handler http.Handler
}

type endingKey struct{}

// WithEnding returns a context of a request to a server that closes a channel when
// it is told to end.
func WithEnding(ctx context.Context, ending <-chan struct{}) context.Context {
	return context.WithValue(ctx, endingKey{}, ending)
}

// Ending is closed when the server is told to end: answers that are streams end
// then. It is nil where nobody tells.
func Ending(ctx context.Context) <-chan struct{} {
	ending, _ := ctx.Value(endingKey{}).(<-chan struct{})
	return ending
}
