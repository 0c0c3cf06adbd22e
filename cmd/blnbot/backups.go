package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"blnbot/config"
	"blnbot/internal/meeting"
	"blnbot/internal/sqlite"
)

// What was erased in the database, by a person's wish or because its time was
// over, must be gone from the backups too. Every backup knows what had been
// erased when it was made; the rest is erased in it by the same code. The copies
// that upgrades leave beside the database are deleted instead: changing one
// would upgrade it, and then it is good for nothing.

// upgradeCopy matches the copies made before upgrades.
var upgradeCopy = regexp.MustCompile(`^` + regexp.QuoteMeta(databaseFile) + `\.v\d+$`)

// cleanBackups erases in the backups of the folder what was erased since they
// were made, and returns how many it changed. One that cannot be changed is
// named in the error, and does not keep the others from being cleaned.
func cleanBackups(ctx context.Context, env *environment, cfg *config.Config, erased []meeting.Erasure, folder string) (int, error) {
	if len(erased) == 0 {
		return 0, nil
	}
	found, err := filesLike(folder, ours)
	if err != nil {
		return 0, err
	}
	cleaned := 0
	var errs []error
	for _, name := range found {
		changed, err := cleanBackup(ctx, env, cfg, erased, filepath.Join(folder, name))
		if err != nil {
			errs = append(errs, fmt.Errorf("erase in the backup %s: %w", name, err))
		}
		if changed {
			cleaned++
		}
	}
	return cleaned, errors.Join(errs...)
}

// cleanBackup erases in one backup, and reports whether there was anything.
func cleanBackup(ctx context.Context, env *environment, cfg *config.Config, erased []meeting.Erasure, path string) (bool, error) {
	known, err := sqlite.ErasuresIn(ctx, path)
	if err != nil {
		return false, err
	}
	var missing []meeting.Erasure
	for _, e := range erased {
		if !slices.ContainsFunc(known, func(k meeting.Erasure) bool { return k.ID == e.ID }) {
			missing = append(missing, e)
		}
	}
	if len(missing) == 0 {
		return false, nil
	}
	err = sqlite.Rewrite(ctx, path, func(ctx context.Context, db *sqlite.DB) error {
		s := newService(env, cfg, db, slog.New(slog.DiscardHandler))
		for _, e := range missing {
			if err := s.bot.EraseAgain(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil, err
}

// dropUpgradeCopies deletes the copies of upgrades that are older than the last
// erasure, and returns how many.
func dropUpgradeCopies(ctx context.Context, erased []meeting.Erasure, dir string) (int, error) {
	if len(erased) == 0 {
		return 0, nil
	}
	found, err := filesLike(dir, upgradeCopy)
	if err != nil {
		return 0, err
	}
	dropped := 0
	for _, name := range found {
		path := filepath.Join(dir, name)
		known, err := sqlite.ErasuresIn(ctx, path)
		if err != nil {
			return dropped, err
		}
		if len(known) > 0 && known[len(known)-1].ID == erased[len(erased)-1].ID {
			continue
		}
		if err := os.Remove(path); err != nil {
			return dropped, fmt.Errorf("delete the copy %s: %w", name, err)
		}
		dropped++
	}
	return dropped, nil
}

// cleanEverywhere cleans what the bot knows of: the copies beside the database,
// and the configured folder for backups. It returns how many files it changed
// or deleted.
func cleanEverywhere(ctx context.Context, env *environment, cfg *config.Config, db *sqlite.DB) (int, error) {
	erased, err := db.Erasures(ctx)
	if err != nil {
		return 0, err
	}
	dropped, err := dropUpgradeCopies(ctx, erased, cfg.DataDir)
	if cfg.BackupDir == "" {
		return dropped, err
	}
	if _, missing := os.Stat(cfg.BackupDir); errors.Is(missing, fs.ErrNotExist) {
		return dropped, err // no backup was made yet
	}
	cleaned, err2 := cleanBackups(ctx, env, cfg, erased, cfg.BackupDir)
	return dropped + cleaned, errors.Join(err, err2)
}

// cleanEvery is how often the running bot looks whether something was erased.
const cleanEvery = time.Minute

// keepBackupsClean cleans after each erasure, until ctx ends. What fails is
// logged once, and done by the next "blnbot backup".
func (s *service) keepBackupsClean(ctx context.Context, env *environment, log *slog.Logger) error {
	last := "-"
	for {
		erased, err := s.db.Erasures(ctx)
		newest := ""
		if len(erased) > 0 {
			newest = erased[len(erased)-1].ID
		}
		if err == nil && newest != last {
			var n int
			if n, err = cleanEverywhere(ctx, env, s.cfg, s.db); n > 0 {
				log.Info("erased in backups, too", "files", n)
			}
			last = newest
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("cannot erase in backups; the next backup will try again", "err", err)
		}
		if pause(ctx, cleanEvery) != nil {
			return nil
		}
	}
}
