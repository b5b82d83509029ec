package notify

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/secret"
)

// slack sends to an incoming webhook of Slack.
type slack struct{ *hook }

// NewSlack sends to Slack's incoming webhook at an address, which is material.
//
// Names and paths are in blocks of the type rich_text, whose texts Slack shows as
// they are: there is nothing to escape, no mention and no link but ours.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func NewSlack(address secret.Value, r Reach) (Sender, error) {
	h, err := newHook("Slack", address, r)
	return slack{h}, err
}

const (
	// Slack takes 50 blocks of a message, 3,000 characters of a text, 150 of a
	// header.
	slackBlocks = 50
	slackText   = 2800
	slackHeader = 150
	// slackMessage is how many characters of JSON a message has at most; Slack cuts
	// texts of more than 40,000.
	slackMessage = 30_000
)

type object = map[string]any

// Send implements Sender.
func (s slack) Send(ctx context.Context, m Message) error {
	m = fit(m, slackMessage, func(m Message) int { return len(slackBody(m)) })
	return s.post(ctx, slackBody(m), nil, false)
}

func slackBody(m Message) []byte {
	blocks := []object{{"type": "header", "text": object{"type": "plain_text", "text": clipped("qleaks: "+m.Title, slackHeader), "emoji": false}}}
	var lead []object
	if m.Lead != "" {
		lead = append(lead, slackRun(m.Lead, false))
	}
	if m.Again {
		lead = append(lead, slackRun("\n"+copied, false))
	}
	if len(lead) > 0 {
		blocks = append(blocks, richText(object{"type": "rich_text_section", "elements": lead}))
	}
	for _, s := range m.Sections {
		blocks = append(blocks, slackSection(s)...)
	}
	if m.Link != "" {
		link := object{"type": "link", "url": m.Link, "text": "Open the dashboard"}
		blocks = append(blocks[:min(len(blocks), slackBlocks-1)], richText(object{"type": "rich_text_section", "elements": []object{link}}))
	}
	body := object{"text": clipped("qleaks: "+slackFallback(m), slackText), "unfurl_links": false, "unfurl_media": false, "blocks": blocks[:min(len(blocks), slackBlocks)]}
	text, err := json.Marshal(body)
	if err != nil {
		return nil // strings and numbers only
	}
	return text
}

// slackFallback is what notifications of phones show: numbers, and words of ours.
func slackFallback(m Message) string { return summary(m) }

// slackSection divides a section into blocks that are short enough.
func slackSection(s Section) []object {
	var blocks []object
	elements := []object{{"type": "rich_text_section", "elements": []object{slackRun(s.heading(), true)}}}
	size := utf8.RuneCountInString(s.heading())
	room := func(more int) {
		if size += more; size > slackText && len(elements) > 0 {
			blocks = append(blocks, richText(elements...))
			elements, size = nil, more
		}
	}
	for _, g := range s.Groups {
		name := object{"type": "rich_text_section", "elements": []object{slackRun(g.Name, false)}}
		room(utf8.RuneCountInString(g.Name))
		elements = append(elements, name)
		var items []object
		for _, l := range g.Lines {
			before := len(blocks)
			if size+utf8.RuneCountInString(l) > slackText && len(items) > 0 {
				elements, items = append(elements, bullets(items)), nil
			}
			room(utf8.RuneCountInString(l))
			if len(blocks) > before {
				items = nil
			}
			items = append(items, object{"type": "rich_text_section", "elements": []object{slackRun(l, false)}})
		}
		if len(items) > 0 {
			elements = append(elements, bullets(items))
		}
	}
	if more := s.more(); more != "" {
		elements = append(elements, object{"type": "rich_text_section", "elements": []object{slackRun(more, false)}})
	}
	return append(blocks, richText(elements...))
}

func bullets(items []object) object {
	return object{"type": "rich_text_list", "style": "bullet", "elements": items}
}

func richText(elements ...object) object { return object{"type": "rich_text", "elements": elements} }

func slackRun(text string, bold bool) object {
	run := object{"type": "text", "text": clipped(text, slackText)}
	if bold {
		run["style"] = object{"bold": true}
	}
	return run
}
