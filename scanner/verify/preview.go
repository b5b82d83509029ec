package verify

import (
	_ "embed"
	"maps"
	"slices"
)

//go:embed requests.schema.json
var requestsSchemaFile []byte

// Schema returns the JSON Schema (draft 2020-12) of a Preview.
func Schema() []byte { return append([]byte(nil), requestsSchemaFile...) }

const previewSchema = "qleaks/requests/v1"

// Preview is what a plan would send, and to whom, as a machine-readable report.
type Preview struct {
	Schema    string            `json:"schema"`
	Providers []PreviewProvider `json:"providers"`
	Withheld  []PreviewWithheld `json:"withheld"`
}

// PreviewProvider is what one provider would get.
type PreviewProvider struct {
	// Provider is the name of the kit, Keys about how many keys it is asked.
	Provider string           `json:"provider"`
	Keys     int              `json:"keys"`
	Accounts []string         `json:"accounts,omitempty"`
	Requests []PreviewRequest `json:"requests"`
}

// PreviewRequest is one kind of request for one purpose.
type PreviewRequest struct {
	Method  string   `json:"method"`
	URL     string   `json:"url"`
	Purpose string   `json:"purpose"`
	Carries []Holder `json:"carries"`
	// Often is key, minute or needed.
	Often       string `json:"often"`
	Keys        int    `json:"keys,omitempty"`
	Credentials int    `json:"credentials"`
}

// PreviewWithheld is why keys would go to nobody, and how many.
type PreviewWithheld struct {
	Reason string `json:"reason"`
	Keys   int    `json:"keys"`
}

// Preview begins the preview of a plan: with what goes to nobody.
func (p Plan) Preview() Preview {
	d := Preview{Schema: previewSchema, Providers: []PreviewProvider{}, Withheld: []PreviewWithheld{}}
	reasons := map[string]int{}
	for _, check := range p.Withheld {
		reasons[check.Verdict.Reason]++
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		d.Withheld = append(d.Withheld, PreviewWithheld{reason, reasons[reason]})
	}
	return d
}

// Preview is a request as a preview shows it.
func (r Request) Preview() PreviewRequest {
	shown := PreviewRequest{Method: r.Method, URL: r.URL, Purpose: r.Purpose, Carries: r.Holds, Often: "key", Keys: r.Keys, Credentials: r.Accounts}
	switch r.Keys {
	case AsNeeded:
		shown.Often, shown.Keys = "needed", 0
	case 0:
		shown.Often = "minute"
	}
	return shown
}
