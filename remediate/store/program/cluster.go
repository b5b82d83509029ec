package program

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// cluster is an entry of a Secret of Kubernetes, through kubectl: it knows every
// way to log in that a kubeconfig can name.
type cluster struct{ name, entry, namespace, context string }

// applied is where kubectl apply keeps a copy of the Secret, with the old value.
const applied = "kubectl.kubernetes.io/last-applied-configuration"

func (c cluster) words(words ...string) []string {
	words = append([]string{"kubectl"}, append(words, "--namespace", c.namespace)...)
	if c.context != "" {
		words = append(words, "--context", c.context)
	}
	return words
}

// Read implements store.Entry.
func (c cluster) Read(ctx context.Context) (store.Held, error) {
	out, err := run(ctx, nil, c.words("get", "secret", c.name, "--ignore-not-found", "--output", "json")...)
	if err != nil {
		return store.Held{}, err
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return store.Held{}, nil
	}
	whole, err := object(out)
	if err != nil {
		return store.Held{}, err
	}
	metadata, _ := whole["metadata"].(map[string]any)
	version, _ := metadata["resourceVersion"].(string)
	if whole["kind"] != "Secret" || metadata["name"] != c.name || version == "" || len(version) > 64 {
		return store.Held{}, store.ErrAnswer
	}
	held := store.Held{Mark: "version " + version, Whole: whole}
	data, _ := whole["data"].(map[string]any)
	if text, ok := data[c.entry].(string); ok {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return store.Held{}, store.ErrAnswer
		}
		held.Value = secret.New(raw)
	}
	return held, nil
}

// Write implements store.Entry. The cluster refuses a Secret of another version.
func (c cluster) Write(ctx context.Context, v secret.Value, over store.Held) error {
	how := "replace"
	whole, ok := over.Whole.(map[string]any)
	if !ok {
		how = "create"
		whole = map[string]any{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": map[string]any{"name": c.name, "namespace": c.namespace}}
	}
	data, ok := whole["data"].(map[string]any)
	if !ok {
		data = map[string]any{}
		whole["data"] = data
	}
	data[c.entry] = base64.StdEncoding.EncodeToString([]byte(v.Reveal()))
	if metadata, ok := whole["metadata"].(map[string]any); ok {
		if annotations, ok := metadata["annotations"].(map[string]any); ok {
			delete(annotations, applied)
		}
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return store.ErrAnswer
	}
	_, err = run(ctx, text, c.words(how, "--filename", "-")...)
	return unwritten(err)
}
