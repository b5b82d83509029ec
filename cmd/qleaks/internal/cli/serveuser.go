package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/qleaks/qleaks/internal/records"
	webaccess "github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
)

func newServeUserCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, list and remove who signs in to qleaks serve",
		Long: `Passwords are asked for without being shown, or read from the first line of standard
input; they are never arguments. The roles are viewer, triager, approver and admin.`,
		Example: `  qleaks serve user add grace --role approver
  qleaks serve user list
  qleaks serve user change grace --role viewer
  qleaks serve user passwd grace < password.txt
  qleaks serve user remove grace`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newUserAddCommand(env), newUserListCommand(env), newUserChangeCommand(env), newUserPasswordCommand(env), newUserRemoveCommand(env))
	return cmd
}

// userKeeper changes users from the command line, which whoever has the database may.
type userKeeper struct {
	*desk.Desk

	env Env
}

// commandLine is who the audit log says changed something there.
const commandLine = "command line"

// keep opens the records, and does something with users.
func keep(ctx context.Context, env Env, o databaseOptions, do func(ctx context.Context, k userKeeper) error) (err error) {
	store, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ctx = webaccess.With(ctx, webaccess.Identity{Name: commandLine, Role: webaccess.Admin})
	err = do(ctx, userKeeper{Desk: &desk.Desk{Store: store}, env: env})
	switch {
	case errors.Is(err, desk.ErrInput):
		return wrongUsage(strings.TrimPrefix(err.Error(), desk.ErrInput.Error()+": "))
	case errors.Is(err, records.ErrNotFound):
		return wrongUsage("there is no such user", "qleaks serve user list tells who there is")
	case errors.Is(err, desk.ErrConflict):
		return couldNot("the users stay as they are: "+strings.TrimPrefix(err.Error(), desk.ErrConflict.Error()+": "), nil)
	}
	return err
}

// userCommand makes a command about one user.
func userCommand(env Env, use, short string, o *databaseOptions, do func(ctx context.Context, k userKeeper, name string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use + " NAME", Short: short, Args: oneArgument("the NAME of a user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return keep(cmd.Context(), env, *o, func(ctx context.Context, k userKeeper) error { return do(ctx, k, args[0]) })
		},
	}
	addDatabaseFlag(cmd, o)
	return cmd
}

// roleFlag is a role on the command line.
type roleFlag struct{ webaccess.Role }

// Set implements pflag.Value.
func (f *roleFlag) Set(word string) (err error) {
	f.Role, err = webaccess.ParseRole(word)
	return err
}

// Type implements pflag.Value.
func (f *roleFlag) Type() string { return "role" }

// String implements pflag.Value.
func (f *roleFlag) String() string {
	if f.Role == webaccess.Nobody {
		return ""
	}
	return f.Role.String()
}

func addRoleFlag(cmd *cobra.Command, to *roleFlag, about string) {
	var words []string
	for _, r := range webaccess.Roles() {
		words = append(words, r.String())
	}
	cmd.Flags().Var(to, "role", about+": `"+strings.Join(words, ", ")+"`")
	completeWords(cmd, "role", words...)
}

func newUserAddCommand(env Env) *cobra.Command {
	var o databaseOptions
	role := roleFlag{webaccess.Viewer}
	cmd := userCommand(env, "add", "Add a user, whose password is asked for", &o, func(ctx context.Context, k userKeeper, name string) error {
		password, err := k.password(name)
		if err != nil {
			return err
		}
		added, err := k.AddUser(ctx, name, role.Role, password)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.Stdout, "%s: %s\n", added.Name, added.Role)
		return err
	})
	addRoleFlag(cmd, &role, "what the user may do")
	return cmd
}

