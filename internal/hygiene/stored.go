package hygiene

import (
	"fmt"

	"github.com/qleaks/qleaks/scanner/source"
)

// stored are the policies about files and variables that hold keys on purpose.
func stored() []Policy {
	return []Policy{
		{
			ID: "world-readable-file", Title: "others can read the file with the key", Severity: High,
			Reason: "IonQ: keep a key as you keep a password. Qiskit writes qiskit-ibm.json, and qBraid qbraidrc, with the mode that new files have.",
			Page:   ionqKeys,
			Advice: "chmod 600 FILE; and replace the key if you do not trust everybody on the computer.",
			find:   eachPlace(readable),
		},
		{
			ID: "system-wide-variable", Title: "a variable of the whole computer", Severity: Medium,
			Reason: "Every program of everybody on the computer gets it. IonQ describes variables for oneself: on Windows those of the user, not of the system.",
			Page:   ionqKeys,
			Advice: "Set the variable for yourself only, and replace the key if others use the computer.",
			find: eachPlace(func(p Place) (string, Severity) {
				if p.Kind != source.SystemEnvironment {
					return "", ""
				}
				return p.Path, ""
			}),
		},
	}
}

// eachPlace is a policy about the places of keys; a severity of its own takes
// the place of the policy's.
func eachPlace(said func(p Place) (string, Severity)) func(*Known) []Lapse {
	return func(k *Known) []Lapse {
		var lapses []Lapse
		for _, c := range k.Cases {
			for i := range c.Places {
				if text, severity := said(c.Places[i]); text != "" {
					lapses = append(lapses, Lapse{Said: text, Severity: severity, Case: c, Place: &c.Places[i]})
				}
			}
		}
		return lapses
	}
}

func readable(p Place) (string, Severity) {
	switch a := p.Access; {
	case a.Readers == source.Everybody:
		return fmt.Sprintf("%s: mode %04o, everybody on the computer can read it", p.Path, a.Mode), High
	case a.Readers == source.GroupToo:
		return fmt.Sprintf("%s: mode %04o, its group can read it", p.Path, a.Mode), Medium
	case a.Loose():
		return fmt.Sprintf("%s: mode %04o, and only a directory above it keeps others out", p.Path, a.Mode), Low
	}
	return "", ""
}
