package inspect

import (
	"path"
	"strings"
)

// isKeyStore reports whether a path is one where the providers' own tools, or
// the dotenv habit, keep keys. A key in such a file that Git ignores is where
// it belongs.
func isKeyStore(name string) bool {
	lower := strings.ToLower(name)
	file := path.Base(lower)
	switch file {
	case "qiskit-ibm.json", "qiskitrc", "qbraidrc", "dwave.conf", ".envrc", ".netrc", "_netrc", "apikey.json", ".quantinuum_config":
		return true
	case "config.toml":
		return strings.Contains(lower, "pennylane")
	case "config.json":
		return strings.HasSuffix(lower, ".bluemix/config.json")
	case "env":
		return strings.HasSuffix(lower, ".qbraid-code/env")
	case "secrets.toml":
		return strings.HasSuffix(lower, ".qcs/secrets.toml") || strings.HasSuffix(lower, ".streamlit/secrets.toml")
	}
	return file == ".env" || strings.HasPrefix(file, ".env.") || strings.HasSuffix(file, ".env")
}
