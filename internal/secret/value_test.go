package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log"
	"log/slog"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/secret"
)

type exported struct {
	Name   string
	Secret secret.Value
}

type pointing struct {
	Name   string
	Secret *secret.Value
}

type unexported struct {
	name   string
	hidden secret.Value
}

type deep struct {
	inner *unexported
	list  []secret.Value
	named map[string]unexported
	any   any
}

type embedded struct {
	secret.Value
}

type embeddedBeside struct {
	secret.Value
	Name string
}

type renamed secret.Value

type failure struct{ value secret.Value }

func (failure) Error() string { return "refused" }

// nestings returns v inside everything that a program could hand to a printer.
func nestings(v secret.Value) map[string]any {
	pointer := &v
	return map[string]any{
		"bare":                     v,
		"pointer":                  pointer,
		"pointer to pointer":       &pointer,
		"exported field":           exported{"n", v},
		"pointer to struct":        &exported{"n", v},
		"pointer in a field":       pointing{"n", pointer},
		"unexported field":         unexported{"n", v},
		"pointer to unexported":    &unexported{"n", v},
		"deep inside":              deep{&unexported{"n", v}, []secret.Value{v}, map[string]unexported{"k": {"n", v}}, v},
		"slice":                    []secret.Value{v, v},
		"slice of pointers":        []*secret.Value{pointer},
		"slice of interfaces":      []any{v, pointer, exported{"n", v}},
		"array":                    [2]secret.Value{v, v},
		"map value":                map[string]secret.Value{"k": v},
		"map key by pointer":       map[*secret.Value]int{pointer: 1},
		"map of structs":           map[string]unexported{"k": {"n", v}},
		"interface in a struct":    struct{ Any any }{v},
		"unexported interface":     struct{ hidden any }{v},
		"interface of a pointer":   struct{ hidden any }{pointer},
		"embedded":                 embedded{v},
		"embedded beside a name":   embeddedBeside{v, "n"},
		"embedded, by pointer":     &embedded{v},
		"type made from it":        renamed(v),
		"type made from it, inner": struct{ inner renamed }{renamed(v)},
		"method value":             v.Reveal,
		"channel":                  make(chan secret.Value),
		"error that holds it":      failure{v},
		"wrapped error":            fmt.Errorf("verify: %w", failure{v}),
		"joined errors":            errors.Join(failure{v}, &failure{v}),
		"error made with it":       fmt.Errorf("verify %v %s %#v", v, v, exported{"n", v}),
		"wrapped as if an error":   wrappedAsError(v),
		"pointer wrapped as error": wrappedAsError(&v),
	}
}

// wrappedAsError is the mistake of using %w for something that is no error; the
// format is not constant so that vet lets us make it.
func wrappedAsError(v any) error {
	format := "verify: %" + "w"
	return fmt.Errorf(format, v)
}

func TestNoVerbOfFmtTellsTheMaterial(t *testing.T) {
	m := material(t)
	n := needlesOf(m)
	verbs := []string{"v", "+v", "#v", "s", "q", "x", "X", "# x", "#q", "d", "c", "U", "t", "e", "g", "o", "b", "p", "T", "w", "z", "20.3s", "[1]*[1]v"}
	for where, nested := range nestings(secret.New([]byte(m))) {
		for _, verb := range verbs {
			text := fmt.Sprintf("%"+verb, nested)
			if form := n.in(text); form != "" {
				t.Errorf("%%%s of a value that is %s leaks it (%s)", verb, where, form)
			}
		}
		for _, text := range []string{fmt.Sprint(nested), fmt.Sprintln(nested, nested), string(fmt.Append(nil, nested))} {
			if form := n.in(text); form != "" {
				t.Errorf("printing a value that is %s leaks it (%s)", where, form)
			}
		}
	}
}

