package rules

import "fmt"

var confidenceNames = [...]string{None: "none", Low: "low", Medium: "medium", High: "high"}

// String returns the word that reports and rule files use.
func (c Confidence) String() string {
	if c < None || c > High {
		return fmt.Sprintf("Confidence(%d)", int(c))
	}
	return confidenceNames[c]
}

// MarshalText implements encoding.TextMarshaler.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; an unknown word is an
// error.
func (c *Confidence) UnmarshalText(text []byte) error {
	for i, name := range confidenceNames {
		if name == string(text) {
			*c = Confidence(i)
			return nil
		}
	}
	return fmt.Errorf("rules: confidence %q is not one of low, medium, high", text)
}
