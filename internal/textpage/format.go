package textpage

import (
	"fmt"
	"io"
	"strings"
)

// Options say how to write text.
type Options struct {
	Color bool
	// Width is the number of columns; 0 means 80.
	Width int
}

// Format is one way to write a report of type T.
type Format[T any] struct {
	Name  string
	Write func(w io.Writer, t T, o Options) error
}

// Formats are all ways to write one, text first.
type Formats[T any] []Format[T]

// Names are how people choose one.
func (f Formats[T]) Names() []string {
	var names []string
	for _, one := range f {
		names = append(names, one.Name)
	}
	return names
}

// Write writes a report in the format of that name.
func (f Formats[T]) Write(w io.Writer, name string, t T, o Options) error {
	for _, one := range f {
		if one.Name != name {
			continue
		}
		if err := one.Write(w, t, o); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("format %q is not one of %s", name, strings.Join(f.Names(), ", "))
}