func TestAValueShowsThatItIsRedacted(t *testing.T) {
	v := secret.New([]byte(material(t)))
	for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%s", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%x", &v), v.String(), v.GoString()} {
		if text != secret.Redacted {
			t.Errorf("printed %q, want %q", text, secret.Redacted)
		}
	}
	if got, want := fmt.Sprintf("%+v", exported{"n", v}), "{Name:n Secret:"+secret.Redacted+"}"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestNoEncoderTellsTheMaterial(t *testing.T) {
	encoders := map[string]func(any) (string, error){
		"json": func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"xml":  func(v any) (string, error) { b, err := xml.Marshal(v); return string(b), err },
		"gob": func(v any) (string, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.String(), err
		},
		"toml": func(v any) (string, error) {
			var b bytes.Buffer
			err := toml.NewEncoder(&b).Encode(v)
			return b.String(), err
		},
	}
	m := material(t)
	n := needlesOf(m)
	for where, nested := range nestings(secret.New([]byte(m))) {
		for name, encode := range encoders {
			// Many nestings cannot be encoded; the error must be quiet too.
			text, err := encode(nested)
			if form := n.in(text + fmt.Sprint(err)); form != "" {
				t.Errorf("%s of a value that is %s leaks it (%s)", name, where, form)
			}
		}
	}
	for name, encode := range encoders {
		text, err := encode(exported{"n", secret.New([]byte(m))})
		if err != nil || !strings.Contains(text, secret.Redacted) {
			t.Errorf("%s of a struct gives %q, %v; want %s in it", name, text, err, secret.Redacted)
		}
	}
}

func TestXMLAttributesDoNotTellTheMaterial(t *testing.T) {
	m := material(t)
	n := needlesOf(m)
	b, err := xml.Marshal(struct {
		XMLName xml.Name     `xml:"key"`
		Secret  secret.Value `xml:"secret,attr"`
		Text    secret.Value `xml:",chardata"`
	}{Secret: secret.New([]byte(m)), Text: secret.New([]byte(m))})
	if err != nil {
		t.Fatal(err)
	}
	if form := n.in(string(b)); form != "" {
		t.Errorf("leaks (%s)", form)
	}
}

func TestNoLoggerTellsTheMaterial(t *testing.T) {
	m := material(t)
	n := needlesOf(m)
	var out bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	loggers := map[string]*slog.Logger{
		"text": slog.New(slog.NewTextHandler(&out, options)),
		"json": slog.New(slog.NewJSONHandler(&out, options)),
	}
	for where, nested := range nestings(secret.New([]byte(m))) {
		for name, logger := range loggers {
			out.Reset()
			logger.Debug("asked", "key", nested, slog.Group("group", slog.Any("key", nested)))
			logger.With("key", nested).WithGroup("group").Error("refused", "key", nested)
			if form := n.in(out.String()); form != "" {
				t.Errorf("slog %s of a value that is %s leaks it (%s)", name, where, form)
			}
		}
		out.Reset()
		log.New(&out, "", 0).Printf("%v %+v", nested, nested)
		if form := n.in(out.String()); form != "" {
			t.Errorf("log of a value that is %s leaks it (%s)", where, form)
		}
	}
}

func TestNoTemplateTellsTheMaterial(t *testing.T) {
	const source = `{{.}} {{printf "%v %+v %#v %s %q %x" . . . . . .}} {{print .}} {{html .}} {{js .}} {{urlquery .}}` +
		`<a href="?k={{.}}" title={{.}} onclick="f({{.}})">{{.}}</a><script>var k = {{.}}</script><style>p{color:{{.}}}</style>`
	text := texttemplate.Must(texttemplate.New("text").Parse(source))
	page := htmltemplate.Must(htmltemplate.New("html").Parse(source))
	m := material(t)
	n := needlesOf(m)
	for where, nested := range nestings(secret.New([]byte(m))) {
		var out bytes.Buffer
		// A template may refuse a nesting; its error must be quiet too.
		err := errors.Join(text.Execute(&out, nested), page.Execute(&out, nested))
		if form := n.in(out.String() + fmt.Sprint(err)); form != "" {
			t.Errorf("a template with a value that is %s leaks it (%s)", where, form)
		}
	}
}

func TestNoDiffTellsTheMaterial(t *testing.T) {
	m, other := material(t), material(t)
	n, others := needlesOf(m), needlesOf(other)
	before, after := nestings(secret.New([]byte(m))), nestings(secret.New([]byte(other)))
	for where := range before {
		for name, options := range diffOptions() {
			text := diff(before[where], after[where], options)
			if form := n.in(text) + others.in(text); form != "" {
				t.Errorf("go-cmp with %s of a value that is %s leaks it (%s)", name, where, form)
			}
		}
	}
	if cmp.Diff(exported{"n", secret.New([]byte(m))}, exported{"n", secret.New([]byte(other))}) == "" {
		t.Error("two different values count as equal")
	}
}

