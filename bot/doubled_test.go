package bot_test

import (
	"testing"

	"blnbot/bot"
	"blnbot/internal/meeting"
)

// TestDoubledPrompt: the server has made two events of a prompt. The second is
// taken down, and what was answered to it is in the minutes.
func TestDoubledPrompt(t *testing.T) {
	s := newStage(t)
	for _, step := range []string{"network vasteras Västerås prompts=1", "join bot", "join lena Lena", "join anna Anna", "lena: !nästa"} {
		s.step(step)
		s.settle()
	}
	echo := func(id meeting.EventID) {
		s.deliver(meeting.Echo{EventMeta: meeting.EventMeta{ID: id, Room: s.room, Sender: self}, Key: "prompt/vasteras/1/1"})
	}
	answer := func(label string) {
		s.deliver(meeting.Message{EventMeta: s.meta(label, user("anna")), Kind: meeting.MessageText, Body: "Att någon ringer.", Thread: "$second"})
	}
	echo("$second")
	echo("$second")
	answer("early")
	s.settle()
	answer("late")
	s.settle()
	m, err := s.bot.MinutesJSON(s.ctx, "vasteras", 1)
	s.must(err)
	if n := len(m.Prompts[0].Entries); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
	var first, removal *meeting.PostRecord
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) (err error) {
		if first, err = tx.Post(s.ctx, "prompt/vasteras/1/1"); err != nil {
			return err
		}
		removal, err = tx.Post(s.ctx, "double/$second")
		return err
	}))
	if first.Event != "$prompt/vasteras/1/1" || removal == nil || removal.Kind != meeting.PostRedact || removal.State != meeting.PostSent {
		t.Errorf("the first is %+v, the removal of the second %+v", first, removal)
	}
}
