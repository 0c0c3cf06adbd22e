package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"blnbot/config"
	"blnbot/internal/matrix"
)

// clockLimit is how far the clocks may be apart. Deadlines are kept by the
// bot's clock, and people read them by their own.
const clockLimit = 30 * time.Second

// online logs in and looks at everything that must be right on the server.
func (c *checkCmd) online(ctx context.Context, env *environment, cfg *config.Config) ([]checkRow, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}
	lockFile, err := lock(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	defer lockFile.Close()
	log := slog.New(slog.DiscardHandler)
	s, err := openService(ctx, env, cfg, log)
	if err != nil {
		return nil, err
	}
	conn, err := s.connect(ctx, env, log, false)
	if err != nil {
		return []checkRow{{false, "login", err.Error()}}, s.db.Close()
	}
	names := []string{cfg.Coordination.Room}
	for _, n := range cfg.Networks {
		names = append(names, n.Room)
	}
	for _, name := range names {
		// An invitation may be waiting; what is wrong shows in the status.
		_, _ = conn.ResolveRoom(ctx, name)
	}
	st, err := conn.Status(ctx, names)
	if err := errors.Join(err, conn.Close(), s.db.Close()); err != nil {
		return nil, err
	}
	return statusRows(st), nil
}

func statusRows(st matrix.Status) []checkRow {
	rows := []checkRow{{true, "login", fmt.Sprintf("%s, device %s", st.User, st.Device)}}
	switch {
	case st.Identity != nil:
		rows = append(rows, checkRow{false, "identity", st.Identity.Error()})
	case !st.CrossSigned:
		rows = append(rows, checkRow{false, "identity", "the device is not cross-signed; see the recovery key in the README"})
	default:
		rows = append(rows, checkRow{true, "identity", "cross-signed, fingerprint " + st.Fingerprint})
	}
	clock := checkRow{true, "clock", "as the server's"}
	if st.Clock.Abs() > clockLimit {
		clock = checkRow{false, "clock", fmt.Sprintf("%s away from the server's; set up time synchronisation", st.Clock.Round(time.Second))}
	}
	rows = append(rows, clock)
	for _, r := range st.Rooms {
		rows = append(rows, roomRow(r))
	}
	return rows
}

func roomRow(r matrix.RoomStatus) checkRow {
	row := checkRow{what: "room " + r.Name}
	var missing []string
	for _, right := range r.Missing {
		if _, ok := needed[right]; ok {
			missing = append(missing, string(right))
		}
	}
	switch {
	case errors.Is(r.Err, matrix.ErrNoRoom):
		row.detail = "there is no such room; correct it in the configuration, or make it"
	case errors.Is(r.Err, matrix.ErrNotInRoom):
		row.detail = "the bot is not in it; a leader or staff must invite it"
	case r.Err != nil:
		row.detail = r.Err.Error()
	case len(missing) > 0:
		row.detail = fmt.Sprintf("the bot lacks the right to %v; raise its power level", missing)
	case !r.Encrypted:
		row.good, row.detail = true, "joined, NOT encrypted: everyone with access to the server can read it"
	default:
		row.good, row.detail = true, "joined, encrypted"
	}
	return row
}