// diffOptions are how a careless test could call go-cmp.
func diffOptions() map[string]cmp.Options {
	return map[string]cmp.Options{
		"no options": nil,
		"every unexported field": {
			cmp.AllowUnexported(secret.Value{}, exported{}, unexported{}, deep{}, embedded{}, embeddedBeside{}, failure{}, renamed{}),
		},
	}
}

// diff returns go-cmp's answer, or its complaint.
func diff(a, b any, options cmp.Options) (text string) {
	defer func() {
		if refused := recover(); refused != nil {
			text = fmt.Sprint(refused)
		}
	}()
	return cmp.Diff(a, b, options)
}

func TestARedactedValueIsNotReadBack(t *testing.T) {
	m := material(t)
	n := needlesOf(m)
	text, err := json.Marshal(exported{"n", secret.New([]byte(m))})
	if err != nil {
		t.Fatal(err)
	}
	var coded bytes.Buffer
	if err := gob.NewEncoder(&coded).Encode(exported{"n", secret.New([]byte(m))}); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(map[string]string{"Secret": m})
	if err != nil {
		t.Fatal(err)
	}
	var v secret.Value
	for name, read := range map[string]func(*exported) error{
		"json":                  func(e *exported) error { return json.Unmarshal(text, e) },
		"json of the material":  func(e *exported) error { return json.Unmarshal(plain, e) },
		"json of another type":  func(e *exported) error { return json.Unmarshal([]byte(`{"Secret":12345678}`), e) },
		"gob":                   func(e *exported) error { return gob.NewDecoder(&coded).Decode(e) },
		"xml":                   func(e *exported) error { return xml.Unmarshal([]byte("<e><Secret>x</Secret></e>"), e) },
		"toml":                  func(e *exported) error { return toml.Unmarshal([]byte(`Secret = "x"`), e) },
		"text":                  func(*exported) error { return v.UnmarshalText([]byte(m)) },
		"gob, called by itself": func(*exported) error { return v.GobDecode([]byte(m)) },
		"scanning":              func(e *exported) error { _, err := fmt.Sscan(m, &e.Secret); return err },
	} {
		var back exported
		err := read(&back)
		if err == nil || !back.Secret.IsZero() || !v.IsZero() {
			t.Errorf("%s read a value back (error %v)", name, err)
		}
		if form := n.in(fmt.Sprint(err)); form != "" {
			t.Errorf("the error of %s leaks (%s)", name, form)
		}
	}
}

func TestAValueIsItsOwnCopy(t *testing.T) {
	m := material(t)
	buffer := []byte(m)
	v := secret.New(buffer)
	clear(buffer)
	if v.Reveal() != m {
		t.Error("the value changed with the buffer it was made from")
	}
	if v.Len() != len(m) || v.IsZero() {
		t.Errorf("Len() = %d, IsZero() = %t for %d bytes", v.Len(), v.IsZero(), len(m))
	}
}

func TestTheZeroValueIsEmpty(t *testing.T) {
	var zero secret.Value
	for name, v := range map[string]secret.Value{"zero": zero, "nil": secret.New(nil), "empty": secret.New([]byte{})} {
		if !v.IsZero() || v.Len() != 0 || v.Reveal() != "" || !v.Equal(zero) {
			t.Errorf("the %s value is not empty", name)
		}
		if got := fmt.Sprint(v); got != secret.Redacted {
			t.Errorf("the %s value prints as %q", name, got)
		}
	}
}

func TestEqualComparesMaterial(t *testing.T) {
	m := material(t)
	v := secret.New([]byte(m))
	changed := []byte(m)
	changed[len(changed)-1] ^= 1
	if !v.Equal(secret.New([]byte(m))) {
		t.Error("the same material is not equal")
	}
	for name, w := range map[string]secret.Value{
		"shorter": secret.New([]byte(m[1:])), "longer": secret.New([]byte(m + "x")), "changed": secret.New(changed), "empty": {},
	} {
		if v.Equal(w) || w.Equal(v) {
			t.Errorf("%s material is equal", name)
		}
	}
}
