package handover

import "os"

// passed are the signals that this process outlives: Windows sends Ctrl-C to the
// program by itself.
func passed() []os.Signal { return []os.Signal{os.Interrupt} }

func codeOf(s *os.ProcessState) int { return s.ExitCode() }
