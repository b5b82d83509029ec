package program

import (
	"context"
	"errors"
	"fmt"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// keychain is a generic password of the login keychain. The program that comes
// with the system reads its commands from standard input, so that the value is
// no argument.
type keychain struct{ service, name string }

// notFound is the code with which the program says that there is no such entry.
const notFound = 44

// Read implements store.Entry.
func (k keychain) Read(ctx context.Context) (store.Held, error) {
	out, err := run(ctx, nil, "/usr/bin/security", "find-generic-password", "-s", k.service, "-a", k.name, "-w")
	if e, ok := errors.AsType[*failedError](err); ok {
		if e.code == notFound {
			return store.Held{}, nil
		}
		return store.Held{}, fmt.Errorf("%w (is the keychain unlocked?)", store.ErrUnavailable)
	}
	if err != nil {
		return store.Held{}, err
	}
	v, err := line(out)
	return store.Held{Value: v}, err
}

// Write implements store.Entry.
func (k keychain) Write(ctx context.Context, v secret.Value, _ store.Held) error {
	for _, c := range v.Reveal() {
		if c == '"' || c == '\\' || c == '\'' {
			return store.ErrValue // the program's quotes are not documented
		}
	}
	lines := fmt.Sprintf("add-generic-password -U -s %q -a %q -w \"%s\"\n", k.service, k.name, v.Reveal())
	_, err := run(ctx, []byte(lines), "/usr/bin/security", "-i")
	return unwritten(err)
}
