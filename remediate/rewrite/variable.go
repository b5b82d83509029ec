package rewrite

import (
	"bytes"
	"strings"
)

// VariableFor is the name of the environment variable in which the clients of a
// provider look for a key: rule is the rule that found it, content the file.
func VariableFor(provider, rule string, content []byte) string {
	switch provider {
	case "ionq":
		return "IONQ_API_KEY"
	case "qbraid":
		return "QBRAID_API_KEY"
	case "ibm":
		if rule == "ibm-quantum-token-retired" || mentions(content, "qiskit", "quantum") {
			return "QISKIT_IBM_TOKEN"
		}
		return "IBMCLOUD_API_KEY"
	case "aws":
		return "AWS_SECRET_ACCESS_KEY"
	case "dwave":
		return "DWAVE_API_TOKEN"
	case "xanadu":
		return "XANADU_CLOUD_REFRESH_TOKEN"
	case "scaleway":
		return "SCW_SECRET_KEY"
	}
	kind := "_API_KEY"
	for _, word := range []string{"token", "secret"} {
		if strings.HasSuffix(rule, word) {
			kind = "_" + strings.ToUpper(word)
		}
	}
	return strings.ToUpper(strings.ReplaceAll(provider, "-", "_")) + kind
}

func mentions(content []byte, words ...string) bool {
	lower := bytes.ToLower(content)
	for _, w := range words {
		if bytes.Contains(lower, []byte(w)) {
			return true
		}
	}
	return false
}
