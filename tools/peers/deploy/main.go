// Command deploy reads the files of deploy/ as Docker Compose and Kubernetes read
// them, and fails for a field that these do not know, or a reference that leads
// nowhere:
//
//	go -C tools/peers/deploy run . ../../../deploy
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: deploy DIR")
		os.Exit(2)
	}
	failed := false
	for _, of := range []struct {
		name string
		read func(ctx context.Context, path string) error
	}{{"compose.yaml", compose}, {"kubernetes.yaml", manifests}} {
		if err := of.read(context.Background(), filepath.Join(os.Args[1], of.name)); err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %v\n", of.name, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}
