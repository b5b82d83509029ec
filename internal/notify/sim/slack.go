package sim

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Slack takes messages as Slack's incoming webhooks do.
func Slack(path string) *Box {
	return &Box{Path: path, Done: http.StatusOK, Answer: "ok", Accept: func(_ *http.Request, body []byte) (int, string) {
		if why := slackProblem(body); why != "" {
			return http.StatusBadRequest, why
		}
		return 0, ""
	}}
}

func slackProblem(body []byte) string {
	var m struct {
		Text   string           `json:"text"`
		Blocks []map[string]any `json:"blocks"`
	}
	if json.Unmarshal(body, &m) != nil {
		return "invalid_payload"
	}
	if m.Text == "" && len(m.Blocks) == 0 {
		return "no_text"
	}
	// The text of a message is mrkdwn: an angle bracket begins a link or a mention.
	if strings.ContainsAny(m.Text, "<>") || len(m.Blocks) > 50 {
		return "invalid_blocks"
	}
	for _, b := range m.Blocks {
		if !goodBlock(b) {
			return "invalid_blocks"
		}
	}
	return ""
}

// fields reports whether an object has some members and no others.
func fields(o map[string]any, required string, optional ...string) bool {
	allowed := map[string]bool{}
	for name := range strings.FieldsSeq(required) {
		allowed[name] = true
		if _, ok := o[name]; !ok {
			return false
		}
	}
	for _, name := range optional {
		allowed[name] = true
	}
	for name := range o {
		if !allowed[name] {
			return false
		}
	}
	return true
}

func text(v any, most int) bool {
	s, ok := v.(string)
	return ok && s != "" && utf8.RuneCountInString(s) <= most
}

func goodBlock(b map[string]any) bool {
	switch b["type"] {
	case "header":
		t, ok := b["text"].(map[string]any)
		return ok && fields(b, "type text") && fields(t, "type text", "emoji") && t["type"] == "plain_text" && text(t["text"], 150)
	case "divider":
		return fields(b, "type")
	case "rich_text":
		elements, ok := b["elements"].([]any)
		size := 0
		for _, e := range elements {
			if !richElement(e, &size) {
				return false
			}
		}
		return ok && len(elements) > 0 && size <= 3000 && fields(b, "type elements")
	}
	return false
}

// richElement judges a part of a rich_text block, and counts its characters.
func richElement(v any, size *int) bool {
	e, ok := v.(map[string]any)
	if !ok {
		return false
	}
	switch e["type"] {
	case "rich_text_section", "rich_text_list":
		if e["type"] == "rich_text_list" && e["style"] != "bullet" && e["style"] != "ordered" {
			return false
		}
		parts, ok := e["elements"].([]any)
		for _, p := range parts {
			inner, _ := p.(map[string]any)
			if e["type"] == "rich_text_list" && inner["type"] != "rich_text_section" || !richElement(p, size) {
				return false
			}
		}
		return ok && len(parts) > 0 && fields(e, "type elements", "style")
	case "text":
		s, _ := e["text"].(string)
		*size += utf8.RuneCountInString(s)
		return text(e["text"], 3000) && fields(e, "type text", "style")
	case "link":
		return text(e["url"], 3000) && text(e["text"], 3000) && fields(e, "type url text", "style")
	}
	return false
}
