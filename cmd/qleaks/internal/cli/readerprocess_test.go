package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestAReaderGetsNoCredential(t *testing.T) {
	all := []string{
		"PATH=/bin", "HOME=/home/ada", "QLEAKS_CONFIDENCE=low", "QLEAKS_FINGERPRINT_KEY=x", "LC_ALL=C", "=C:=C:\\x", "empty",
		"AWS_SECRET_ACCESS_KEY=x", "VAULT_TOKEN=x", "GITHUB_TOKEN=x", "IONQ_API_KEY=x", "QISKIT_IBM_TOKEN=x", "GIT_CONFIG_VALUE_0=x", "SSH_AUTH_SOCK=x",
		"QLEAKS_CREDENTIAL=ibm=env:X", "QLEAKS_ADMIN=x", "TERM=x", "QLEAKS_REMEDIATE=/x", "LD_PRELOAD=x",
	}
	want := []string{"PATH=/bin", "HOME=/home/ada", "QLEAKS_CONFIDENCE=low", "QLEAKS_FINGERPRINT_KEY=x", "LC_ALL=C"}
	if got := readerEnvironment(all, []string{"QLEAKS_ADMIN", "TERM"}); !slices.Equal(got, want) {
		t.Errorf("it gets %v", got)
	}
}

func TestWhatHoldsCredentialsReadsNoTree(t *testing.T) {
	b := newBench(t)
	b.leaky(t, "a.py")
	a := &audit{env: b.Env, say: messages{w: &b.err}}
	if err := a.scan(t.Context(), scanOptions{Paths: []string{b.dir}}); err != nil || len(a.found) == 0 {
		t.Fatalf("found %d, %v", len(a.found), err)
	}
	a = &audit{env: b.acting(), say: messages{w: &b.err}}
	if err := a.scan(t.Context(), scanOptions{Paths: []string{b.dir}}); err == nil || len(a.found) > 0 || !strings.Contains(err.Error(), "holds credentials") {
		t.Errorf("it read a tree: %v", err)
	}
}

func TestNoVariableChangesKeys(t *testing.T) {
	b := newBench(t, "scan", "--verify", ".")
	for _, name := range saidOnly() {
		b.variables[variable(name)] = "true"
	}
	b.variables["QLEAKS_CREDENTIAL"], b.variables["QLEAKS_EXPLAIN_NETWORK"] = "", "true"
	if code := Main(t.Context(), b.Env); code != exitClean {
		t.Errorf("exit code %d: %s", code, &b.err)
	}
	if strings.Contains(b.err.String(), "remediat") {
		t.Error(b.err.String())
	}
}
