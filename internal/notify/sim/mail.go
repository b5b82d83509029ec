package sim

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/sourcegraph/conc"
)

// Mail is a mail server. Close it.
type Mail struct {
	// Config has its certificate; nil is a server without TLS. Implicit: TLS from
	// the start; otherwise STARTTLS is offered.
	Config   *tls.Config
	Implicit bool
	// User and Password let somebody in; "" lets everybody.
	User, Password string
	// Refuse answers a command, such as "RCPT", with this line. Drop hangs up after
	// the content was taken, without an answer.
	Refuse map[string]string
	Drop   bool

	listener net.Listener
	wait     conc.WaitGroup
	mutex    sync.Mutex
	took     []Letter
}

// Letter is a mail that was taken.
type Letter struct {
	From string
	To   []string
	Text string
	// Secret: it came over TLS. By: who signed in.
	Secret bool
	By     string
}

// Start listens on this machine and returns the port.
func (m *Mail) Start() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a simulator of tests
	if err != nil {
		return 0, err
	}
	m.listener = listener
	m.wait.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			m.wait.Go(func() { m.serve(c) })
		}
	})
	at, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("the listener has no port")
	}
	return at.Port, nil
}

// Close stops listening, and waits for conversations.
func (m *Mail) Close() {
	_ = m.listener.Close()
	m.wait.Wait()
}

// Took are the mails that it took.
func (m *Mail) Took() []Letter {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return append([]Letter{}, m.took...)
}

// talk is one conversation.
type talk struct {
	server *Mail
	wire   net.Conn
	lines  *bufio.Reader
	letter Letter
}

func (m *Mail) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	t := &talk{server: m, wire: c}
	if m.Implicit {
		t.secure()
	} else {
		t.lines = bufio.NewReader(c)
	}
	t.say("220 mail.test ESMTP")
	for {
		line, err := t.lines.ReadString('\n')
		if err != nil || !t.answer(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (t *talk) secure() {
	over := tls.Server(t.wire, t.server.Config)
	t.wire, t.lines, t.letter.Secret = over, bufio.NewReader(over), true
}

func (t *talk) say(line string) { _, _ = fmt.Fprintf(t.wire, "%s\r\n", line) }

// answer answers one command; false ends the conversation.
func (t *talk) answer(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if refusal := t.server.Refuse[verb]; refusal != "" {
		t.say(refusal)
		return true
	}
	switch verb {
	case "EHLO", "HELO":
		t.say("250-mail.test")
		if t.server.Config != nil && !t.letter.Secret {
			t.say("250-STARTTLS")
		}
		if t.server.User != "" && t.letter.Secret {
			t.say("250-AUTH PLAIN")
		}
		t.say("250 SIZE 1000000")
	case "STARTTLS":
		t.say("220 go on")
		t.secure()
	case "AUTH":
		return t.sign(rest)
	case "MAIL":
		if t.server.User != "" && t.letter.By == "" {
			t.say("530 5.7.0 sign in first")
			return true
		}
		t.letter.From, t.letter.To = rest, nil
		t.say("250 ok")
	case "RCPT":
		t.letter.To = append(t.letter.To, rest)
		t.say("250 ok")
	case "DATA":
		return t.take()
	case "QUIT":
		t.say("221 bye")
		return false
	default:
		t.say("250 ok")
	}
	return true
}

func (t *talk) sign(rest string) bool {
	_, text, _ := strings.Cut(rest, " ")
	raw, _ := base64.StdEncoding.DecodeString(text)
	if string(raw) != "\x00"+t.server.User+"\x00"+t.server.Password {
		t.say("535 5.7.8 " + string(raw)) // a server that repeats what it was sent
		return true
	}
	t.letter.By = t.server.User
	t.say("235 welcome")
	return true
}

func (t *talk) take() bool {
	t.say("354 go on")
	var b strings.Builder
	for {
		line, err := t.lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	if refusal := t.server.Refuse["."]; refusal != "" {
		t.say(refusal)
		return true
	}
	letter := t.letter
	letter.Text = b.String()
	t.server.mutex.Lock()
	t.server.took = append(t.server.took, letter)
	t.server.mutex.Unlock()
	if t.server.Drop {
		return false
	}
	t.say("250 taken")
	return true
}
