package page_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/inventory/page"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/secret"
)

var asOf = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// pages are one list in many forms: two keys of IonQ.
var pages = map[string]string{
	"a copied table": "IonQ Quantum Cloud\nAPI Keys\nGenerate a new API Key\n\nName\tProject\tLast used\t\nci-runner\tbell-lab\tMar 1, 2026\tRevoke\nlaptop\tcourse\tNever\tRevoke\n" +
		"Rows per page: 10\n1–2 of 2\n",
	"a copied table, cell by cell": "API Keys\n\nName\nProject\nLast used\nActions\nci-runner\nbell-lab\nMar 1, 2026\nRevoke\n\nlaptop\ncourse\nNever\nRevoke\n1-2 of 2\n",
	"a copied table, windows":      "Name\tProject\tLast used\r\nci-runner\tbell-lab\t2026-03-01\r\nlaptop\tcourse\tnever\r\nShowing 1 to 2 of 2 keys\r\n",
	"a page copied as a whole": "Profile\nSettings\nAPI Keys\nSign out\nAPI Keys\nManage your keys here.\nGenerate a new API Key\nName\tProject\tLast used\tActions\n" +
		"ci-runner\tbell-lab\tMar 1, 2026\tRevoke\nlaptop\tcourse\tNever\tRevoke\nItems per page\n10\n1 – 2 of 2 items\n© 2026 IonQ, Inc.\nPrivacy Policy\nTerms of Service\nSupport\n",
	"a page copied as a whole, cell by cell": "API Keys\nName\nProject\nLast used\nci-runner\nbell-lab\nMar 1, 2026\nRevoke\nlaptop\ncourse\nNever\nRevoke\n1-2 of 2\n© 2026 IonQ, Inc.\nPrivacy\n",
	"a table copied from Firefox":            "\tName\tProject\tLast used\t\n\tci-runner\tbell-lab\tMar 1, 2026\t\tRevoke\t\n\tlaptop\tcourse\tNever used\t\tRevoke\t\n1-2 of 2\n",
	"a table copied from Chrome, by cells":   "Name\t\nProject\t\nLast used\t\n\nci-runner\t\nbell-lab\t\nMar 1, 2026\t\nRevoke\nlaptop\t\ncourse\t\nNever\t\nRevoke\n1-2 of 2\n",
	"a table with spaces that do not break":  "Name\u00a0\tProject\u00a0\tLast\u00a0used\t\nci-runner\tbell-lab\tMar\u00a01,\u00a02026\tRevoke\nlaptop\tcourse\tNever\tRevoke\n1-2 of 2\n",
	"a terminal's table":                     "NAME       PROJECT   LAST USED\nci-runner  bell-lab  2026-03-01\nlaptop     course    never\n1-2 of 2",
	"csv":                                    "\ufeffname,project,last_used\nci-runner,bell-lab,2026-03-01\nlaptop,course,Never\n1-2 of 2",
	"csv with semicolons":                    "Name;Project;Last used;Colour\n\"ci-runner\";bell-lab;01.03.2026;red\nlaptop;course;never;\n",
	"json":                                   `[{"name":"ci-runner","project":"bell-lab","lastUsed":"2026-03-01T00:00:00Z"},{"name":"laptop","project":{"name":"course"},"lastUsed":"never"}]`,
	"json in an object":                      `{"total": 2, "data": [` + "\n" + `{"name":"ci-runner","project":"bell-lab","last_used":1772323200000},{"name":"laptop","project":"course","last_used":"never"}]}`,
}

func TestOneListIsReadInManyForms(t *testing.T) {
	want := []key.Key{
		{Provider: "ionq", Name: "ci-runner", Project: key.Party{Name: "bell-lab"}, Use: key.Use{Known: true, Last: day(2026, 3, 1)}},
		{Provider: "ionq", Name: "laptop", Project: key.Party{Name: "course"}, Use: key.Use{Known: true}},
	}
	for name, text := range pages {
		if name == "csv" {
			text = strings.TrimSuffix(text, "1-2 of 2")
		}
		got, err := page.Read([]byte(text), page.Options{Provider: "ionq", AsOf: asOf})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got.Keys); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if strings.Contains(text, "of 2") != (got.Total == 2) {
			t.Errorf("%s: there are %d keys", name, got.Total)
		}
		if (name == "csv with semicolons") != cmp.Equal(got.LeftOut, []string{"Colour"}) {
			t.Errorf("%s: left out %q", name, got.LeftOut)
		}
	}
}

