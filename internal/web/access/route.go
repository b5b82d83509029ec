package access

import "net/http"

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
	Public  bool
	Handler http.Handler
}
