package sqlite

import (
	"context"
	"strings"
	"time"

	"blnbot/internal/meeting"
)

// The newest edit wins, by time and then by id (Matrix spec, m.replace); the
// original is last.
const currentBody = `coalesce((SELECT body FROM versions v WHERE v.entry_id = e.event_id AND v.author = e.author AND v.body != ''
	ORDER BY v.event_id = e.event_id, v.sent_at DESC, v.event_id DESC LIMIT 1), '')`

const entryColumns = `e.event_id, e.meeting_id, e.prompt, e.author, e.source, e.state, e.sent_at, e.batch, e.pos, e.late,
	` + currentBody + `,
	EXISTS (SELECT 1 FROM versions v WHERE v.entry_id = e.event_id AND v.event_id != e.event_id AND v.author = e.author AND v.body != ''),
	(SELECT count(DISTINCT sender) FROM reactions r WHERE r.target = e.event_id AND r.emoji = '👍' AND r.sender != e.author),
	coalesce((SELECT role FROM roles ro JOIN meetings m ON m.network = ro.network WHERE m.id = e.meeting_id AND ro.user_id = e.author), ''),
	coalesce((SELECT group_concat(r.emoji || ' ' || r.sender, char(10)) FROM reactions r WHERE r.target = e.event_id AND r.emoji IN ('📌', '💡', '❗', '❕')), '')`

// scanEntry reads an entry; leads says whose marks count.
func scanEntry(leads func(meeting.UserID) bool) func(row) (meeting.Entry, error) {
	return func(r row) (meeting.Entry, error) {
		var e meeting.Entry
		var marks string
		err := r.Scan(&e.ID, &e.Meeting, &e.Prompt, &e.Author, &e.Source, &e.State, timestamp{&e.SentAt},
			&e.Order.Batch, &e.Order.Pos, &e.Late, &e.Body, &e.Edited, &e.Support, &e.Role, &marks)
		if err != nil {
			return e, err
		}
		if e.State != meeting.EntryActive {
			e.Body = ""
		}
		e.Marks = readMarks(marks, leads)
		return e, nil
	}
}

// readMarks picks the leaders' marks, each once, in a fixed order.
func readMarks(lines string, leads func(meeting.UserID) bool) []meeting.Mark {
	set := map[meeting.Mark]bool{}
	for line := range strings.SplitSeq(lines, "\n") {
		emoji, sender, _ := strings.Cut(line, " ")
		if m, ok := meeting.MarkOf(emoji); ok && leads(meeting.UserID(sender)) {
			set[m] = true
		}
	}
	var out []meeting.Mark
	for _, m := range []meeting.Mark{meeting.MarkKey, meeting.MarkIdea, meeting.MarkAction} {
		if set[m] {
			out = append(out, m)
		}
	}
	return out
}

// Entries lists a meeting's entries of all states by prompt and in the
// server's order. leads says whose 📌 💡 ❗ count.
func (t *Tx) Entries(ctx context.Context, id int64, leads func(meeting.UserID) bool) ([]meeting.Entry, error) {
	return list(ctx, t, "list entries", "SELECT "+entryColumns+` FROM entries e WHERE e.meeting_id = ?
		ORDER BY e.prompt, e.batch, e.pos`, []any{id}, scanEntry(leads))
}

// Entry returns the entry, or nil.
func (t *Tx) Entry(ctx context.Context, id meeting.EventID, leads func(meeting.UserID) bool) (*meeting.Entry, error) {
	return get(ctx, t, "read entry", "SELECT "+entryColumns+" FROM entries e WHERE e.event_id = ?", []any{id}, scanEntry(leads))
}

const storeEntry = `INSERT INTO entries (event_id, meeting_id, prompt, author, source, state, sent_at, batch, pos, late)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_id) DO UPDATE SET state = excluded.state`

// StoreEntry inserts the entry with its text, or changes the state and text of
// the one that is there. An entry that is not active has no text.
func (t *Tx) StoreEntry(ctx context.Context, e meeting.Entry) error {
	_, err := t.exec(ctx, "store entry", storeEntry, e.ID, e.Meeting, e.Prompt, e.Author, e.Source, e.State,
		stamp(e.SentAt), e.Order.Batch, e.Order.Pos, e.Late)
	if err != nil || e.State != meeting.EntryActive {
		return err
	}
	return t.StoreVersion(ctx, e.ID, e.ID, e.Author, e.Body, e.SentAt)
}

// StoreVersion stores a text of an entry: its own (with the entry's id) or an
// edit's, empty if only its id is to be kept. A note's texts have no author.
func (t *Tx) StoreVersion(ctx context.Context, id, entry meeting.EventID, author meeting.UserID, body string, at time.Time) error {
	_, err := t.exec(ctx, "store version", `INSERT INTO versions (event_id, entry_id, author, body, sent_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (event_id) DO UPDATE SET author = excluded.author, body = excluded.body`, id, entry, author, body, stamp(at))
	return err
}

// MoveEntry moves an entry to another prompt of its meeting.
func (t *Tx) MoveEntry(ctx context.Context, id meeting.EventID, prompt int) error {
	_, err := t.exec(ctx, "move entry", "UPDATE entries SET prompt = ? WHERE event_id = ?", prompt, id)
	return err
}

// DropUnreadable forgets an unreadable entry that turned out to be none, and
// what its edits say.
func (t *Tx) DropUnreadable(ctx context.Context, id meeting.EventID) error {
	n, err := t.exec(ctx, "drop entry", "DELETE FROM entries WHERE event_id = ? AND state = 'unreadable'", id)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(ctx, "delete texts", "UPDATE versions SET body = '' WHERE entry_id = ?", id)
	t.removed = true
	return err
}

