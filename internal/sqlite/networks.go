package sqlite

import (
	"context"

	"blnbot/internal/meeting"
)

// ChatNetworks lists the networks that were made in chat, those that failed or
// were retired too, by id.
func (t *Tx) ChatNetworks(ctx context.Context) ([]meeting.ChatNetwork, error) {
	return list(ctx, t, "list networks made in chat", "SELECT id, json, post, state FROM chat_networks ORDER BY id", nil,
		func(r row) (meeting.ChatNetwork, error) {
			var n meeting.ChatNetwork
			err := r.Scan(&n.ID, &n.Description, &n.Post, &n.State)
			return n, err
		})
}

// StoreChatNetwork stores or changes a network that was made in chat.
func (t *Tx) StoreChatNetwork(ctx context.Context, n meeting.ChatNetwork) error {
	_, err := t.exec(ctx, "store network made in chat", `INSERT INTO chat_networks (id, json, post, state) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET json = excluded.json, post = excluded.post, state = excluded.state`, n.ID, n.Description, n.Post, n.State)
	return err
}
