package githubsource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/httpx"
)

// longestAnswer is how much of a kept answer is read, in bytes.
const longestAnswer = 32 << 20

// answers keeps what GitHub told beside the copies, so that it is asked only
// whether that still holds. They are as secret as the copies are.
type answers struct {
	dir string

	mu sync.Mutex
}

// answer is a file of answers.
type answer struct {
	Request string `json:"request"`
	httpx.Kept
}

func (a *answers) file(request string) string {
	sum := sha256.Sum256([]byte(request))
	return filepath.Join(a.dir, hex.EncodeToString(sum[:])+".json")
}

// Recall implements httpx.Memory.
func (a *answers) Recall(request string) (httpx.Kept, bool) {
	text, err := durable.ReadWhole(durable.OS{}, a.file(request), longestAnswer)
	var kept answer
	if err != nil || json.Unmarshal(text, &kept) != nil || kept.Request != request {
		return httpx.Kept{}, false
	}
	return kept.Kept, true
}

// Keep implements httpx.Memory. What cannot be kept is asked for again.
func (a *answers) Keep(request string, k httpx.Kept) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, err := json.Marshal(answer{request, k})
	if err != nil || os.MkdirAll(a.dir, 0o700) != nil {
		return
	}
	_ = durable.WriteWhole(durable.OS{}, a.file(request), text)
}
