package sqlite

import (
	"context"
	"errors"

	"blnbot/internal/meeting"
)

const consentColumns = "network, user_id, answer, version, at"

func scanConsent(r row) (meeting.Consent, error) {
	var c meeting.Consent
	err := r.Scan(&c.Network, &c.User, &c.Answer, &c.Version, timestamp{&c.At})
	return c, err
}

// Consent returns what the user said in the network, or nil.
func (t *Tx) Consent(ctx context.Context, network string, user meeting.UserID) (*meeting.Consent, error) {
	return get(ctx, t, "read consent", "SELECT "+consentColumns+" FROM consents WHERE network = ? AND user_id = ?", []any{network, user}, scanConsent)
}

// ConsentsOf lists what the user said in all networks.
func (t *Tx) ConsentsOf(ctx context.Context, user meeting.UserID) ([]meeting.Consent, error) {
	return list(ctx, t, "list consents", "SELECT "+consentColumns+" FROM consents WHERE user_id = ? ORDER BY network", []any{user}, scanConsent)
}

// Refusers lists who in the network has said no.
func (t *Tx) Refusers(ctx context.Context, network string) ([]meeting.UserID, error) {
	return list(ctx, t, "list refusers", "SELECT user_id FROM consents WHERE network = ? AND answer = 'no'", []any{network}, scanOne[meeting.UserID])
}

// StoreConsent notes what a user said; the newest answer counts.
func (t *Tx) StoreConsent(ctx context.Context, c meeting.Consent) error {
	_, err := t.exec(ctx, "store consent", `INSERT INTO consents (network, user_id, answer, version, at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (network, user_id) DO UPDATE SET answer = excluded.answer, version = excluded.version, at = excluded.at`,
		c.Network, c.User, c.Answer, c.Version, stamp(c.At))
	return err
}

// EntriesBy lists all entries of an author, of every network and state.
func (t *Tx) EntriesBy(ctx context.Context, author meeting.UserID) ([]meeting.Entry, error) {
	return list(ctx, t, "list entries", "SELECT "+entryColumns+` FROM entries e WHERE e.author = ?
		ORDER BY e.meeting_id, e.prompt, e.batch, e.pos`, []any{author}, scanEntry(func(meeting.UserID) bool { return false }))
}

// ReactionsBy counts a user's stored reactions.
func (t *Tx) ReactionsBy(ctx context.Context, user meeting.UserID) (int, error) {
	return value[int](ctx, t, "count reactions", "SELECT count(*) FROM reactions WHERE sender = ?", user)
}

// WaitingBy counts the user's messages and reactions that wait for what they are about
// to be known.
func (t *Tx) WaitingBy(ctx context.Context, user meeting.UserID) (int, error) {
	return value[int](ctx, t, "count waiting messages", "SELECT count(*) FROM unplaced WHERE author = ?", user)
}

// RolesBy returns the user's role in each network.
func (t *Tx) RolesBy(ctx context.Context, user meeting.UserID) (map[string]meeting.Role, error) {
	out := map[string]meeting.Role{}
	_, err := list(ctx, t, "list roles", "SELECT network, role FROM roles WHERE user_id = ?", []any{user}, func(r row) (struct{}, error) {
		var network string
		var role meeting.Role
		err := r.Scan(&network, &role)
		out[network] = role
		return struct{}{}, err
	})
	return out, err
}

// NamesOf lists the display names that the user has or had in any room.
func (t *Tx) NamesOf(ctx context.Context, user meeting.UserID) ([]string, error) {
	return list(ctx, t, "list names", "SELECT DISTINCT display_name FROM members WHERE user_id = ? AND display_name != '' ORDER BY 1",
		[]any{user}, scanOne[string])
}

// madeTexts is what was made of replies, or written about them, by network.
func madeTexts() map[string][]string {
	return map[string][]string{
		"points":            {"text"},
		"plan_items":        {"area", "what", "how", "who", "due"},
		"suggestions":       {"area", "what", "how", "who", "due"},
		"areas":             {"text"},
		"decisions":         {"body", "note"},
		"follow_up_answers": {"body"},
		"evaluation_texts":  {"text"},
		"anonymous":         {"body"},
	}
}

