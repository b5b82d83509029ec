package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
)

// What a process is told that tells a channel of a run, and is killed meanwhile.
const (
	killedDatabase = "NOTIFY_TEST_DATABASE"
	killedAddress  = "NOTIFY_TEST_ADDRESS"
	killedSigning  = "NOTIFY_TEST_SIGNING"
	killedRun      = "NOTIFY_TEST_RUN"
)

func TestMain(m *testing.M) {
	if os.Getenv(killedDatabase) == "" {
		os.Exit(m.Run())
	}
	if err := tellAndBeKilled(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tellAndBeKilled() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	s, err := records.Open(ctx, os.Getenv(killedDatabase))
	if err != nil {
		return err
	}
	defer s.Close()
	seq, err := strconv.ParseInt(os.Getenv(killedRun), 10, 64)
	if err != nil {
		return err
	}
	run, err := s.Run(ctx, seq)
	if err != nil {
		return err
	}
	sender, err := notify.NewWebhook(material(os.Getenv(killedAddress)), material(os.Getenv(killedSigning)), notify.Reach{Private: true})
	if err != nil {
		return err
	}
	n := notify.Notifier{Store: s, Channels: []notify.Channel{{Name: "siem", Kind: notify.Webhook, Sender: sender}}, Now: time.Now}
	_, err = n.After(ctx, run)
	return err
}

// TestAWorkerThatIsKilledWhileItTellsTellsAgain kills it when the receiver has the
// message, and before it knows: the second copy has the number of the first.
func TestAWorkerThatIsKilledWhileItTellsTellsAgain(t *testing.T) {
	database := filepath.Join(t.TempDir(), "records.db")
	s, err := records.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := &lab{t: t, store: s, now: time.Now()}
	run := l.begin()
	l.found(run, "acme/one", "", "live")

	child := exec.CommandContext(t.Context(), os.Args[0])
	var mutex sync.Mutex
	var ids []string
	again := false
	address := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var sent struct{ Data notify.Message }
		if err != nil || json.Unmarshal(text, &sent) != nil {
			t.Errorf("a message that cannot be read: %q, %v", text, err)
		}
		mutex.Lock()
		defer mutex.Unlock()
		ids = append(ids, r.Header.Get("Webhook-Id"))
		again = sent.Data.Again
		if len(ids) == 1 {
			_ = child.Process.Kill()
			_, _ = child.Process.Wait()
		}
	}))
	signing := newSigning()
	child.Env = append(os.Environ(), killedDatabase+"="+database, killedAddress+"="+address, killedSigning+"="+signing, killedRun+"="+strconv.FormatInt(run.Seq, 10))
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		mutex.Lock()
		told := len(ids)
		mutex.Unlock()
		if told > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing came")
		}
	}
	sender, err := notify.NewWebhook(material(address), material(signing), notify.Reach{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	n := l.notifier(notify.Channel{Name: "siem", Kind: notify.Webhook, Sender: sender})
	if _, err := n.After(t.Context(), run); err == nil {
		t.Error("it was told at once, though it may have been on its way")
	}
	l.now = l.now.Add(2 * time.Minute)
	for range 2 {
		if _, err := n.After(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] == "" || !again {
		t.Errorf("messages %q, the last says that it comes again: %t", ids, again)
	}
	recordstest.Sound(t, s)
}
