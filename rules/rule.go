// Package rules is the rule language: what a key looks like, which evidence
// around it says whose key it is, and how sure that makes us. A rule is data
// (the *.toml files beside this one); a compiled Set is a matcher that is safe
// to share and holds no state.
//
// Words of the package: a token is a run of bytes that could be a key; evidence
// is what stands around it; a Match is a token with local evidence; judging
// a Match adds what only the whole file can tell and gives its Confidence.
package rules

// Confidence says how sure a rule is of a match, by its evidence.
type Confidence int

// Confidences in ascending order. None means "no finding".
const (
	None Confidence = iota
	Low
	Medium
	High
)

// Severity says what a live key of this kind is worth to a thief.
type Severity string

// Severities, worst first.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityMedium   Severity = "medium"
	SeverityLow      Severity = "low"
)

// Rule describes one kind of secret of one provider.
type Rule struct {
	ID          string   `toml:"id"`
	Provider    string   `toml:"provider"`
	Title       string   `toml:"title"`
	Description string   `toml:"description"`
	Severity    Severity `toml:"severity"`
	// Fix says what to do about a leaked one, in the provider's words.
	Fix string `toml:"fix"`
	// Page is the provider's own document.
	Page string `toml:"page"`
	// Rank decides which rule reports when several match one value at one
	// place: the highest one, then the surer one.
	Rank     int        `toml:"rank"`
	Token    Token      `toml:"token"`
	Evidence []Evidence `toml:"evidence"`
	// Examples must be found by this rule at the confidence they name;
	// Counterexamples must not be found at medium or above.
	Examples        []Example `toml:"example"`
	Counterexamples []Example `toml:"counterexample"`
}

// Token says how candidates are found: either as a run of an alphabet with a
// length, or by a keyword with a pattern around it.
type Token struct {
	// Alphabet is the inside of a bracket expression, such as "A-Za-z0-9_-".
	// It must lie within A-Za-z0-9_- so that the skip scan can find the run.
	Alphabet string `toml:"alphabet"`
	// Min and Max bound the token's length in bytes.
	Min int `toml:"min"`
	Max int `toml:"max"`
	// Edge is the inside of a bracket expression: bytes that must not touch
	// the token on either side. Default: the alphabet plus "+/".
	Edge string `toml:"edge"`
	// Keywords are literals (matched without regard to case) that lead to the
	// Pattern, a regular expression whose group "secret" is the token; an
	// alternative may have a group "secret2" instead.
	Keywords []string `toml:"keywords"`
	Pattern  string   `toml:"pattern"`
	// Entropy is the least Shannon entropy in bits a byte.
	Entropy float64 `toml:"entropy"`
	// Needs lists properties of the value: "upper", "lower", "digit",
	// "mixed" (upper and lower case, and a digit or a case pattern that no
	// identifier has), "random" (two digits, or mixed).
	Needs []string `toml:"needs"`
	// Form is a regular expression that the whole value must match.
	Form string `toml:"form"`
	// Reject lists regular expressions for values that are no keys, such as
	// documentation examples.
	Reject []string `toml:"reject"`
	// Public is the prefix that every value has, and that may be shown, such
	// as "qbr_".
	Public string `toml:"public"`
	// Sample is the template from which tests make a value; empty means
	// Max characters of the alphabet.
	Sample string `toml:"sample"`
}

// Evidence is one way to tell that a token is this rule's key. All its
// conditions must hold; evidence without conditions always holds. Before,
// After, Near, Beside, Form and Issuers are local; File, Path and Part are
// judged when reporting.
type Evidence struct {
	Name       string     `toml:"name"`
	Confidence Confidence `toml:"confidence"`
	// Before must match the text that ends where the token begins; After the
	// text that begins where it ends. Both see at most Width bytes.
	Before string `toml:"before"`
	After  string `toml:"after"`
	Near   Near   `toml:"near"`
	Beside Beside `toml:"beside"`
	// Form is a regular expression that the whole value must match: a length or
	// an alphabet that makes this evidence surer than another.
	Form string `toml:"form"`
	// Issuers lists words of which one must be in the iss or aud claim of the
	// value, which must be a JWT.
	Issuers []string `toml:"issuers"`
	// File lists words (matched without regard to case) of which the file, or
	// the notebook, must mention one.
	File []string `toml:"file"`
	// Path lists doublestar globs of which one must match the path, or the
	// path's last element when the glob has no slash; without regard to case.
	Path []string `toml:"path"`
	// Part lists parts of a notebook (source, output, traceback, metadata,
	// attachment) of which the value must stand in one.
	Part []string `toml:"part"`
	// Width is how many bytes Before and After may see; default 160.
	Width int `toml:"width"`
}

// Near demands one of its words (without regard to case) on the token's own
// line or within Lines lines of it, and within 512 bytes.
type Near struct {
	Words []string `toml:"words"`
	Lines int      `toml:"lines"`
}

// Beside makes a rule of two values: its pattern, such as that of the id that
// belongs to a secret, must match before or after the token, as near as Near
// demands of its words.
type Beside struct {
	Pattern string `toml:"pattern"`
	Lines   int    `toml:"lines"`
}

// Example is a template for one file: {{KEY}} stands for a value made when
// the test runs (see package rulestest for the language).
type Example struct {
	Path string `toml:"path"`
	Text string `toml:"text"`
	// Confidence an example must reach; default high.
	Confidence Confidence `toml:"confidence"`
}
