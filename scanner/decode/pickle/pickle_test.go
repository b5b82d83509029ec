package pickle_test

import (
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/decode/pickle"
)

// said is all that a pickle says.
func said(content string) (text string, read int) {
	var b strings.Builder
	read = pickle.Read([]byte(content), func(p pickle.Piece) bool {
		b.WriteString(p.Before + content[p.From:p.To] + p.After)
		return true
	})
	return b.String(), read
}

// Made by pickle.dumps in the protocol that is named.
func TestEveryProtocolSaysTheSame(t *testing.T) {
	for name, content := range map[string]string{
		// {"service": "ionq", "n": 7, "nested": {"token": "abc"}, "list": ["x", "y"]}
		"0": "(dp0\nVservice\np1\nVionq\np2\nsVn\np3\nI7\nsVnested\np4\n(dp5\nVtoken\np6\nVabc\np7\nssVlist\np8\n(lp9\nVx\np10\naVy\np11\nas.",
		"1": "}q\x00(X\x07\x00\x00\x00serviceq\x01X\x04\x00\x00\x00ionqq\x02X\x01\x00\x00\x00nq\x03K\x07X\x06\x00\x00\x00nestedq\x04}q\x05X\x05\x00\x00\x00tokenq\x06X\x03\x00\x00\x00abcq\x07sX\x04\x00\x00\x00listq\x08]q\t(X\x01\x00\x00\x00xq\nX\x01\x00\x00\x00yq\x0beu.",
		"4": "\x80\x04\x95F\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x07service\x94\x8c\x04ionq\x94\x8c\x01n\x94K\x07\x8c\x06nested\x94}\x94\x8c\x05token\x94\x8c\x03abc\x94s\x8c\x04list\x94]\x94(\x8c\x01x\x94\x8c\x01y\x94eu.",
	} {
		text, read := said(content)
		if !pickle.Is([]byte(content)) || read != len(content) {
			t.Errorf("protocol %s: %d bytes of %d were read", name, read, len(content))
		}
		for _, want := range []string{`"service": "ionq",`, `"n": 0,`, `"nested": {`, `"token": "abc",`, `"list": `, `"x"`, `"y"`} {
			if !strings.Contains(text, want) {
				t.Errorf("protocol %s: no %s in\n%s", name, want, text)
			}
		}
	}
}

func TestObjectsSayTheirClassAndState(t *testing.T) {
	for content, want := range map[string]string{
		// m.Client("abc"), by a global, by a name on the stack, and as an object with a state
		"\x80\x03cm\nClient\nq\x00X\x03\x00\x00\x00abcq\x01\x85q\x02Rq\x03.":                    `Client("abc", `,
		"\x80\x04\x8c\x01m\x94\x8c\x06Client\x94\x93\x94\x8c\x03abc\x94\x85\x94R\x94.":          `Client("abc", `,
		"\x80\x04\x8c\x01m\x94\x8c\x06Client\x94\x93)\x81}(\x8c\x05token\x94\x8c\x03abc\x94ub.": `"token": "abc",`,
		// a name that is referred to
		"\x80\x04](}\x8c\x05token\x94\x8c\x03abcs}h\x00\x8c\x03defse.": `"token": "def",`,
		"\x80\x04C\x03abc.": `"abc"`,
	} {
		if text, _ := said(content); !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestPicklesBehindEachOtherAreRead(t *testing.T) {
	one := "\x80\x04\x8c\x03abc."
	if text, read := said(one + one + "rest"); strings.Count(text, "abc") != 2 || read != 2*len(one) {
		t.Errorf("%d bytes, %q", read, text)
	}
}

func TestAHostilePickleIsBounded(t *testing.T) {
	for name, content := range map[string]string{
		"marks":      "\x80\x04" + strings.Repeat("(", 1<<20),
		"values":     "\x80\x04" + strings.Repeat("}", 1<<20),
		"memo":       "\x80\x04N" + strings.Repeat("\x94", 1<<21),
		"far memo":   "\x80\x04Nr\xff\xff\xff\xff.",
		"no number":  "\x80\x04Np-1\ngx\ng99999999999999999999\n.",
		"underflow":  "\x80\x04" + strings.Repeat("0stuebR\x93", 1000) + ".",
		"long":       "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
		"cut":        "\x80\x04\x95\x00",
		"cut class":  "\x80\x03cm\n",
		"one quote":  "\x80\x03S'\n.",
		"no newline": "\x80\x03S",
	} {
		if _, read := said(content); read > len(content) {
			t.Errorf("%s: %d bytes", name, read)
		}
	}
	// What is referred to again and again is told only if it is short.
	long := "\x80\x04X\x00\x10\x00\x00" + strings.Repeat("x", 4096) + "\x94" + strings.Repeat("h\x00", 1000) + "."
	if text, _ := said(long); len(text) > 10_000 {
		t.Errorf("%d bytes of %d", len(text), len(long))
	}
}

func FuzzRead(f *testing.F) {
	f.Add("\x80\x04\x95F\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x07service\x94\x8c\x04ionq\x94K\x07eub.")
	f.Add("(dp0\nVservice\np1\nVionq\np2\nscm\nc\n(S'x'\ng1\ntRb.")
	f.Add("\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00ab\x8f\x90\x91\x92\x93h\x00j\x00\x00\x00\x00Q.")
	f.Fuzz(func(t *testing.T, content string) {
		total := 0
		read := pickle.Read([]byte(content), func(p pickle.Piece) bool {
			if p.From < 0 || p.From > p.To || p.To > len(content) {
				t.Fatalf("piece %+v of %d bytes", p, len(content))
			}
			total += len(p.Before) + p.To - p.From + len(p.After)
			return total < 1<<20
		})
		if read < 0 || read > len(content) {
			t.Fatalf("read %d of %d bytes", read, len(content))
		}
		pickle.Is([]byte(content))
	})
}