// StripEntry sets the state and removes every text of the entry. For a removed
// entry the edits are forgotten altogether; otherwise their ids are kept, so
// that they can be fetched again.
func (t *Tx) StripEntry(ctx context.Context, id meeting.EventID, s meeting.EntryState) error {
	if _, err := t.exec(ctx, "strip entry", "UPDATE entries SET state = ? WHERE event_id = ?", s, id); err != nil {
		return err
	}
	query := "UPDATE versions SET body = '' WHERE entry_id = ?"
	if s == meeting.EntryRemoved {
		query = "DELETE FROM versions WHERE entry_id = ?"
	}
	_, err := t.exec(ctx, "delete texts", query, id)
	t.removed = true
	return err
}

// DeleteVersion deletes one text and returns it, and the entry that it belonged
// to; both empty if there is none.
func (t *Tx) DeleteVersion(ctx context.Context, id meeting.EventID) (entry meeting.EventID, text string, err error) {
	_, err = list(ctx, t, "delete version", "DELETE FROM versions WHERE event_id = ? RETURNING entry_id, body", []any{id}, func(r row) (struct{}, error) {
		t.removed = true
		return struct{}{}, r.Scan(&entry, &text)
	})
	return entry, text, err
}

// EntryOf returns the entry that a text belongs to; empty if it is not stored.
func (t *Tx) EntryOf(ctx context.Context, version meeting.EventID) (meeting.EventID, error) {
	return value[meeting.EventID](ctx, t, "read entry of text", "SELECT entry_id FROM versions WHERE event_id = ?", version)
}

// Versions returns the stored texts of an entry by event id; withheld ones are
// empty.
func (t *Tx) Versions(ctx context.Context, id meeting.EventID) (map[meeting.EventID]string, error) {
	out := map[meeting.EventID]string{}
	_, err := list(ctx, t, "list versions", "SELECT event_id, body FROM versions WHERE entry_id = ?", []any{id}, func(r row) (struct{}, error) {
		var v meeting.EventID
		var body string
		err := r.Scan(&v, &body)
		out[v] = body
		return struct{}{}, err
	})
	return out, err
}

const reactionColumns = "event_id, room_id, target, sender, emoji"

func scanReaction(r row) (meeting.Reaction, error) {
	var v meeting.Reaction
	err := r.Scan(&v.ID, &v.Room, &v.Target, &v.Sender, &v.Key)
	return v, err
}

// StoreReaction stores a reaction with its emoji in normal form.
func (t *Tx) StoreReaction(ctx context.Context, r meeting.Reaction) error {
	_, err := t.exec(ctx, "store reaction", `INSERT INTO reactions (event_id, room_id, target, sender, emoji) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, r.ID, r.Room, r.Target, r.Sender, meeting.NormalEmoji(r.Key))
	return err
}

// DeleteReaction deletes a reaction and returns it, or nil.
func (t *Tx) DeleteReaction(ctx context.Context, id meeting.EventID) (*meeting.Reaction, error) {
	return get(ctx, t, "delete reaction", "DELETE FROM reactions WHERE event_id = ? RETURNING "+reactionColumns, []any{id}, scanReaction)
}

// Reactions lists the reactions on an event with the emoji.
func (t *Tx) Reactions(ctx context.Context, target meeting.EventID, emoji string) ([]meeting.Reaction, error) {
	return list(ctx, t, "list reactions", "SELECT "+reactionColumns+" FROM reactions WHERE target = ? AND emoji = ? ORDER BY rowid",
		[]any{target, emoji}, scanReaction)
}

// StoreRedacted notes that an event was redacted.
func (t *Tx) StoreRedacted(ctx context.Context, id meeting.EventID, at time.Time) error {
	_, err := t.exec(ctx, "store redaction", "INSERT INTO redacted (event_id, at) VALUES (?, ?) ON CONFLICT DO NOTHING", id, stamp(at))
	return err
}

// Redacted reports whether the event was redacted.
func (t *Tx) Redacted(ctx context.Context, id meeting.EventID) (bool, error) {
	return value[bool](ctx, t, "look up redaction", "SELECT count(*) > 0 FROM redacted WHERE event_id = ?", id)
}

// StoreWanted notes that a loose message is to be taken into the minutes.
func (t *Tx) StoreWanted(ctx context.Context, id meeting.EventID, meetingID int64, prompt int) error {
	_, err := t.exec(ctx, "store wanted", `INSERT INTO wanted (event_id, meeting_id, prompt) VALUES (?, ?, ?)
		ON CONFLICT (event_id) DO UPDATE SET meeting_id = excluded.meeting_id, prompt = excluded.prompt`, id, meetingID, prompt)
	return err
}

// Wanted returns where a loose message belongs in the minutes; a zero meeting
// if nobody asked for it.
func (t *Tx) Wanted(ctx context.Context, id meeting.EventID) (meetingID int64, prompt int, err error) {
	_, err = list(ctx, t, "read wanted", "SELECT meeting_id, prompt FROM wanted WHERE event_id = ?", []any{id}, func(r row) (struct{}, error) {
		return struct{}{}, r.Scan(&meetingID, &prompt)
	})
	return meetingID, prompt, err
}

// DeleteWanted forgets that a loose message is wanted.
func (t *Tx) DeleteWanted(ctx context.Context, id meeting.EventID) error {
	_, err := t.exec(ctx, "delete wanted", "DELETE FROM wanted WHERE event_id = ?", id)
	return err
}
