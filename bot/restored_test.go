package bot_test

import (
	"testing"

	"blnbot/bot"
	"blnbot/internal/meeting"
)

// TestRestoredBackup: the bot has opened a meeting, and then its database is one
// from before. Its posts come back from the server, one of them unreadable, and
// are not sent again when the meeting opens once more; replies to them count.
func TestRestoredBackup(t *testing.T) {
	s := newStage(t)
	for _, step := range []string{"network vasteras Västerås prompts=2", "join bot", "join lena Lena", "join anna Anna"} {
		s.step(step)
		s.settle()
	}
	for i, echo := range []meeting.Echo{
		{Key: "prompt/vasteras/1/1", Fingerprint: meeting.Fingerprint("prompt/vasteras/1/1")},
		{Fingerprint: meeting.Fingerprint("prompt/vasteras/1/2")},
		{Key: "prompt/vasteras/1/1"}, // a second event of the first post
	} {
		echo.EventMeta = meeting.EventMeta{ID: meeting.EventID([]string{"$old1", "$old2", "$double"}[i]), Room: s.room, Sender: self}
		s.deliver(echo)
	}
	early := s.answers("early", "anna", "En som lyssnar.", "$old2", true)
	s.step("lena: !nästa")
	s.settle()
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
		for key, want := range map[string]meeting.EventID{"prompt/vasteras/1/1": "$old1", "prompt/vasteras/1/2": "$old2"} {
			p, err := tx.Post(s.ctx, key)
			if err != nil {
				return err
			}
			if p == nil || p.State != meeting.PostSent || p.Event != want || !p.Echoed || p.Room != s.room {
				t.Errorf("%s is %+v, want it sent as %s", key, p, want)
			}
		}
		return nil
	}))
	s.deliver(meeting.Message{EventMeta: s.meta("answer", user("anna")), Kind: meeting.MessageText, Body: "Att någon ringer.", Thread: "$old2"})
	s.settle()
	m, err := s.bot.MinutesJSON(s.ctx, "vasteras", 1)
	s.must(err)
	if e := m.Prompts[1].Entries; len(e) != 2 || e[0].ID != early.ID {
		t.Errorf("the entries are %+v, want the one from before the meeting opened again, and another", e)
	}
}
