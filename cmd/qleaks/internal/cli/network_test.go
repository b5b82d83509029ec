package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestListsOfProvidersAreTakenApart(t *testing.T) {
	got := separated([]string{"ibm=cmd:get a,b, ionq=env:X,ibm.iam=https://a.test/x,y", "qbraid=env:Y", ""})
	want := []string{"ibm=cmd:get a,b", "ionq=env:X", "ibm.iam=https://a.test/x,y", "qbraid=env:Y", ""}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWhatWasPastedInTheWrongPlaceIsNotRepeated(t *testing.T) {
	key := strings.Repeat("Ab3", 11)
	for _, o := range []networkOptions{
		{Credentials: []string{key}},
		{Credentials: []string{"ibm=" + key}},
		{Credentials: []string{key + "=env:X"}},
		{Credentials: []string{`ibm="` + key}},
		{Endpoints: []string{key}},
		{Endpoints: []string{key + "=https://a.test"}},
		{Endpoints: []string{"ibm." + key + "=https://a.test"}},
		{Endpoints: []string{"ionq=http://user:" + key + "@a.test"}},
		{Endpoints: []string{"ionq=https://user:" + key + "@a.test"}},
		{Endpoints: []string{"ionq=https://a.test/?key=" + key}},
		{Endpoints: []string{"ionq=" + key}},
	} {
		_, err := o.access()
		if err == nil {
			t.Errorf("%d credentials, %d endpoints: taken", len(o.Credentials), len(o.Endpoints))
			continue
		}
		if said := err.Error() + strings.Join(hintsFor(err), " "); strings.Contains(said, key) {
			t.Errorf("%s", "an error repeats what it was given")
		}
	}
}
