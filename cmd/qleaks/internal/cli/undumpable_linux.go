package cli

import "golang.org/x/sys/unix"

// keepToItself lets no core be written of this process, and no other process of the
// same user read its memory and its environment. What a kernel refuses stays as it
// was: it is a second wall.
func keepToItself() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
