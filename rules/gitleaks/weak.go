package gitleaks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// gitleaks takes a string for a list or a number where one is wanted, and
// people's configurations have them.

var errKind = errors.New("a value has the wrong kind")

// texts is a list of strings, or one string with commas in it.
type texts []string

// UnmarshalTOML implements toml.Unmarshaler.
func (t *texts) UnmarshalTOML(value any) error {
	switch v := value.(type) {
	case string:
		*t = nil
		if v != "" {
			*t = strings.Split(v, ",")
		}
		return nil
	case []any:
		*t = make(texts, 0, len(v))
		for _, item := range v {
			switch item.(type) {
			case string, int64, float64, bool:
				*t = append(*t, fmt.Sprint(item))
			default:
				return errKind
			}
		}
		return nil
	}
	return errKind
}

// decimal is a number, or a string that holds one.
type decimal float64

// UnmarshalTOML implements toml.Unmarshaler.
func (d *decimal) UnmarshalTOML(value any) error {
	n, err := number(value)
	*d = decimal(n)
	return err
}

// count is a whole number, or a string that holds one.
type count int

// UnmarshalTOML implements toml.Unmarshaler.
func (c *count) UnmarshalTOML(value any) error {
	n, err := number(value)
	*c = count(n)
	return err
}

func number(value any) (float64, error) {
	switch v := value.(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return 0, errKind
		}
		return n, nil
	}
	return 0, errKind
}
