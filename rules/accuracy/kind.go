package accuracy

import (
	"hash/fnv"
	"strings"

	"github.com/qleaks/qleaks/rules/sample"
)

// kind is one kind of key: whose it is, and the template of its value.
type kind struct{ provider, value string }

// kindOf returns a kind by its name in a template; a digit at its end is for a
// second key of the kind. Values follow what the providers document or their
// users' keys show; where nothing is published, 40 letters and digits stand in.
func kindOf(name string) (kind, bool) {
	const unpublished = "{{ALNUM40}}"
	k, ok := map[string]kind{
		"IONQ":         {"ionq", "{{ALNUM32}}"},
		"IBM":          {"ibm", "{{B64URL44}}"},
		"IBM_RETIRED":  {"ibm", "{{HEX128}}"},
		"IBM_IAM":      {"ibm", "{{JWT|https://iam.cloud.ibm.com/identity}}"},
		"IBM_REFRESH":  {"ibm", "{{B64_300}}"},
		"QBRAID":       {"qbraid", "qbr_{{ALNUM40}}"},
		"QBRAID_OLD":   {"qbraid", "{{ALNUM40}}"},
		"QBRAID_TOKEN": {"qbraid", "qbr-at_{{ALNUM40}}"},
		"QBRAID_LOGIN": {"qbraid", "{{ALNUM64}}"},
		"DWAVE":        {"dwave", "DEV-{{HEX40}}"},
		"NVIDIA":       {"nvidia", "nvapi-{{B64URL64}}"},
		"QUANDELA":     {"quandela", "_T_{{JWT|https://cloud.quandela.com}}"},
		"AZURE":        {"azure", "{{ALNUM52}}"},
		"AWS":          {"aws", "{{AWS40}}"},
		"RIGETTI":      {"rigetti", "{{JWT|https://auth.qcs.rigetti.com/oauth2/default}}"},
		"BLUEQUBIT":    {"bluequbit", "{{ALNUM32}}"},
		"TIANYAN":      {"tianyan", "{{ALNUM43}}="},
		"XANADU":       {"xanadu", "{{JWT|https://platform.xanadu.ai/auth/realms/platform}}"},
		"SCALEWAY":     {"scaleway", "{{UUID}}"},
		"QUAFU":        {"quafu", "{{B64URL40}}.{{B64URL40}}.{{B64URL40}}"},
		"QUANTINUUM":   {"quantinuum", "{{ALNUM40}}"},
		"NEXUS":        {"quantinuum", "{{JWT|https://nexus.quantinuum.com}}"},
		"SUPERSTAQ":    {"superstaq", unpublished},
		"ALICE_BOB":    {"alice-bob", unpublished},
		"AQT":          {"aqt", unpublished},
		"IQM":          {"iqm", unpublished},
		"OQC":          {"oqc", unpublished},
		"PASQAL":       {"pasqal", unpublished},
		"QCTRL":        {"qctrl", unpublished},
		"CLASSIQ":      {"classiq", unpublished},
		"STRANGEWORKS": {"strangeworks", unpublished},
		"ORIGIN":       {"origin-quantum", unpublished},
		"INSPIRE":      {"quantum-inspire", "{{HEX40}}"},
		"OPENQUANTUM":  {"openquantum", unpublished},
		"QUDORA":       {"qudora", unpublished},
		"ANYON":        {"anyon", unpublished},
	}[strings.TrimRight(name, "23456789")]
	return k, ok
}

// Key is a key that must be found.
type Key struct{ Kind, Provider, Value string }

// File is a context with values: what a scanner gets to read.
type File struct {
	Context *Context
	Content []byte
	Keys    []Key
}

// Fill fills a context with values. Equal draws make equal files, whatever
// other contexts there are.
func Fill(c *Context, draw int) File {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.ID)) // writing to a hash never fails
	v := sample.NewValues(h.Sum64() + uint64(draw))
	f := File{Context: c}
	keys := map[string]string{}
	for _, name := range c.kinds() {
		k, _ := kindOf(name)
		value := sample.KeyLike(k.value, v)
		keys[name] = value
		f.Keys = append(f.Keys, Key{Kind: name, Provider: k.provider, Value: value})
	}
	f.Content = []byte(sample.ExpandKeys(c.Text, keys, v))
	return f
}
