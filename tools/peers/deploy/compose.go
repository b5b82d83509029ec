package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
)

// compose reads a compose file as Docker Compose does: against its schema, with
// variables put in, references followed. Where it names a file that is built from, the
// file must be there.
func compose(ctx context.Context, path string) error {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithName("qleaks"), cli.WithResolvedPaths(true))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return err
	}
	for name, service := range project.Services {
		if service.Build == nil {
			continue
		}
		file := service.Build.Dockerfile
		if !filepath.IsAbs(file) {
			file = filepath.Join(service.Build.Context, file)
		}
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	fmt.Printf("compose.yaml: %d services\n", len(project.Services))
	return nil
}
