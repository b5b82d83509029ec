package leaks

import "fmt"

// sarif is the form of gitleaks' SARIF reports, which scripts read; that of
// qleaks scan says more.
func (r Report) sarif(all []jsonLeak) any {
	type object map[string]any
	rules := []any{}
	for _, rule := range r.Rules {
		rules = append(rules, sarifRule{ID: rule.ID, Description: sarifText{rule.Description}})
	}
	results := []sarifResult{}
	for _, l := range all {
		message := fmt.Sprintf("%s has detected secret for file %s", l.RuleID, l.File)
		if l.Commit != "" {
			message += " at commit " + l.Commit
		}
		uri := l.File
		if l.SymlinkFile != "" {
			uri = l.SymlinkFile
		}
		region := sarifRegion{l.StartLine, l.StartColumn, l.EndLine, l.EndColumn, sarifText{l.Secret}}
		results = append(results, sarifResult{
			Message: sarifText{message + "."}, RuleID: l.RuleID,
			Locations: []any{object{"physicalLocation": sarifPlace{sarifURI{uri}, region}}},
			Partial:   sarifCommit{l.Commit, l.Email, l.Author, l.Date, l.Message},
			Property:  object{"tags": l.Tags},
		})
	}
	return sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{Tool: object{"driver": sarifDriver{"gitleaks", r.Version, "https://github.com/qleaks/qleaks", rules}}, Results: results}},
	}
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    any           `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifDriver struct {
	Name    string `json:"name"`
	Version string `json:"semanticVersion"`
	URI     string `json:"informationUri"`
	Rules   []any  `json:"rules"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID          string    `json:"id"`
	Description sarifText `json:"shortDescription"`
}

type sarifResult struct {
	Message   sarifText   `json:"message"`
	RuleID    string      `json:"ruleId"`
	Locations []any       `json:"locations"`
	Partial   sarifCommit `json:"partialFingerprints"`
	Property  any         `json:"properties"`
}

type sarifPlace struct {
	File   sarifURI    `json:"artifactLocation"`
	Region sarifRegion `json:"region"`
}

type sarifURI struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int       `json:"startLine"`
	StartColumn int       `json:"startColumn"`
	EndLine     int       `json:"endLine"`
	EndColumn   int       `json:"endColumn"`
	Snippet     sarifText `json:"snippet"`
}

type sarifCommit struct {
	Commit  string `json:"commitSha"`
	Email   string `json:"email"`
	Author  string `json:"author"`
	Date    string `json:"date"`
	Message string `json:"commitMessage"`
}
