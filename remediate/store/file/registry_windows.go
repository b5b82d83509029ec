package file

import (
	"context"
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// userEnvironment is where Windows keeps the variables of a person; those of the
// machine can be read by everybody who uses it, and are not written.
const userEnvironment = `Environment`

// variable is one of the person's variables.
type variable struct {
	use  store.Use
	name string
}

func openUserVariable(d store.Declaration, u store.Use) (store.Store, error) {
	return variable{u, d.Text("variable")}, nil
}

func (v variable) read(access uint32) (registry.Key, secret.Value, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, userEnvironment, access)
	if err != nil {
		return 0, secret.Value{}, err
	}
	text, _, err := key.GetStringValue(v.name)
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		_ = key.Close() // nothing was written
		return 0, secret.Value{}, err
	}
	return key, secret.New([]byte(text)), nil
}

// Check implements store.Store.
func (v variable) Check(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	key, held, err := v.read(registry.QUERY_VALUE | registry.SET_VALUE)
	if err != nil {
		return "", err
	}
	return v.use.Mark(held), key.Close()
}

// Put implements store.Store.
func (v variable) Put(ctx context.Context, value secret.Value, mark string) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if store.CheckValue(value) != nil || !safe().MatchString(value.Reveal()) {
		return "", store.ErrValue
	}
	key, held, err := v.read(registry.QUERY_VALUE | registry.SET_VALUE)
	if err != nil {
		return "", err
	}
	defer key.Close()
	switch {
	case held.Equal(value):
		return v.use.Mark(value), nil
	case v.use.Mark(held) != mark:
		return "", store.ErrChanged
	}
	if err := key.SetStringValue(v.name, value.Reveal()); err != nil {
		return "", err
	}
	broadcast()
	return v.use.Mark(value), nil
}

// Confirm implements store.Store.
func (v variable) Confirm(ctx context.Context, value secret.Value) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	key, held, err := v.read(registry.QUERY_VALUE)
	if err != nil {
		return false, err
	}
	defer key.Close()
	if !held.Equal(value) {
		return false, store.ErrDiffers
	}
	return true, nil
}

// broadcast tells programs that variables have changed, as setx does: terminals
// that the Explorer opens from now on have the new value.
func broadcast() {
	const (
		everybody     = 0xffff
		settingChange = 0x001a
		abortIfHung   = 0x0002
		milliseconds  = 2000
	)
	name, err := windows.UTF16PtrFromString(userEnvironment)
	if err != nil {
		return // the name has no NUL
	}
	send := windows.NewLazySystemDLL("user32.dll").NewProc("SendMessageTimeoutW")
	if send.Find() == nil {
		// Who does not hear of it sees the new value after the next login.
		_, _, _ = send.Call(everybody, settingChange, 0, uintptr(unsafe.Pointer(name)), abortIfHung, milliseconds, 0)
	}
}