func TestAllThatAListTellsIsKept(t *testing.T) {
	text := "Key ID,Name,Created at,Last used,Expires,Status,Permissions,Owner,Organization ID,Locked,Usage count,API key\n" +
		"0a1b2c3d-1111-4222-8333-444455556666,ci,2026-01-02 03:04,2 days ago,never,Inactive,\"jobs:write, jobs:read\",ada@example.org,org-1,no,\"1,024\",qbr_****9f\n" +
		"2,old,2025-01-01,-,2026-12-31,revoked,,,,,,\n"
	got, err := page.Read([]byte(text), page.Options{Provider: "qbraid", AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	want := []key.Key{{
		Provider: "qbraid", ID: "0a1b2c3d-1111-4222-8333-444455556666", Name: "ci", Owner: key.Party{Email: "ada@example.org"}, Account: key.Party{ID: "org-1"},
		Dates: key.Dates{Created: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)}, Use: key.Use{Known: true, Last: asOf.AddDate(0, 0, -2), Count: 1024},
		State: key.State{Disabled: key.Yes, Locked: key.No, Expiring: key.No}, Roles: []string{"jobs:read", "jobs:write"},
	}}
	if diff := cmp.Diff(want, got.Keys); diff != "" || got.Ended != 1 || !got.Approximate || len(got.Values) > 0 {
		t.Errorf("%s\nended %d, approximate %t", diff, got.Ended, got.Approximate)
	}
}

func TestWhatIsNotUnderstoodIsRefusedWithItsLine(t *testing.T) {
	head := "Name\tCreated\tLast used\n"
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"no heading":             {"ci-runner\tlab\nlaptop\tlab\n", 0, "no heading"},
		"nothing":                {"", 0, "no heading"},
		"no text":                {"\xff\xfe\x00", 0, "UTF-8"},
		"a key behind the foot":  {head + "ci\t2026-01-01\tnever\n© 2026 qBraid\nlaptop\t2026-01-01\tnever\n", 3, "1 cells"},
		"a line too much":        {head + "ci\t2026-01-01\tnever\nWelcome back\n", 3, "1 cells"},
		"a date that is none":    {head + "ci\tsome day\tnever\n", 2, "the day of its making is no date"},
		"a date of two days":     {head + "ci\t01/02/2026\tnever\n", 2, "--dates"},
		"a day that is not":      {head + "ci\t2026-02-30\tnever\n", 2, "no date"},
		"a use in the future":    {head + "ci\t2026-01-01\t2026-04-01\n", 2, "after the day of the list"},
		"a use before the key":   {head + "ci\t2026-01-01\t2025-01-01\n", 2, "before the day of its making"},
		"a key without name":     {head + "\n\t2026-01-01\tnever\n", 3, "neither a name nor an id"},
		"two columns of one":     {"Name\tCreated\tCreated at\nci\t2026-01-01\t2026-01-01\n", 1, "two columns"},
		"an id twice":            {"id,name\n1,a\n1,b\n", 3, "line 2"},
		"a field too few":        {"id,name\n1,a\n2\n", 3, "1 fields"},
		"quotes that do not end": {"id,name\n1,\"a\n", 2, "quotes"},
		"a status of its own":    {"id,status\n1,sleepy\n", 2, "status"},
		"locked, perhaps":        {"id,name,locked\n1,a,perhaps\n", 2, "locked is neither"},
		"a count that is none":   {"id,requests\n1,many\n", 2, "no number"},
		"cells that run out":     {"Name\nCreated\nLast used\nci\n2026-01-01\nnever\nlaptop\n2026-01-01\n", 7, "2 of 3 cells"},
		"broken json":            {"[{\n\"name\": \"a\",\n]", 3, "JSON"},
		"json of numbers":        {"[\n1]", 2, "no object"},
		"json of two lists":      {`{"a":[],"b":[]}`, 0, "several lists"},
		"json without a list":    {`{"a":1}`, 0, "no list"},
		"json, told twice":       {`[{"id":"1","key_id":"2"}]`, 1, "two members"},
		"json, an odd value":     {`[{"id":"1","name":[1]}]`, 1, "neither text nor number"},
	} {
		_, err := page.Read([]byte(c.text), page.Options{Provider: "ionq", AsOf: asOf})
		var bad *page.LineError
		if !errors.As(err, &bad) || bad.Line != c.line || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDatesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-01-02": day(2026, 1, 2), "Jan 2, 2026": day(2026, 1, 2), "January 2, 2026": day(2026, 1, 2), "2 Jan 2026": day(2026, 1, 2), "02.01.2026": day(2026, 1, 2),
		"Fri, Jan 2, 2026": day(2026, 1, 2), "Jan 2, 2026, 3:04 PM": day(2026, 1, 2).Add(15*time.Hour + 4*time.Minute), "2026-01-02T03:04:05.678Z": day(2026, 1, 2).Add(3*time.Hour + 4*time.Minute + 5678*time.Millisecond),
		"2026-01-02T00:00+0100": day(2026, 1, 1).Add(23 * time.Hour), "1/25/2026": day(2026, 1, 25), "25/1/2026 13:00": day(2026, 1, 25).Add(13 * time.Hour), "01/01/2026": day(2026, 1, 1),
		"today": asOf, "yesterday": asOf.AddDate(0, 0, -1), "3 days ago": asOf.AddDate(0, 0, -3), "about a month ago": asOf.AddDate(0, -1, 0), "an hour ago": asOf.Add(-time.Hour), "2y ago": asOf.AddDate(-2, 0, 0),
		"2026-01-02 03:04 UTC": day(2026, 1, 2).Add(3*time.Hour + 4*time.Minute), "1767312000": day(2026, 1, 2), "1/2/2026 1:30 pm": day(2026, 1, 2).Add(13*time.Hour + 30*time.Minute),
	} {
		got, err := page.Read([]byte("Name\tLast used\nci\t"+text), page.Options{Provider: "ionq", AsOf: asOf, Days: page.MonthFirst})
		if err != nil || !got.Keys[0].Use.Last.Equal(want) {
			t.Errorf("%s: %v, %v", text, got.Keys, err)
		}
	}
	got, err := page.Read([]byte("Name\tLast used\nci\t1/2/2026"), page.Options{Provider: "ionq", AsOf: asOf, Days: page.DayFirst})
	if err != nil || !got.Keys[0].Use.Last.Equal(day(2026, 2, 1)) {
		t.Error(got.Keys, err)
	}
}

