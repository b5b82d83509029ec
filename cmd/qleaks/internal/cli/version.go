package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/rules"
)

// programVersion is what the Go toolchain wrote into the program.
type programVersion struct {
	Version  string
	Revision string
	Modified bool
}

func thisVersion() programVersion {
	v := programVersion{Version: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.Version = info.Main.Version; v.Version == "" || v.Version == "(devel)" {
		v.Version = "development"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func newVersionCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which qleaks this is, and by which rules it looks",
		Example: "  qleaks version",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return runVersion(env) },
	}
}

func runVersion(env Env) error {
	set, err := rules.Builtin()
	if err != nil {
		return couldNot("the built-in rules are broken", err)
	}
	hash, err := set.Hash()
	if err != nil {
		return couldNot("the built-in rules are broken", err)
	}
	v := thisVersion()
	revision := v.Revision
	if revision == "" {
		revision = "unknown"
	}
	if v.Modified {
		revision += ", modified"
	}
	_, err = fmt.Fprintf(env.Stdout, "qleaks %s\nrevision %s\nrules    %d, %s\nbuilt    %s, %s/%s\n",
		v.Version, revision, len(set.Rules()), hash[:12], runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
