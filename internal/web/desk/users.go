package desk

import (
	"context"
	"errors"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

// AddUser adds a user who signs in with a password. It needs an admin.
func (d *Desk) AddUser(ctx context.Context, name string, role access.Role, password string) (records.User, error) {
	who, err := access.Need(ctx, access.Admin)
	if err != nil {
		return records.User{}, err
	}
	name = access.CleanName(name)
	if err := access.CheckName(name); err != nil {
		return records.User{}, wrong("%w", err)
	}
	if role == access.Nobody {
		return records.User{}, wrong("the role is missing")
	}
	hash, err := access.HashPassword(password)
	if err != nil {
		return records.User{}, wrong("%w", err)
	}
	var added records.User
	err = d.Store.Update(ctx, func(tx *records.Tx) (err error) {
		if added, err = tx.AddUser(ctx, records.User{Name: name, Role: role.String()}, hash); err != nil {
			return err
		}
		return note(ctx, tx, "user", name, "added as "+role.String(), who.Name)
	})
	if errors.Is(err, records.ErrTaken) {
		err = conflict("there is a user %s already", name)
	}
	return added, err
}

// ChangeUser gives a user a role, and locks or unlocks; the user has to sign in
// again. It needs an admin, and leaves at least one.
func (d *Desk) ChangeUser(ctx context.Context, name string, role access.Role, locked bool) error {
	if role == access.Nobody {
		return wrong("the role is missing")
	}
	state := "became " + role.String()
	if locked {
		state = "locked"
	}
	return d.changeUser(ctx, name, state, func(ctx context.Context, tx *records.Tx, u records.User) error {
		return tx.ChangeUser(ctx, u.Seq, role.String(), locked)
	})
}

// DeleteUser deletes a user. It needs an admin, and leaves at least one.
func (d *Desk) DeleteUser(ctx context.Context, name string) error {
	return d.changeUser(ctx, name, "deleted", func(ctx context.Context, tx *records.Tx, u records.User) error { return tx.DeleteUser(ctx, u.Seq) })
}

// SetPassword gives a user another password, for one who forgot it; the user has to
// sign in again. It needs an admin.
func (d *Desk) SetPassword(ctx context.Context, name, password string) error {
	hash, err := access.HashPassword(password)
	if err != nil {
		return wrong("%w", err)
	}
	return d.changeUser(ctx, name, "password reset", func(ctx context.Context, tx *records.Tx, u records.User) error {
		if u.Issuer != "" {
			return wrong("%s signs in by the identity provider", name)
		}
		return tx.SetPassword(ctx, u.Seq, hash)
	})
}

// changeUser changes a user. If nobody was an admin then, it is undone.
func (d *Desk) changeUser(ctx context.Context, name, state string, change func(ctx context.Context, tx *records.Tx, u records.User) error) error {
	who, err := access.Need(ctx, access.Admin)
	if err != nil {
		return err
	}
	user, _, err := d.Store.UserNamed(ctx, access.CleanName(name))
	if err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		// Locks the admins, so that two of them do not remove each other at once.
		if _, err := tx.UsersWithRole(ctx, access.Admin.String()); err != nil {
			return err
		}
		if err := change(ctx, tx, user); err != nil {
			return err
		}
		admins, err := tx.UsersWithRole(ctx, access.Admin.String())
		if err != nil {
			return err
		}
		if len(admins) == 0 {
			return conflict("nobody would be an admin then")
		}
		return note(ctx, tx, "user", user.Name, state, who.Name)
	})
}

// EndToken ends an API token: one's own, or as an admin anybody's.
func (d *Desk) EndToken(ctx context.Context, token int64) error {
	who, err := access.Need(ctx, access.Viewer)
	if err != nil {
		return err
	}
	owner := who.User
	if who.Role.May(access.Admin) {
		owner = 0
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		if err := tx.EndToken(ctx, token, owner); err != nil {
			return err
		}
		return note(ctx, tx, "token", "", "ended", who.Name)
	})
}
