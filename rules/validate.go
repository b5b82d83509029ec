package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

const ruleID = `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`

// validate says what is wrong with a rule, naming the field.
func (r *Rule) validate() error {
	var errs []error
	if !regexp.MustCompile(ruleID).MatchString(r.ID) {
		errs = append(errs, fmt.Errorf("id %q is not of the form word-word-word", r.ID))
	}
	for field, value := range map[string]string{
		"provider": r.Provider, "title": r.Title, "description": r.Description, "fix": r.Fix, "page": r.Page,
	} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", field))
		}
	}
	if !slices.Contains([]Severity{SeverityCritical, SeverityHigh, SeverityMedium, SeverityLow}, r.Severity) {
		errs = append(errs, fmt.Errorf("severity %q is not one of critical, high, medium, low", r.Severity))
	}
	if len(r.Evidence) == 0 || len(r.Evidence) > maxEvidence {
		errs = append(errs, fmt.Errorf("a rule needs 1 to %d pieces of evidence, this one has %d", maxEvidence, len(r.Evidence)))
	}
	for _, e := range r.Evidence {
		if e.Name == "" || e.Confidence == None {
			errs = append(errs, fmt.Errorf("evidence %q needs a name and a confidence", e.Name))
		}
		for _, p := range e.Part {
			if !slices.Contains(notebookParts(), p) {
				errs = append(errs, fmt.Errorf("evidence %q: part %q is not one of %v", e.Name, p, notebookParts()))
			}
		}
	}
	// Map order must not show in the message.
	slices.SortFunc(errs, func(a, b error) int {
		if a.Error() < b.Error() {
			return -1
		}
		return 1
	})
	return errors.Join(append(errs, r.Token.validate())...)
}

// notebookParts are the parts of a notebook that evidence may ask for.
func notebookParts() []string {
	return []string{"source", "output", "traceback", "metadata", "attachment"}
}

func (t *Token) validate() error {
	byRun, byPattern := t.Alphabet != "", t.Pattern != ""
	if byRun == byPattern {
		return errors.New("token: it needs either an alphabet or keywords with a pattern")
	}
	if byPattern != (len(t.Keywords) > 0) {
		return errors.New("token: a pattern and its keywords go together")
	}
	for _, k := range t.Keywords {
		if len(k) < 2 || len(k) > maxKeyword {
			return fmt.Errorf("token: keyword %q must have 2 to %d bytes", k, maxKeyword)
		}
	}
	if byPattern && t.Sample == "" {
		return errors.New("token: a pattern needs a sample, from which tests make values")
	}
	if t.Max < t.Min || t.Max < 1 || t.Max > maxWidth {
		return fmt.Errorf("token: lengths from %d to %d make no sense", t.Min, t.Max)
	}
	for _, need := range t.Needs {
		if _, ok := needByName(need); !ok {
			return fmt.Errorf("token: unknown need %q", need)
		}
	}
	if !byRun {
		return nil
	}
	if t.Min < minRunLength {
		return fmt.Errorf("token: a run of fewer than %d bytes is too common; use keywords and a pattern", minRunLength)
	}
	alphabet, err := newByteSet(t.Alphabet)
	if err != nil {
		return fmt.Errorf("token: alphabet: %w", err)
	}
	wide, err := newByteSet(runAlphabet)
	if err != nil {
		return err
	}
	for c := range alphabet {
		if alphabet[c] && !wide[c] {
			return fmt.Errorf("token: alphabet: %q is not within %s", rune(c), runAlphabet)
		}
	}
	return nil
}