func newUserChangeCommand(env Env) *cobra.Command {
	var o databaseOptions
	var role roleFlag
	var lock, unlock bool
	cmd := userCommand(env, "change", "Give a user another role, lock or unlock", &o, func(ctx context.Context, k userKeeper, name string) error {
		if lock && unlock || role.Role == webaccess.Nobody && !lock && !unlock {
			return wrongUsage("say what is to change: --role, --lock or --unlock")
		}
		user, _, err := k.Store.UserNamed(ctx, webaccess.CleanName(name))
		if err != nil {
			return err
		}
		as := role.Role
		if as == webaccess.Nobody {
			if as, err = webaccess.ParseRole(user.Role); err != nil {
				return err
			}
		}
		return k.ChangeUser(ctx, name, as, lock || !user.Locked.IsZero() && !unlock)
	})
	addRoleFlag(cmd, &role, "what the user may do")
	cmd.Flags().BoolVar(&lock, "lock", false, "the user may not sign in any more")
	cmd.Flags().BoolVar(&unlock, "unlock", false, "the user may sign in again")
	return cmd
}

func newUserPasswordCommand(env Env) *cobra.Command {
	var o databaseOptions
	return userCommand(env, "passwd", "Give a user another password; all of the user's sessions end", &o, func(ctx context.Context, k userKeeper, name string) error {
		password, err := k.password(name)
		if err != nil {
			return err
		}
		return k.SetPassword(ctx, name, password)
	})
}

func newUserRemoveCommand(env Env) *cobra.Command {
	var o databaseOptions
	return userCommand(env, "remove", "Remove a user; what the user did stays written down", &o, func(ctx context.Context, k userKeeper, name string) error {
		return k.DeleteUser(ctx, name)
	})
}

func newUserListCommand(env Env) *cobra.Command {
	var o databaseOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List users", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return keep(cmd.Context(), env, o, func(ctx context.Context, k userKeeper) error { return k.list(ctx, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	addDatabaseFlag(cmd, &o)
	return cmd
}

func (k userKeeper) list(ctx context.Context, asJSON bool) error {
	users := []records.User{}
	for p := (records.Page{}); ; {
		some, err := k.Store.Users(ctx, p)
		if err != nil {
			return couldNot("cannot read the users", err)
		}
		users = append(users, some...)
		if len(some) < records.MaxPage {
			break
		}
		p.Before = some[len(some)-1].Seq
	}
	if asJSON {
		return writeIndented(k.env.Stdout, users)
	}
	table := tabwriter.NewWriter(k.env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tROLE\tSIGNS IN BY\tLAST\tLOCKED")
	for _, u := range users {
		by, last, locked := "password", "never", ""
		if u.Issuer != "" {
			by = "identity provider"
		}
		if !u.Seen.IsZero() {
			last = minute(u.Seen)
		}
		if !u.Locked.IsZero() {
			locked = minute(u.Locked)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.Name, u.Role, by, last, locked)
	}
	return table.Flush()
}

// longestPassword is more than a password may have, in bytes.
const longestPassword = 4 << 10

// password asks for a password, twice on a terminal.
func (k userKeeper) password(name string) (string, error) {
	f, ok := k.env.Stdin.(*os.File)
	if !ok || !k.env.isTerminal(f) {
		line, err := bufio.NewReader(io.LimitReader(k.env.Stdin, longestPassword)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", couldNot("cannot read the password", rootCause(err))
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", wrongUsage("standard input has no password", "qleaks serve user passwd "+shellWord(name)+" < FILE, or on a terminal")
		}
		return line, nil
	}
	first, err := k.hidden(f, "password for "+name)
	if err != nil {
		return "", err
	}
	again, err := k.hidden(f, "once more")
	if err == nil && first != again {
		err = wrongUsage("the two are not the same")
	}
	return first, err
}

func (k userKeeper) hidden(f *os.File, question string) (string, error) {
	if _, err := fmt.Fprintf(k.env.Stderr, "%s: ", question); err != nil {
		return "", err
	}
	text, err := term.ReadPassword(int(f.Fd()))
	_, _ = io.WriteString(k.env.Stderr, "\n") // for the line that nobody saw
	if err != nil {
		return "", couldNot("cannot read the password", rootCause(err))
	}
	return string(text), nil
}
