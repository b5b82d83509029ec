package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// qiskit are the accounts in a qiskit-ibm.json that hold the old value; or one
// account, if it is named.
type qiskit struct {
	use     store.Use
	account string
}

// depth bounds how deep a file may be nested.
const depth = 100

// read finds the token of every account.
func (q qiskit) read(text []byte) ([]place, error) {
	if !json.Valid(text) {
		return nil, ErrForm
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var places []place
	var path []string // of the objects that are open
	isKey := false
	name := ""
	for {
		before := int(d.InputOffset())
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return places, nil
		}
		if err != nil || len(path) > depth {
			return nil, ErrForm
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				path = append(path, name)
				isKey = true
			case '[':
				path = append(path, "[")
				isKey = false
			default:
				path = path[:len(path)-1]
				isKey = len(path) > 0 && path[len(path)-1] != "["
			}
			continue
		case string:
			if isKey {
				name, isKey = t, false
				continue
			}
			if len(path) == 2 && path[1] != "[" && name == "token" && (q.account == "" || q.account == path[1]) {
				// The raw text of a token ends where the reader stands.
				end := int(d.InputOffset()) - 1
				start := before + bytes.IndexByte(text[before:], '"') + 1
				places = append(places, place{start: start, end: end, value: secret.New([]byte(t)), owner: path[1]})
			}
		}
		isKey = len(path) > 0 && path[len(path)-1] != "["
	}
}

// selects implements selective: the accounts with the old value, or the only
// one.
func (q qiskit) selects(p place, among []place) bool {
	return q.use.Held(p.value) || len(among) == 1
}

// add refuses: an account is more than its token.
func (q qiskit) add([]byte, string) ([]byte, error) { return nil, errNoAccount }

var errNoAccount = errors.New("it has no such account: save one with QiskitRuntimeService.save_account, and try again")
