// Openbao does with a KV engine, version 2, what standard input asks for, through
// OpenBao's own library: an independent client that tests compare ours with. It
// reads one JSON object a line, and answers with one a line.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	openbao "github.com/openbao/openbao/api/v2"
)

// task is what is asked for. Do is "get", "put", "patch" or "unwrap"; CAS is the
// version that must be the newest, and nil if any may be.
type task struct {
	Do, Address, Namespace, Token, Mount, Path string
	Version                                    int
	CAS                                        *int
	Data                                       map[string]any
}

// answer is what came of it.
type answer struct {
	Version int            `json:"version,omitempty"`
	Data    map[string]any `json:"data,omitempty"`
	// Status is that of the response, if the library took it for an error.
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for in.More() {
		var t task
		if err := in.Decode(&t); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		a, err := t.do(context.Background())
		if err != nil {
			a = answer{Error: err.Error()}
			if refused := new(openbao.ResponseError); errors.As(err, &refused) {
				a.Status = refused.StatusCode
			}
		}
		if err := out.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func (t task) do(ctx context.Context) (answer, error) {
	config := openbao.DefaultConfig()
	config.Address, config.MaxRetries = t.Address, 0
	client, err := openbao.NewClient(config)
	if err != nil {
		return answer{}, err
	}
	client.SetToken(t.Token)
	client.SetNamespace(t.Namespace)
	if t.Do == "unwrap" {
		s, err := client.Logical().UnwrapWithContext(ctx, t.Token)
		if err != nil || s == nil {
			return answer{}, errors.Join(err, errors.New("nothing was unwrapped"))
		}
		return answer{Data: s.Data}, nil
	}
	kv := client.KVv2(t.Mount)
	var options []openbao.KVOption
	if t.CAS != nil {
		options = append(options, openbao.WithCheckAndSet(*t.CAS))
	}
	var s *openbao.KVSecret
	switch t.Do {
	case "get":
		s, err = kv.GetVersion(ctx, t.Path, t.Version)
	case "put":
		s, err = kv.Put(ctx, t.Path, t.Data, options...)
	case "patch":
		s, err = kv.Patch(ctx, t.Path, t.Data, append(options, openbao.WithMergeMethod("patch"))...)
	default:
		err = errors.New("nothing is called " + t.Do)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{Version: s.VersionMetadata.Version, Data: s.Data}, nil
}
