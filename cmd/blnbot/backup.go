package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"blnbot/config"
	"blnbot/internal/sqlite"
)

// backupCmd copies blnbot.db. It works while the bot is running.
type backupCmd struct {
	File string `arg:"" optional:"" help:"The file to write, or a folder for a file named by the time (UTC); backup_dir of the configuration if left out."`
	Keep int    `help:"In a folder: delete all but the newest N backups." placeholder:"N"`
}

// backupLayout is the time in the names of backups in a folder, in UTC, so that
// the order of names is the order of time.
const backupLayout = "20060102T150405Z"

// ours matches the names of backups in a folder; nothing else is ever deleted.
var ours = regexp.MustCompile(`^blnbot-\d{8}T\d{6}Z\.db$`)

// unfinished matches what a backup leaves behind whose process was killed.
var unfinished = regexp.MustCompile(`^blnbot-\d{8}T\d{6}Z\.db\.\d+` + regexp.QuoteMeta(sqlite.Partial) + `$`)

// abandoned is how old an unfinished backup is that nobody works on any more.
const abandoned = 24 * time.Hour

// Run writes the backup and says where it is.
func (c *backupCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	if c.Keep < 0 {
		return usageError{errors.New("--keep takes a number of backups, 1 or more")}
	}
	cfg, err := cmds.loadWith(config.Loader{Now: env.now, NoSecrets: true})
	if err != nil {
		return err
	}
	if c.File == "" {
		if c.File = cfg.BackupDir; c.File == "" {
			return usageError{errors.New("name a file or a folder, or set backup_dir in the configuration")}
		}
		if err := os.MkdirAll(c.File, 0o700); err != nil {
			return fmt.Errorf("make backup_dir: %w", err)
		}
	}
	target, folder, err := c.target(env.now())
	if err != nil {
		return err
	}
	from := filepath.Join(cfg.DataDir, databaseFile)
	size, err := sqlite.Backup(ctx, from, target)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already, and backups are never overwritten; name another file", target)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no database %s to back up; has the bot run with this configuration?", from)
	case errors.Is(sqlite.Fault(err), sqlite.ErrDamaged):
		return fmt.Errorf("no backup was written: %s is damaged: %w", from, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; run this as the user that the bot runs as", err)
	default:
		return fmt.Errorf("back up to %s: %w", filepath.Dir(target), err)
	}
	fmt.Fprintf(env.stdout, "%s, %d kB, checked\n", target, (size+1023)/1024)
	if folder == "" {
		return nil
	}
	return errors.Join(c.prune(env, folder), sweep(folder, env.now().Add(-abandoned)), clean(ctx, env, cfg, target, folder))
}

// clean erases in the older backups what the newest one no longer has.
func clean(ctx context.Context, env *environment, cfg *config.Config, newest, folder string) error {
	erased, err := sqlite.ErasuresIn(ctx, newest)
	if err != nil {
		return err
	}
	n, err := cleanBackups(ctx, env, cfg, erased, folder)
	if n > 0 {
		fmt.Fprintf(env.stdout, "what was erased since is now erased in %s\n", count(n, "older backup"))
	}
	return err
}

// target is the file to write, and the folder if it was one that was named.
func (c *backupCmd) target(now time.Time) (file, folder string, err error) {
	info, err := os.Stat(c.File)
	switch {
	case err == nil && info.IsDir():
		return filepath.Join(c.File, "blnbot-"+now.UTC().Format(backupLayout)+".db"), c.File, nil
	case strings.HasSuffix(c.File, "/"):
		return "", "", fmt.Errorf("there is no folder %s; make it first", c.File)
	case c.Keep > 0:
		return "", "", usageError{fmt.Errorf("--keep is for backups in a folder, and %s is none", c.File)}
	}
	dir := filepath.Dir(c.File)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", "", fmt.Errorf("there is no folder %s; make it first", dir)
	}
	return c.File, "", nil
}

// prune deletes the oldest backups of a folder.
func (c *backupCmd) prune(env *environment, folder string) error {
	if c.Keep == 0 {
		return nil
	}
	found, err := filesLike(folder, ours)
	if err != nil {
		return err
	}
	slices.Sort(found)
	for _, name := range found[:max(0, len(found)-c.Keep)] {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("delete an old backup: %w", err)
		}
		fmt.Fprintf(env.stdout, "%s deleted\n", filepath.Join(folder, name))
	}
	return nil
}

// sweep deletes what unfinished backups left behind before the time: they hold
// what people wrote.
func sweep(folder string, before time.Time) error {
	found, err := namesLike(folder, unfinished, func(m fs.FileMode) bool { return m.IsRegular() || m.IsDir() })
	if err != nil {
		return err
	}
	for _, name := range found {
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
			continue
		}
		if err := errors.Join(err, os.RemoveAll(path)); err != nil {
			return fmt.Errorf("delete an unfinished backup: %w", err)
		}
	}
	return nil
}

// filesLike lists the plain files of a folder whose names match.
func filesLike(folder string, pattern *regexp.Regexp) ([]string, error) {
	return namesLike(folder, pattern, fs.FileMode.IsRegular)
}

func namesLike(folder string, pattern *regexp.Regexp, kind func(fs.FileMode) bool) ([]string, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var names []string
	for _, f := range list {
		if kind(f.Type()) && pattern.MatchString(f.Name()) {
			names = append(names, f.Name())
		}
	}
	return names, nil
}
