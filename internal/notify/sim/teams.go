package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Teams takes messages as the webhook of a workflow does, and refuses what the
// flow's card would not show.
func Teams(path string) *Box {
	return &Box{Path: path, Done: http.StatusAccepted, Accept: func(_ *http.Request, body []byte) (int, string) {
		if len(body) > 28<<10 {
			return http.StatusRequestEntityTooLarge, "too large"
		}
		var m struct {
			Type        string `json:"type"`
			Attachments []struct {
				Type    string         `json:"contentType"`
				Content map[string]any `json:"content"`
			} `json:"attachments"`
		}
		if json.Unmarshal(body, &m) != nil || m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].Type != "application/vnd.microsoft.card.adaptive" || !Card(m.Attachments[0].Content) {
			return http.StatusBadRequest, "invalid card"
		}
		return 0, ""
	}}
}

// Card judges an Adaptive Card of version 1.4, as far as cards of ours go: another
// element, or another property, is wrong.
func Card(c map[string]any) bool {
	if c["type"] != "AdaptiveCard" || c["version"] != "1.4" || !fields(c, "type version body", "$schema", "fallbackText", "actions") {
		return false
	}
	body, ok := c["body"].([]any)
	for _, e := range body {
		if !cardElement(e) {
			return false
		}
	}
	actions, _ := c["actions"].([]any)
	for _, a := range actions {
		action, _ := a.(map[string]any)
		url, _ := action["url"].(string)
		if action["type"] != "Action.OpenUrl" || !fields(action, "type url", "title") || !strings.HasPrefix(url, "http") {
			return false
		}
	}
	return ok && len(body) > 0
}

func one(v any, of ...string) bool {
	s, _ := v.(string)
	return v == nil || slices.Contains(of, s)
}

func cardElement(v any) bool {
	e, ok := v.(map[string]any)
	spacing := one(e["spacing"], "Default", "None", "Small", "Medium", "Large", "ExtraLarge", "Padding")
	if !ok || !spacing {
		return false
	}
	switch e["type"] {
	case "TextBlock":
		return text(e["text"], 10_000) && looks(e) && fields(e, "type text", "size", "weight", "color", "wrap", "separator", "spacing", "isSubtle")
	case "RichTextBlock":
		inlines, ok := e["inlines"].([]any)
		for _, i := range inlines {
			run, _ := i.(map[string]any)
			if run["type"] != "TextRun" || !text(run["text"], 10_000) || !looks(run) || !fields(run, "type text", "size", "weight", "color", "isSubtle") {
				return false
			}
		}
		return ok && len(inlines) > 0 && fields(e, "type inlines", "separator", "spacing")
	}
	return false
}

func looks(e map[string]any) bool {
	return one(e["weight"], "Default", "Lighter", "Bolder") && one(e["size"], "Default", "Small", "Medium", "Large", "ExtraLarge") &&
		one(e["color"], "Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention")
}
