package access

import (
	"net/url"
	"strings"
)

// The addresses of signing in, which the provider and the pages are told.
const (
	// SignInPath is where browsers are sent that have to sign in; the parameter next
	// says where to go then.
	SignInPath = "/sign-in"
	// CallbackPath is where the provider sends browsers back to.
	CallbackPath = "/sign-in/provider/callback"
)

// SignInAddress is where a browser that asked for a page signs in.
func SignInAddress(next string) string {
	next = LocalPath(next)
	if next == "/" {
		return SignInPath
	}
	return SignInPath + "?" + url.Values{"next": {next}}.Encode()
}

// LocalPath is where to go after signing in: a path of this server as it was
// asked for, or "/" in place of anything that leads elsewhere.
func LocalPath(next string) string {
	if len(next) > 2000 || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\x00\r\n\t") {
		return "/"
	}
	for _, c := range next {
		if c < ' ' || c == 0x7f {
			return "/"
		}
	}
	return next
}
