package bot_test

import (
	"fmt"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// TestAnswerWaitsForWhatItAnswers: who answers a reply that could not be handled
// at once is in the minutes, too, when that reply is.
func TestAnswerWaitsForWhatItAnswers(t *testing.T) {
	for name, thread := range map[string]bool{"reply": false, "thread": true} {
		t.Run(name, func(t *testing.T) {
			s := openedStage(t)
			first := meeting.Message{EventMeta: s.meta("first", user("anna")), Kind: meeting.MessageText, Body: "ett", Thread: "$prompt/vasteras/1/1"}
			answer := meeting.Message{EventMeta: s.meta("answer", user("lena")), Kind: meeting.MessageText, Body: "två", ReplyTo: "$first"}
			loose := meeting.Message{EventMeta: s.meta("loose", user("lena")), Kind: meeting.MessageText, Body: "tre", ReplyTo: "$unknown"}
			if thread {
				answer.ReplyTo, answer.Thread = "", "$first"
			}
			events := s.waiting(first, answer, loose)
			s.must(s.db.RetryInbox(s.ctx, "$first", s.now.Add(time.Minute)))
			if err := s.bot.HandleAll(s.ctx, events[1:]); err == nil {
				t.Error("the answer was handled before what it answers")
			}
			if err := s.bot.Handle(s.ctx, events[1]); err == nil {
				t.Error("the answer was handled alone before what it answers")
			}
			s.must(s.bot.Handle(s.ctx, events[2])) // answers nothing that waits
			s.must(s.bot.Handle(s.ctx, events[0]))
			s.must(s.bot.Handle(s.ctx, events[1]))
			if got, want := fmt.Sprint(s.bodies()), "[ett två]"; got != want {
				t.Errorf("the minutes hold %s, want %s", got, want)
			}
		})
	}
}
