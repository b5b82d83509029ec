package peers

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qleaks/qleaks/cmd/qleaks/internal/cli"
)

// TestMain puts qleaks into PATH: this test's own program under that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"qleaks": func() { os.Exit(cli.Main(context.Background(), cli.Process())) }})
}
