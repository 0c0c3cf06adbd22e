package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"blnbot/config"
	"blnbot/internal/sqlite"
)

// What can be wrong with the files in data_dir, and what to do about it.
var (
	errCryptoDamaged = errors.New("it is damaged; stop the bot, delete it and start again: the bot logs in as a new device and uses the recovery key")
	errNoDatabase    = errors.New("it is missing or empty, although the bot has run here; put it back, or restore the newest backup (docs/operation.md). " +
		"To begin anew, without any minutes, delete " + cryptoFile + " as well")
)

// examine reads the databases in data_dir from end to end, so that the bot does
// not work on one that is damaged, nor begin with nothing where it had something:
// it would take what people have written meanwhile for history.
func examine(ctx context.Context, cfg *config.Config) error {
	for _, f := range []struct {
		name  string
		check func(context.Context, string) error
	}{{databaseFile, checkDatabase}, {cryptoFile, checkCrypto}} {
		path := filepath.Join(cfg.DataDir, f.name)
		if err := f.check(ctx, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func checkDatabase(ctx context.Context, path string) error {
	have, _, err := sqlite.Version(ctx, path)
	if err != nil {
		return err
	}
	if have > 0 {
		return sqlite.Check(ctx, path)
	}
	// The bot makes its own database before the other.
	if size, err := sizeOf(filepath.Join(filepath.Dir(path), cryptoFile)); err != nil || size == 0 {
		return err
	}
	return errNoDatabase
}

func checkCrypto(ctx context.Context, path string) error {
	if size, err := sizeOf(path); err != nil || size == 0 {
		return err
	}
	err := sqlite.Check(ctx, path)
	if errors.Is(sqlite.Fault(err), sqlite.ErrDamaged) {
		return errCryptoDamaged
	}
	return err
}

// sizeOf is a file's size in bytes; 0 if there is none.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at the file: %w", err)
	}
	return info.Size(), nil
}

// fileRows are the lines of check about the files in data_dir; none before the
// bot has run.
func fileRows(ctx context.Context, cfg *config.Config) ([]checkRow, error) {
	size, err := sizeOf(filepath.Join(cfg.DataDir, databaseFile))
	if err != nil {
		return nil, err
	}
	row := checkRow{true, "data_dir", fmt.Sprintf("%s, %d kB, sound", databaseFile, (size+1023)/1024)}
	open, err := exposed(cfg.DataDir)
	switch {
	case err != nil:
		return nil, err
	case len(open) > 0:
		row = checkRow{false, "data_dir", fmt.Sprintf("other users of the machine can read what people wrote: chmod 700 %s", cfg.DataDir)}
	case size == 0:
		return nil, examine(ctx, cfg)
	}
	return []checkRow{row}, examine(ctx, cfg)
}

// exposed lists the databases that others than their owner can read.
func exposed(dir string) ([]string, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o011 == 0 {
		return nil, nil // nobody else comes as far as the files
	}
	if err != nil {
		return nil, fmt.Errorf("look at data_dir: %w", err)
	}
	var open []string
	for _, name := range []string{databaseFile, cryptoFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at the file: %w", err)
		}
		if info.Mode().Perm()&0o044 != 0 {
			open = append(open, name)
		}
	}
	return open, nil
}
