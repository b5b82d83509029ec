package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// writeConsoles writes down what the key pages of the consoles show.
func (w *World) writeConsoles(dir string) error {
	var ionq, qbraid strings.Builder
	ionq.WriteString("Name\tProject\tLast used\n")
	for _, k := range w.IonQ.Keys() {
		fmt.Fprintf(&ionq, "%s\t%s\t%s\n", k.Name, k.Project, shown(k.Used))
	}
	qbraid.WriteString("Name\tCreated\tLast used\tStatus\n")
	for _, k := range w.QBraid.Keys() {
		fmt.Fprintf(&qbraid, "%s\t%s\t%s\tactive\n", k.Name, shown(k.Created), shown(k.Used))
	}
	for provider, page := range map[string]string{"ionq": ionq.String(), "qbraid": qbraid.String()} {
		name := filepath.Join(dir, provider+"-console.txt")
		if err := os.WriteFile(name, []byte(page), 0o600); err != nil {
			return err
		}
		w.Consoles[provider] = name
	}
	return nil
}

func shown(t time.Time) string {
	if t.IsZero() {
		return "Never"
	}
	return t.UTC().Format(time.DateOnly)
}
