package auditreport_test

import (
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/auditreport"
	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

const day = 24 * time.Hour

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func ago(days int) time.Time { return noon.Add(-time.Duration(days) * day) }

// organisation is a laboratory with three accounts: most keys are as they
// should be, and each of the others is wrong in a way of its own.
func organisation() auditreport.Report {
	lists := []inventory.Snapshot{ibmList(), ionqList(), qbraidList()}
	inv := inventory.Merge(lists, []inventory.Registration{
		registered("fp-nightly", key.Key{Provider: "ibm", ID: "ApiKey-nightly", Name: "nightly"}, "Actions secret of lab/calibration"),
		registered("fp-laptop", key.Key{Provider: "ionq", ID: "k-laptop", Name: "ada-laptop"}, ""),
		registered("fp-account", key.Key{Provider: "ibm", ID: "ApiKey-ada", Name: "ada"}, ""),
	})
	known := hygiene.Known{
		Now: noon, Lists: inv.Lists, Cases: hygiene.Cases(inv, findings(), "public"), Searched: true,
		Attested: attested(), Secrets: []hygiene.Secret{
			{Where: "lab/calibration", Name: "QISKIT_IBM_TOKEN", Provider: "ibm", Updated: ago(30)},
			{Where: "lab/old", Name: "IONQ_API_KEY", Provider: "ionq", Updated: ago(500)},
		},
		Alerts: alerts("IBM Cloud IAM Key", "src/submit.py"),
	}
	return auditreport.Report{
		Known: known, Lapses: hygiene.Judge(known), Searched: []string{"lab/bell", "~"},
		Gaps: []string{"lab/bell is a shallow clone: what came before is not known"}, Version: "0.1.0",
	}
}

// alerts are one of a key that was found, one of nothing that was, and one that
// is closed.
func alerts(title, path string) []finding.Alert {
	alert := func(number int64) finding.Alert {
		return finding.Alert{
			Repository: "github.com/lab/bell", Number: number, URL: fmt.Sprintf("https://github.com/lab/bell/security/secret-scanning/%d", number), Title: title,
			Open: true, Validity: "unknown", Created: ago(4), Places: []finding.AlertPlace{{Path: path, Line: 3, Commit: "992c7f4"}},
		}
	}
	all := []finding.Alert{alert(1), alert(2), alert(3)}
	all[0].Finding = "qlfp-laptopsrc/submit.py"
	all[1].Bypassed = ago(4)
	all[2].Open, all[2].Resolution = false, "revoked"
	return all
}

func registered(fingerprint string, k key.Key, place string) inventory.Registration {
	return inventory.Registration{Fingerprint: secret.Fingerprint(fingerprint), Salt: "public", Key: k, Since: ago(60), How: inventory.Claimed, Place: place}
}

func listOf(name, provider string, way inventory.Way, age int, keys ...key.Key) inventory.Snapshot {
	for i := range keys {
		keys[i].Provider = provider
	}
	return inventory.Snapshot{
		Account: inventory.Account{Name: name, Provider: provider, ID: name}, AsOf: ago(age), Taken: ago(age), Origin: inventory.Origin{Way: way},
		Extent: inventory.Extent{Everybody: key.Yes, Services: key.Yes}, Whole: true, Keys: keys,
	}
}

func ibmList() inventory.Snapshot {
	state := key.State{Disabled: key.No, Locked: key.No, Retrievable: key.No, Expiring: key.No, OnLeak: "disable"}
	locked := state
	locked.Locked, locked.Expiring = key.Yes, key.Yes
	ada := key.Party{ID: "IBMid-1", Name: "Ada", Email: "ada@lab.example"}
	return listOf("lab-ibm", "ibm", inventory.ByAPI, 0,
		key.Key{ID: "ApiKey-nightly", Name: "nightly", Kind: "serviceid", Owner: key.Party{ID: "iam-ServiceId-1", Name: "nightly-calibration"}, Dates: key.Dates{Created: ago(60), Expires: noon.Add(30 * day)}, Use: key.Use{Known: true, Last: ago(0)}, State: locked},
		key.Key{ID: "ApiKey-ada", Name: "ada", Kind: "user", Owner: ada, Dates: key.Dates{Created: ago(300)}, Use: key.Use{Known: true, Last: ago(2)}, State: state},
		key.Key{ID: "ApiKey-poster", Name: "poster-session", Kind: "user", Owner: ada, Dates: key.Dates{Created: ago(220)}, Use: key.Use{Known: true, Last: ago(150)}, State: state},
	)
}

func ionqList() inventory.Snapshot {
	bell := key.Party{ID: "p-1", Name: "bell"}
	return listOf("lab-ionq", "ionq", inventory.ByImport, 9,
		key.Key{ID: "k-laptop", Name: "ada-laptop", Owner: key.Party{Name: "Ada", Email: "ada@lab.example"}, Project: bell, Dates: key.Dates{Created: ago(80)}, Use: key.Use{Known: true, Last: ago(9)}},
		key.Key{ID: "k-course", Name: "course-2025", Owner: key.Party{Name: "Charles", Email: "charles@lab.example"}, Dates: key.Dates{Created: ago(400)}, Use: key.Use{Known: true, Last: ago(140)}},
	)
}

func qbraidList() inventory.Snapshot {
	return listOf("lab-qbraid", "qbraid", inventory.ByImport, 1,
		key.Key{Name: "hackathon", Dates: key.Dates{Created: ago(40)}},
	)
}

func attested() []hygiene.Attestation {
	var all []hygiene.Attestation
	for _, account := range []string{"lab-ibm", "lab-ionq"} {
		for _, d := range hygiene.Duties() {
			all = append(all, hygiene.Attestation{Duty: d.ID, Account: account, Yes: d.ID != "mfa" || account != "lab-ionq", By: "Grace", At: ago(20)})
		}
	}
	all[len(all)-1].Gone = []string{"charles@lab.example"}
	return all
}

func found(provider, fingerprint, path string, line, age int, standing finding.Standing) finding.Finding {
	titles := map[string]string{"ionq": "IonQ API key", "ibm": "IBM Cloud API key", "qbraid": "qBraid API key"}
	return finding.Finding{
		ID: "ql" + fingerprint + path, Rule: &rules.Rule{ID: provider + "-api-key", Provider: provider, Title: titles[provider]},
		Fingerprint: secret.Fingerprint(fingerprint), Standing: standing, Repository: "github.com/lab/bell", Path: path,
		Occurrences: []finding.Occurrence{{
			Place: source.Blob, Location: finding.Location{Path: path, Line: line},
			Git: &finding.Git{Commit: "992c7f4", Author: "Ada", Email: "ada@lab.example", Date: ago(age)},
		}},
	}
}

func said(status key.Status, reason string, age int, told key.Key) finding.Standing {
	return finding.Standing{Status: status, Check: &finding.Check{Verdict: key.Verdict{Status: status, Reason: reason, Key: told, Evidence: key.Evidence{Asked: ago(age)}}}}
}

func findings() []finding.Finding {
	kept := found("ibm", "fp-account", "~/.qiskit/qiskit-ibm.json", 1, 0, finding.Standing{Status: key.Unknown})
	kept.Repository = ""
	kept.Occurrences[0].Git, kept.Occurrences[0].Place = nil, source.File
	kept.Occurrences[0].Access = source.Access{Mode: 0o644, Readers: source.Everybody, Store: true}
	return []finding.Finding{
		found("ionq", "fp-laptop", "notebooks/bell.ipynb", 14, 12, said(key.Active, "the provider accepted it", 1, key.Key{ID: "k-laptop"})),
		found("ionq", "fp-laptop", "src/submit.py", 3, 10, said(key.Active, "the provider accepted it", 1, key.Key{ID: "k-laptop"})),
		found("qbraid", "fpstrangerqbraid", "hackathon/run.py", 2, 200, said(key.Inactive, "the provider refused it", 1, key.Key{})),
		found("ibm", "fpstrangeribm", "docs/tutorial.md", 40, 30, finding.Standing{Status: key.Unknown}),
		kept,
	}
}
