package filelock

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// Flags and errors of LockFileEx.
const (
	failImmediately               = 1
	exclusive                     = 2
	lockViolation   syscall.Errno = 33
	ioPending       syscall.Errno = 997
)

// Try locks an open file until it is closed, or returns ErrHeld at once. The
// locked byte lies far behind any content, for locks on Windows keep others
// from reading. Package golang.org/x/sys/windows, which has LockFileEx, can
// reach the network, and what finds keys must not.
func Try(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	lockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	if err := lockFileEx.Find(); err != nil {
		return err
	}
	var locked error
	err = raw.Control(func(fd uintptr) {
		place := &syscall.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
		ok, _, failure := lockFileEx.Call(fd, exclusive|failImmediately, 0, 1, 0, uintptr(unsafe.Pointer(place)))
		if ok == 0 {
			locked = failure
		}
	})
	if errors.Is(locked, lockViolation) || errors.Is(locked, ioPending) {
		return ErrHeld
	}
	return errors.Join(err, locked)
}
