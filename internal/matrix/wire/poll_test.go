package wire

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func TestPollAnswers(t *testing.T) {
	const about = `"m.relates_to":{"rel_type":"m.reference","event_id":"$poll"}`
	answer := func(ids ...string) meeting.PollResponse {
		return meeting.PollResponse{EventMeta: meta(), Target: "$poll", Answers: ids}
	}
	ignored := meeting.Ignored{EventMeta: meta()}
	tests := []struct {
		name, raw string
		want      meeting.Event
	}{
		{"unstable", ev("org.matrix.msc3381.poll.response", `{`+about+`,"org.matrix.msc3381.poll.response":{"answers":["a1","a3"]}}`), answer("a1", "a3")},
		{"stable", ev("m.poll.response", `{`+about+`,"m.selections":["a1","a3"]}`), answer("a1", "a3")},
		{"between both", ev("m.poll.response", `{`+about+`,"m.poll.response":{"answers":["a2"]}}`), answer("a2")},
		{"taken back", ev("org.matrix.msc3381.poll.response", `{`+about+`,"org.matrix.msc3381.poll.response":{"answers":[]}}`), answer()},
		{"no answers at all", ev("m.poll.response", `{`+about+`}`), answer()},
		{"answers of the wrong type", ev("m.poll.response", `{`+about+`,"m.selections":[1,{"id":"a1"},"a2"]}`), answer("a2")},
		{"about nothing", ev("m.poll.response", `{"m.selections":["a1"]}`), ignored},
		{"in a thread, about nothing", ev("m.poll.response", `{"m.relates_to":{"rel_type":"m.thread","event_id":"$poll"},"m.selections":["a1"]}`), ignored},
		{"end, unstable", ev("org.matrix.msc3381.poll.end", `{`+about+`,"org.matrix.msc3381.poll.end":{}}`), meeting.PollEnd{EventMeta: meta(), Target: "$poll"}},
		{"end, stable", ev("m.poll.end", `{`+about+`}`), meeting.PollEnd{EventMeta: meta(), Target: "$poll"}},
		{"end of nothing", ev("m.poll.end", `{}`), ignored},
		{"start, stable", ev("m.poll.start", `{"m.poll":{"question":{"body":"När?"}}}`), meeting.Message{EventMeta: meta(), Kind: meeting.MessageOther, Body: "När?"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := decode(t, tt.raw)
			if r, ok := got.(meeting.PollResponse); ok && len(r.Answers) == 0 {
				r.Answers = nil
				got = r
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestPollContent(t *testing.T) {
	start := meeting.Delivery{Post: meeting.Post{Key: "k/1", Kind: meeting.PostPoll, Markdown: "Vad?\n\n1\\. Ja\n", Form: &meeting.PollForm{
		Question: "Vad?", Max: 3, Options: []meeting.PollOption{{ID: "a1", Text: "Ja"}, {ID: "a2", Text: "Nej"}}}}}
	end := meeting.Delivery{Post: meeting.Post{Key: "k/2", Kind: meeting.PostPollEnd, Markdown: "Slut."}, TargetID: "$poll"}
	for _, tt := range []struct {
		name, typ, want string
		d               meeting.Delivery
	}{
		{"start", "org.matrix.msc3381.poll.start", `{"org.matrix.msc3381.poll.start":{"kind":"org.matrix.msc3381.poll.undisclosed","max_selections":3,
			"question":{"org.matrix.msc1767.text":"Vad?"},"answers":[{"id":"a1","org.matrix.msc1767.text":"Ja"},{"id":"a2","org.matrix.msc1767.text":"Nej"}]},
			"org.matrix.msc1767.text":"Vad?\n\n1. Ja","body":"Vad?\n\n1. Ja","m.mentions":{},"se.nka.blnbot.key":"k/1"}`, start},
		{"end", "org.matrix.msc3381.poll.end", `{"org.matrix.msc3381.poll.end":{},"org.matrix.msc1767.text":"Slut.","body":"Slut.",
			"m.relates_to":{"rel_type":"m.reference","event_id":"$poll"},"m.mentions":{},"se.nka.blnbot.key":"k/2"}`, end},
	} {
		t.Run(tt.name, func(t *testing.T) {
			typ, content, err := Poll(tt.d)
			if err != nil || typ.Type != tt.typ {
				t.Fatalf("%s: %v", typ.Type, err)
			}
			var want, got any
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(content, &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	start.Form, end.TargetID = nil, ""
	for _, d := range []meeting.Delivery{start, end} {
		if _, _, err := Poll(d); err == nil {
			t.Errorf("%s: no error for an empty post", d.Key)
		}
	}
}
