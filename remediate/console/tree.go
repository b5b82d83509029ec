package console

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
)

// node is something that a person with a screen reader meets on a page.
type node struct {
	role, name, value string
	disabled          bool
	dom               cdp.BackendNodeID
	parent            *node
	children          []*node
}

// treeOf builds the tree of a page. What is hidden is left out.
func treeOf(all []*accessibility.Node) *node {
	byID := map[accessibility.NodeID]*accessibility.Node{}
	for _, n := range all {
		byID[n.NodeID] = n
	}
	root := &node{role: "page"}
	seen := map[accessibility.NodeID]bool{}
	for _, n := range all {
		if _, ok := byID[n.ParentID]; !ok {
			grow(root, n, byID, seen, 0)
		}
	}
	return root
}

// deepest is more than any page nests.
const deepest = 500

// grow puts a node and what is in it below parent.
func grow(parent *node, n *accessibility.Node, byID map[accessibility.NodeID]*accessibility.Node, seen map[accessibility.NodeID]bool, depth int) {
	if seen[n.NodeID] || depth > deepest {
		return
	}
	seen[n.NodeID] = true
	at := parent
	if !n.Ignored {
		at = &node{role: said(n.Role), name: said(n.Name), value: said(n.Value), dom: n.BackendDOMNodeID, parent: parent}
		for _, p := range n.Properties {
			if p.Name == "disabled" && said(p.Value) == "true" {
				at.disabled = true
			}
		}
		parent.children = append(parent.children, at)
	}
	for _, id := range n.ChildIDs {
		if c, ok := byID[id]; ok {
			grow(at, c, byID, seen, depth+1)
		}
	}
}

// said is the text of a value.
func said(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var text string
	if json.Unmarshal(v.Value, &text) == nil {
		return text
	}
	return string(v.Value)
}

// each visits a node and all below it, until visit says no.
func (n *node) each(visit func(*node) bool) bool {
	if !visit(n) {
		return false
	}
	for _, c := range n.children {
		if !c.each(visit) {
			return false
		}
	}
	return true
}

// all are the nodes that match, in the order of the page.
func (n *node) all(match func(*node) bool) []*node {
	var found []*node
	n.each(func(c *node) bool {
		if match(c) {
			found = append(found, c)
		}
		return true
	})
	return found
}

// text is what a person reads in a node.
func (n *node) text() string {
	var words []string
	n.each(func(c *node) bool {
		if c.role == "StaticText" {
			words = append(words, c.name)
		}
		if c.role == "textbox" && c.value != "" {
			words = append(words, c.value)
		}
		return true
	})
	if len(words) == 0 {
		return strings.Join(strings.Fields(n.name), " ")
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

func (n *node) has(roles ...string) bool { return slices.Contains(roles, n.role) }

// front is what lies over the page, or the page: only there can be pressed.
func (n *node) front() *node {
	dialogs := n.all(func(c *node) bool { return c.has("dialog", "alertdialog") })
	if len(dialogs) == 0 {
		return n
	}
	return dialogs[len(dialogs)-1]
}

// controls are the controls of a step.
func (n *node) controls(s Step) []*node {
	return n.all(func(c *node) bool { return c.has(s.Role...) && is(c.name, s.Text) })
}
