package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/secret"
)

// Mail is how mail is sent.
type Mail struct {
	Host string
	// Port is 0 for the usual one: 587 with STARTTLS, 465 with TLS from the start.
	Port int
	// Implicit: TLS from the start. Plain: none at all, for a server on this machine
	// to which no password is sent. Otherwise STARTTLS, or nothing is sent.
	Implicit, Plain bool
	// User and Password sign in; "" does not.
	User     string
	Password secret.Value
	From     string
	To       []string
	Reach    Reach
}

type email struct{ Mail }

// NewEmail sends mail through a server.
func NewEmail(m Mail) (Sender, error) {
	switch {
	case m.Host == "" || strings.ContainsAny(m.Host, " /:@\r\n"):
		return nil, errors.New("host is the name of a mail server")
	case m.Port < 0 || m.Port > 65535:
		return nil, errors.New("port is a number up to 65535")
	case len(m.To) == 0:
		return nil, errors.New("to lists addresses of mail")
	case (m.User == "") != m.Password.IsZero():
		return nil, errors.New("user and password go together")
	case m.Plain && (m.User != "" || !m.Reach.Private || !httpx.Loopback("http://"+m.Host)):
		return nil, errors.New(`tls = "none" is for a server on this machine, without a password, with private = true`)
	}
	for _, address := range append([]string{m.From}, m.To...) {
		if _, err := mail.ParseAddress(address); err != nil || strings.ContainsAny(address, "\r\n") {
			return nil, errors.New("from and to are addresses of mail")
		}
	}
	return email{m}, nil
}

// mailBody is how many bytes a mail has at most.
const mailBody = 200_000

// Send implements Sender.
func (e email) Send(ctx context.Context, m Message) error {
	letter, err := e.letter(m)
	if err != nil {
		return fmt.Errorf("write the mail: %w: %w", err, ErrNotTaken)
	}
	client, connection, err := e.connect(ctx)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", e.Host, whyNoMail(err), ErrNotTaken)
	}
	err = client.SendWithSMTPClient(connection, letter)
	_ = client.CloseWithSMTPClient(connection) // the mail is taken, or it is not
	if err == nil {
		return nil
	}
	failed, ok := errors.AsType[*gomail.SendError](err)
	if ok && failed.Reason != gomail.ErrSMTPDataClose && failed.Reason != gomail.ErrWriteContent && failed.Reason != gomail.ErrAmbiguous && failed.Reason != gomail.ErrSMTPReset {
		return fmt.Errorf("%s refused the mail, with code %d: %w", e.Host, failed.ErrorCode(), ErrNotTaken)
	}
	if ok && failed.ErrorCode() >= 400 {
		return fmt.Errorf("%s refused the content of the mail, with code %d: %w", e.Host, failed.ErrorCode(), ErrNotTaken)
	}
	return fmt.Errorf("%s: the connection broke; whether it took the mail is not known", e.Host)
}

// connect reaches the server and signs in, by the first way that it offers: over a
// connection of ours, the library does not look which.
func (e email) connect(ctx context.Context) (client *gomail.Client, connection *smtp.Client, err error) {
	ways := []gomail.SMTPAuthType{gomail.SMTPAuthNoAuth}
	switch {
	case e.User != "" && e.Implicit:
		ways = []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
	case e.User != "":
		ways = []gomail.SMTPAuthType{gomail.SMTPAuthAutoDiscover}
	}
	for _, way := range ways {
		var opened net.Conn
		client, err = gomail.NewClient(e.Host, append(e.options(&opened), gomail.WithSMTPAuth(way))...)
		if err != nil {
			return nil, nil, err
		}
		if connection, err = client.DialToSMTPClientWithContext(ctx); err == nil {
			return client, connection, nil
		}
		if opened != nil {
			_ = opened.Close() // the library leaves it open
		}
		if !errors.Is(err, gomail.ErrPlainAuthNotSupported) {
			break
		}
	}
	return nil, nil, err
}

// whyNoMail says why there is no connection. What the server says is dropped.
func whyNoMail(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return httpx.ErrUntrusted.Error()
	}
	switch {
	case errors.Is(err, httpx.ErrAddress):
		return httpx.ErrAddress.Error() + " (private = true allows that)"
	case strings.Contains(err.Error(), "STARTTLS"):
		return "the server offers no STARTTLS, and nothing is sent without"
	case strings.Contains(err.Error(), "AUTH"):
		return "the server does not let the user in"
	}
	return "the server cannot be reached, or does not speak SMTP"
}

// options say how the server is reached; opened is what is connected then.
func (e email) options(opened *net.Conn) []gomail.Option {
	config := &tls.Config{ServerName: e.Host, MinVersion: tls.VersionTLS12, RootCAs: e.Reach.Roots}
	anywhere := httpx.Dial(e.Reach.Private)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := anywhere(ctx, network, address)
		*opened = c
		return c, err
	}
	options := []gomail.Option{gomail.WithTimeout(e.Reach.patience()), gomail.WithTLSConfig(config)}
	port := 587
	switch {
	case e.Implicit:
		port = 465
		options = append(options, gomail.WithSSL(), gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			plain, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			over := tls.Client(plain, config)
			if err := over.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, plain.Close())
			}
			return over, nil
		}))
	case e.Plain:
		port = 25
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithDialContextFunc(dial))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithDialContextFunc(dial))
	}
	if e.Port > 0 {
		port = e.Port
	}
	options = append(options, gomail.WithPort(port))
	if e.User != "" {
		options = append(options, gomail.WithUsername(e.User), gomail.WithPassword(e.Password.Reveal()))
	}
	return options
}

// letter is a message as mail: text only, so that nothing in it is obeyed.
func (e email) letter(m Message) (*gomail.Msg, error) {
	letter := gomail.NewMsg()
	if err := letter.From(e.From); err != nil {
		return nil, err
	}
	if err := letter.To(e.To...); err != nil {
		return nil, err
	}
	// A server that saw this id drops the second copy, if it looks.
	host := e.From[strings.LastIndexByte(e.From, '@')+1:]
	letter.SetMessageIDWithValue(m.ID + "@" + strings.Trim(host, "> "))
	letter.SetDateWithValue(m.At)
	letter.SetBulk()
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.Subject(clipped("[qleaks] "+summary(m), 200))
	m = fit(m, mailBody, func(m Message) int { return len(mailText(m)) })
	letter.SetBodyString(gomail.TypeTextPlain, mailText(m))
	return letter, nil
}

func mailText(m Message) string {
	var b strings.Builder
	b.WriteString(m.Title + "\r\n")
	for _, text := range []string{m.Lead, m.Link} {
		if text != "" {
			b.WriteString(text + "\r\n")
		}
	}
	if m.Again {
		b.WriteString(copied + "\r\n")
	}
	for _, s := range m.Sections {
		b.WriteString("\r\n" + s.heading() + "\r\n")
		for _, g := range s.Groups {
			b.WriteString("\r\n  " + g.Name + "\r\n")
			for _, l := range g.Lines {
				b.WriteString("    - " + l + "\r\n")
			}
		}
		if more := s.more(); more != "" {
			b.WriteString("  " + more + "\r\n")
		}
	}
	return b.String()
}
