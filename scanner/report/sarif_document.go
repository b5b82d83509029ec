package report

// The parts of SARIF 2.1.0 that qleaks writes, by the names of the standard.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool              sarifTool            `json:"tool"`
	AutomationDetails sarifAutomation      `json:"automationDetails"`
	Invocations       []sarifInvocation    `json:"invocations"`
	Provenance        []sarifProvenance    `json:"versionControlProvenance,omitempty"`
	BaseIDs           map[string]sarifBase `json:"originalUriBaseIds"`
	ColumnKind        string               `json:"columnKind"`
	Results           []sarifResult        `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name            string            `json:"name"`
	Organization    string            `json:"organization"`
	InformationURI  string            `json:"informationUri"`
	SemanticVersion string            `json:"semanticVersion,omitempty"`
	Version         string            `json:"version,omitempty"`
	Rules           []sarifRule       `json:"rules"`
	Notifications   []sarifDescriptor `json:"notifications"`
}

type sarifRule struct {
	ID               string              `json:"id"`
	Name             string              `json:"name,omitempty"`
	ShortDescription sarifMessage        `json:"shortDescription"`
	FullDescription  sarifMessage        `json:"fullDescription"`
	Help             sarifMessage        `json:"help"`
	HelpURI          string              `json:"helpUri,omitempty"`
	Default          sarifDefault        `json:"defaultConfiguration"`
	Properties       sarifRuleProperties `json:"properties"`
}

type sarifDefault struct {
	Level string `json:"level"`
}

type sarifRuleProperties struct {
	SecuritySeverity string   `json:"security-severity"`
	Precision        string   `json:"precision"`
	Tags             []string `json:"tags"`
}

type sarifDescriptor struct {
	ID               string       `json:"id"`
	Name             string       `json:"name,omitempty"`
	ShortDescription sarifMessage `json:"shortDescription"`
	FullDescription  sarifMessage `json:"fullDescription"`
	Help             sarifMessage `json:"help"`
}

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Descriptor sarifReference  `json:"descriptor"`
	Level      string          `json:"level"`
	Message    sarifMessage    `json:"message"`
	Locations  []sarifLocation `json:"locations,omitempty"`
}

type sarifReference struct {
	ID string `json:"id"`
}

type sarifProvenance struct {
	RepositoryURI string       `json:"repositoryUri"`
	RevisionID    string       `json:"revisionId,omitempty"`
	Branch        string       `json:"branch,omitempty"`
	MappedTo      *sarifMapped `json:"mappedTo,omitempty"`
}

type sarifMapped struct {
	URIBaseID string `json:"uriBaseId"`
}

type sarifBase struct {
	Description sarifMessage `json:"description"`
}

type sarifResult struct {
	RuleID              string                `json:"ruleId"`
	RuleIndex           int                   `json:"ruleIndex"`
	Level               string                `json:"level"`
	Message             sarifMessage          `json:"message"`
	Locations           []sarifLocation       `json:"locations"`
	RelatedLocations    []sarifLocation       `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string     `json:"partialFingerprints"`
	Properties          sarifResultProperties `json:"properties"`
}

type sarifResultProperties struct {
	Confidence  string   `json:"confidence"`
	Status      string   `json:"status"`
	Fingerprint string   `json:"fingerprint"`
	Evidence    string   `json:"evidence,omitempty"`
	Expires     string   `json:"expires,omitempty"`
	Repository  string   `json:"repository,omitempty"`
	Place       string   `json:"place"`
	Details     []string `json:"details,omitempty"`
	// Verdict is why the status is what it is, Key the provider's own id.
	Verdict string `json:"verdict,omitempty"`
	Key     string `json:"key,omitempty"`
}

type sarifLocation struct {
	ID       *int          `json:"id,omitempty"`
	Message  *sarifMessage `json:"message,omitempty"`
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
	EndColumn   int `json:"endColumn"`
}
