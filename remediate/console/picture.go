package console

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"reflect"
)

// places finds everything on the page in which a row of key characters stands,
// and says where it is in the window. The second part of every rectangle is for
// borders and shadows.
const places = `function() {
  const found = [], keyed = /[A-Za-z0-9_.\-]{16,}/;
  const put = (r) => { if (r.width > 0 && r.height > 0) found.push([r.left - 3, r.top - 3, r.right + 3, r.bottom + 3].map(Math.round)); };
  const walk = (root) => {
    for (const n of root.childNodes) {
      if (n.nodeType === 3 && keyed.test(n.data)) { const r = document.createRange(); r.selectNodeContents(n); for (const c of r.getClientRects()) put(c); }
      if (n.nodeType !== 1) continue;
      if (("value" in n && keyed.test(String(n.value))) || n.tagName === "CANVAS" || n.tagName === "IFRAME" || n.tagName === "IMG") put(n.getBoundingClientRect());
      if (n.shadowRoot) walk(n.shadowRoot);
      walk(n);
    }
  };
  walk(document);
  return {found, scale: window.devicePixelRatio, width: innerWidth};
}`

type marked struct {
	Found [][4]int
	Scale float64
	Width int
}

// Picture is the page with black over everything that could be a key. Where the
// page moves while the picture is taken, there is none.
func (b *Browser) Picture(ctx context.Context) ([]byte, error) {
	before, err := b.marked(ctx)
	if err != nil {
		return nil, err
	}
	taken, err := b.shot(ctx)
	if err != nil {
		return nil, err
	}
	after, err := b.marked(ctx)
	if err != nil || !reflect.DeepEqual(before, after) {
		return nil, err
	}
	return blanked(taken, after)
}

func (b *Browser) marked(ctx context.Context) (marked, error) {
	var m marked
	page, err := b.look(ctx)
	if err != nil {
		return m, err
	}
	var root *node
	page.each(func(n *node) bool {
		if n.dom != 0 && root == nil {
			root = n
		}
		return root == nil
	})
	if root == nil {
		return m, nil
	}
	text, err := b.call(ctx, root, places)
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(text, &m)
	return m, err
}

// blanked paints over rectangles of a picture.
func blanked(picture []byte, m marked) ([]byte, error) {
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(decoded.Bounds())
	draw.Draw(out, out.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	for _, r := range m.Found {
		scaled := func(n int) int { return int(float64(n) * m.Scale) }
		draw.Draw(out, image.Rect(scaled(r[0]), scaled(r[1]), scaled(r[2]), scaled(r[3])), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	var written bytes.Buffer
	if err := png.Encode(&written, out); err != nil {
		return nil, err
	}
	return written.Bytes(), nil
}