func TestAWholeKeyBecomesAFingerprintOrIsRefused(t *testing.T) {
	for _, kit := range all.Kits() {
		value := kit.Sample()
		material := value.Reveal()
		o := page.Options{Provider: kit.Name, AsOf: asOf}
		for form, text := range map[string]string{
			"csv": "name,api key\nother,••••\nci," + material + "\n", "json": "[{\"name\":\"other\"},\n\n{\"name\":\"ci\",\"apikey\":\"" + material + "\"}]", "table": "Name\tKey\nother\tab…yz\nci\t" + material,
		} {
			got, err := page.Read([]byte(text), o)
			if err != nil || len(got.Values) != 1 {
				t.Errorf("%s, %s: %d values, %v", kit.Name, form, len(got.Values), err != nil)
				continue
			}
			if v := got.Values[0]; v.Fingerprint != (secret.Fingerprinter{}).Of(value) || v.Key != 1 || v.Line != 3 {
				t.Errorf("%s, %s: %+v", kit.Name, form, v)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), material) {
				t.Errorf("%s, %s: the list holds it", kit.Name, form)
			}
		}
		for form, text := range map[string]string{
			"a name": "name,created\n" + material + ",2026-01-01\n", "a description": "name,description\nci,it is " + material + "!\n", "two": "name,key\nci," + material + " " + kit.Sample().Reveal() + "\n",
			"a date": "name,created\nci," + material + "\n", "a status": "name,status\nci," + material + "\n",
		} {
			_, err := page.Read([]byte(text), o)
			if err == nil || strings.Contains(err.Error(), material) || !strings.HasPrefix(err.Error(), "line 2: ") {
				t.Errorf("%s, in %s: refused %t", kit.Name, form, err != nil)
			}
		}
		stray := "Your new key: " + material + "\nName\tProject\tColour\nci\tlab\t" + material + "\n"
		got, err := page.Read([]byte(stray), o)
		if err != nil || len(got.Values) != 2 || got.Values[0].Key != -1 || got.Values[0].Line != 1 || strings.Contains(fmt.Sprintf("%+v", got), material) {
			t.Errorf("%s: stray keys: %d, %v", kit.Name, len(got.Values), err != nil)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range pages {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := page.Read(data, page.Options{Provider: "ionq", AsOf: asOf})
		if err != nil {
			return
		}
		for _, k := range got.Keys {
			if k.ID == "" && k.Name == "" || inventory.HoldsMaterial(k) {
				t.Errorf("%+v", k)
			}
		}
	})
}