// RewriteMade changes the texts that were made of the network's replies, or
// written about them.
func (t *Tx) RewriteMade(ctx context.Context, network string, rewrite func(string) string) error {
	for table, columns := range madeTexts() {
		in := "network = ?"
		if table == "points" || table == "anonymous" {
			in = "meeting_id IN (SELECT id FROM meetings WHERE network = ?)"
		}
		for _, column := range columns {
			texts, err := list(ctx, t, "list texts", "SELECT DISTINCT "+column+" FROM "+table+" WHERE "+in, []any{network}, scanOne[string])
			if err != nil {
				return err
			}
			for _, text := range texts {
				to := rewrite(text)
				if to == text {
					continue
				}
				t.removed = true
				if _, err := t.exec(ctx, "rewrite text", "UPDATE "+table+" SET "+column+" = ? WHERE "+column+" = ? AND "+in, to, text, network); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// HeldNetworks lists the networks that meetings are known of.
func (t *Tx) HeldNetworks(ctx context.Context) ([]string, error) {
	return list(ctx, t, "list networks", "SELECT DISTINCT network FROM meetings ORDER BY network", nil, scanOne[string])
}

// VersionTexts returns every stored text of the network's entries by event id.
func (t *Tx) VersionTexts(ctx context.Context, network string) (map[meeting.EventID]string, error) {
	out := map[meeting.EventID]string{}
	_, err := list(ctx, t, "list texts", `SELECT v.event_id, v.body FROM versions v JOIN entries e ON e.event_id = v.entry_id
		JOIN meetings m ON m.id = e.meeting_id WHERE m.network = ? AND v.body != ''`, []any{network}, func(r row) (struct{}, error) {
		var id meeting.EventID
		var body string
		err := r.Scan(&id, &body)
		out[id] = body
		return struct{}{}, err
	})
	return out, err
}

// SetVersionText replaces a stored text.
func (t *Tx) SetVersionText(ctx context.Context, id meeting.EventID, body string) error {
	_, err := t.exec(ctx, "replace text", "UPDATE versions SET body = ? WHERE event_id = ?", body, id)
	t.removed = true
	return err
}

// inNoRoom is true of somebody who has joined no network's room, nor the
// coordination room.
const inNoRoom = "NOT EXISTS (SELECT 1 FROM members m JOIN bindings b ON b.room_id = m.room_id WHERE m.user_id = ?1 AND m.membership = 'join')"

// Forget deletes what is stored about a user outside the texts: whose the
// (already removed) entries were, messages that have no place yet, reactions, roles, consent, what was said to
// the user directly, posts whose key names the user, and, for rooms the user has
// left, the membership. Of somebody who is in no room that means anything, the
// direct room is forgotten, too.
func (t *Tx) Forget(ctx context.Context, user meeting.UserID) error {
	t.removed = true
	var errs []error
	for _, query := range []string{
		"UPDATE entries SET author = '', sent_at = (SELECT coalesce(opened_at, sent_at) FROM meetings WHERE id = meeting_id) WHERE author = ?",
		"DELETE FROM versions WHERE author = ?",
		"DELETE FROM reactions WHERE sender = ?",
		"DELETE FROM unplaced WHERE author = ?",
		"DELETE FROM roles WHERE user_id = ?",
		"DELETE FROM consents WHERE user_id = ?",
		"DELETE FROM passages WHERE user_id = ?",
		"DELETE FROM absences WHERE user_id = ?",
		"DELETE FROM members WHERE user_id = ? AND membership != 'join'",
		"DELETE FROM posts WHERE lane = ? AND state != 'pending'",
		"DELETE FROM posts WHERE (instr(key || '/', '/' || ?1 || '/') > 0 OR instr(key, '/' || ?1 || '~') > 0) AND state != 'pending'",
		"DELETE FROM echoes WHERE room_id IN (SELECT room_id FROM direct_rooms WHERE user_id = ?)",
		"DELETE FROM members WHERE user_id = ?1 AND room_id IN (SELECT room_id FROM direct_rooms WHERE user_id = ?1) AND " + inNoRoom,
		"DELETE FROM direct_rooms WHERE user_id = ?1 AND " + inNoRoom,
		"DELETE FROM invites WHERE inviter = ?",
		"UPDATE summaries SET shared_by = '' WHERE shared_by = ?",
		"UPDATE plans SET shared_by = '' WHERE shared_by = ?",
		"UPDATE reports SET published_by = '' WHERE published_by = ?",
		"UPDATE signoffs SET user_id = '' WHERE user_id = ?",
		"UPDATE decisions SET recorded_by = '' WHERE recorded_by = ?",
		"DELETE FROM follow_up_answers WHERE author = ?",
		"UPDATE polls SET shared_by = '' WHERE shared_by = ?",
	} {
		_, err := t.exec(ctx, "forget", query, user)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Writers lists the authors of the network's entries that count.
func (t *Tx) Writers(ctx context.Context, network string) ([]meeting.UserID, error) {
	return list(ctx, t, "list writers", `SELECT DISTINCT e.author FROM entries e JOIN meetings m ON m.id = e.meeting_id
		WHERE m.network = ? AND e.state = 'active' AND e.author != ''`, []any{network}, scanOne[meeting.UserID])
}
