package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"blnbot/bot"
	"blnbot/config"
	"blnbot/internal/matrix"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
	"blnbot/internal/sqlite"
)

// store lets the bot's transactions be the database's.
type store struct{ *sqlite.DB }

func (s store) Update(ctx context.Context, fn func(bot.Tx) error) error {
	return s.DB.Update(ctx, func(tx *sqlite.Tx) error { return fn(tx) })
}

// The names of the databases in data_dir: the bot's, and its encryption's.
const (
	databaseFile = "blnbot.db"
	cryptoFile   = "crypto.db"
)

// service is the bot with its database, without a connection to the server.
type service struct {
	cfg *config.Config
	db  *sqlite.DB
	bot *bot.Bot
	// watch and hup, which asks for a changed configuration, are set while the bot
	// runs.
	watch *watch
	hup   <-chan os.Signal
}

// openService opens the database and makes the bot. It works while another
// process runs the bot.
func openService(ctx context.Context, env *environment, cfg *config.Config, log *slog.Logger) (*service, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}
	db, err := sqlite.Open(ctx, filepath.Join(cfg.DataDir, databaseFile))
	if errors.Is(err, sqlite.ErrNewer) {
		return nil, fmt.Errorf("%w. Install at least that version, or restore a backup from before the upgrade", err)
	}
	if err != nil {
		return nil, err
	}
	return newService(env, cfg, db, log), nil
}

// besideRun opens the database for a command that may be used while the bot is
// running. If that bot is of another version the database is left as it is.
func besideRun(ctx context.Context, env *environment, cfg *config.Config) (*service, error) {
	have, known, err := sqlite.Version(ctx, filepath.Join(cfg.DataDir, databaseFile))
	if err != nil {
		return nil, err
	}
	if have > 0 && have < known {
		// The database must be upgraded, and nobody may be using it then.
		f, err := lock(cfg.DataDir)
		if errors.Is(err, errRunning) {
			return nil, fmt.Errorf("an older version of blnbot is running on %s, and this one would have to upgrade its database: "+
				"use the program that is running, or stop it and start this one instead", cfg.DataDir)
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
	}
	return openService(ctx, env, cfg, slog.New(slog.DiscardHandler))
}

// madeInChat lists the networks that were made in chat, as the database has them;
// none if the bot has not run yet.
func madeInChat(ctx context.Context, env *environment, cfg *config.Config) ([]chatLine, error) {
	have, _, err := sqlite.Version(ctx, filepath.Join(cfg.DataDir, databaseFile))
	if err != nil || have == 0 {
		return nil, err
	}
	s, err := besideRun(ctx, env, cfg)
	if err != nil {
		return nil, err
	}
	lines, err := s.bot.Networks(ctx)
	var out []chatLine
	for _, l := range lines {
		if !l.Chat || err != nil {
			continue
		}
		c := chatLine{NetworkLine: l}
		if c.net, err = s.bot.Network(ctx, l.ID); err == nil {
			out = append(out, c)
		}
	}
	return out, errors.Join(err, s.db.Close())
}

// chatLine is a network made in chat; net is nil where its room was never made.
type chatLine struct {
	render.NetworkLine
	net *meeting.Network
}

// newService makes the bot on an open database.
func newService(env *environment, cfg *config.Config, db *sqlite.DB, log *slog.Logger) *service {
	b := bot.New(bot.Options{Store: store{db}, Texts: render.NewWith(cfg.Roles), Log: log, Self: cfg.User, Settings: settings(cfg), Now: env.now})
	return &service{cfg: cfg, db: db, bot: b}
}

func settings(cfg *config.Config) *bot.Settings {
	return &bot.Settings{Networks: cfg.Networks, Programmes: cfg.Programmes, Defaults: cfg.Defaults, Staff: cfg.Coordination.Staff, Leaders: cfg.Coordination.Leaders, Language: cfg.Language, Location: cfg.Location}
}

// errRunning means that another process runs the bot.
var errRunning = errors.New("another blnbot is running")

// lock makes sure that one process runs the bot on a data_dir. The lock goes
// with the process, however it ends.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "blnbot.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w; blnbot must be able to write in data_dir: check its owner and mode", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w on %s; stop it first", errRunning, dir), f.Close())
	}
	return f, nil
}

// connection is what connect opened.
type connection struct {
	*matrix.Client
	crypto *sql.DB
}

// connect logs in, and waits for a server that does not answer.
func (s *service) connect(ctx context.Context, env *environment, log *slog.Logger, patient bool) (*connection, error) {
	crypto, err := sqlite.Connect(ctx, filepath.Join(s.cfg.DataDir, cryptoFile))
	if err != nil {
		return nil, err
	}
	o := matrix.Options{Homeserver: s.cfg.Homeserver, User: s.cfg.User, Password: s.cfg.Password.Reveal(), AccessToken: s.cfg.AccessToken.Reveal(),
		RecoveryKeyFile: s.cfg.RecoveryKeyFile, CryptoDB: crypto, Store: s.db, Handler: s.bot, Log: log, Now: env.now}
	wait := time.Second
	for told := false; ; wait = min(2*wait, time.Minute) {
		client, err := matrix.Open(ctx, o)
		if err == nil {
			return &connection{client, crypto}, nil
		}
		if !patient || !errors.Is(err, matrix.ErrUnreachable) || ctx.Err() != nil {
			return nil, errors.Join(advise(s.cfg, err), crypto.Close())
		}
		if !told {
			log.Warn("the homeserver does not answer; waiting for it", "homeserver", s.cfg.Homeserver, "err", err)
			told = true
		}
		if err := pause(ctx, wait); err != nil {
			return nil, errors.Join(err, crypto.Close())
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// advise adds what the operator can do about a failed login.
func advise(cfg *config.Config, err error) error {
	for _, a := range []struct {
		is     error
		advice string
	}{
		{matrix.ErrWrongPassword, "check user and the password file"},
		{matrix.ErrWrongToken, "get a new access token for a device of the bot's own"},
		{matrix.ErrNoCredentials, "set password_file, access_token_file, BLNBOT_PASSWORD or BLNBOT_ACCESS_TOKEN"},
		{matrix.ErrOtherUser, "user in the configuration and the account that is logged in differ"},
		{matrix.ErrNoDevice, "the access token must come from a login with a device"},
		{matrix.ErrDeviceInUse, "log in once more, so that the bot gets a device of its own"},
		{matrix.ErrLoggedOut, "stop the bot, delete crypto.db in data_dir and start it again: it logs in as a new device and uses the recovery key"},
		{matrix.ErrIdentityExists, fmt.Sprintf("put the account's recovery key into %s", cfg.RecoveryKeyFile)},
		{matrix.ErrNeedsApproval, "approve the new identity on the account's page, or set the password"},
		{matrix.ErrRecoveryKey, fmt.Sprintf("check %s", cfg.RecoveryKeyFile)},
	} {
		if errors.Is(err, a.is) {
			return fmt.Errorf("%w; %s", err, a.advice)
		}
	}
	return err
}

func (c *connection) Close() error { return c.crypto.Close() }
