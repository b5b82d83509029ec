package notify

import (
	"context"
	"encoding/json"

	"github.com/qleaks/qleaks/internal/secret"
)

// teams sends to a webhook of a workflow of Microsoft Teams.
type teams struct{ *hook }

// NewTeams sends to the webhook of a workflow ("When a Teams webhook request is
// received") at an address, which is material. The workflow has taken a message
// when it answers; that it posts the card is its own affair.
//
// Names and paths are in runs of a RichTextBlock, which knows no Markdown.
// https://adaptivecards.io/explorer/RichTextBlock.html
func NewTeams(address secret.Value, r Reach) (Sender, error) {
	h, err := newHook("Teams", address, r)
	return teams{h}, err
}

// teamsMessage is how many bytes a message has at most; Teams takes 28 KB.
const teamsMessage = 25_000

// Send implements Sender.
func (t teams) Send(ctx context.Context, m Message) error {
	m = fit(m, teamsMessage, func(m Message) int { return len(teamsBody(m)) })
	return t.post(ctx, teamsBody(m), nil, false)
}

func teamsBody(m Message) []byte {
	text, err := json.Marshal(object{"type": "message", "attachments": []object{{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card(m),
	}}})
	if err != nil {
		return nil // strings and numbers only
	}
	return text
}

func card(m Message) object {
	body := []object{{"type": "TextBlock", "text": "qleaks: " + m.Title, "size": "Large", "weight": "Bolder", "wrap": true}}
	if m.Lead != "" {
		body = append(body, runs(object{"type": "TextRun", "text": m.Lead, "isSubtle": true}))
	}
	if m.Again {
		body = append(body, runs(object{"type": "TextRun", "text": copied, "isSubtle": true}))
	}
	for _, s := range m.Sections {
		color := "Default"
		if s.Event == Active || s.Event == Failed {
			color = "Attention"
		}
		body = append(body, object{"type": "TextBlock", "text": s.heading(), "weight": "Bolder", "color": color, "wrap": true, "separator": true})
		for _, g := range s.Groups {
			body = append(body, runs(object{"type": "TextRun", "text": g.Name, "weight": "Bolder"}))
			for _, l := range g.Lines {
				line := runs(object{"type": "TextRun", "text": "• " + l})
				line["spacing"] = "Small"
				body = append(body, line)
			}
		}
		if more := s.more(); more != "" {
			body = append(body, runs(object{"type": "TextRun", "text": more, "isSubtle": true}))
		}
	}
	c := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "fallbackText": summary(m), "body": body}
	if m.Link != "" {
		c["actions"] = []object{{"type": "Action.OpenUrl", "title": "Open the dashboard", "url": m.Link}}
	}
	return c
}

func runs(inlines ...object) object {
	return object{"type": "RichTextBlock", "inlines": inlines}
}
