// Command qleaks finds quantum-cloud keys where they should not be.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/qleaks/qleaks/cmd/qleaks/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills
	os.Exit(cli.Main(ctx, cli.Process()))
}
