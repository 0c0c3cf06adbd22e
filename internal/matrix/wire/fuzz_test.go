package wire

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"blnbot/internal/meeting"
)

// FuzzDecode reads anything as an event: what comes out of it is whole, within
// bounds, and says no more than the event does.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		msg(`{"msgtype":"m.text","body":"hej"}`),
		msg(`{"msgtype":"m.image","body":"a","filename":"b","m.relates_to":{"rel_type":"m.replace","event_id":"$0"},"m.new_content":{"msgtype":"m.text","body":"x"}}`),
		msg(`{"msgtype":"m.text","body":"> <@a:x> b\n\nc","m.mentions":{"user_ids":["@a:x"]},"m.relates_to":{"rel_type":"m.thread","event_id":"$0","is_falling_back":false,"m.in_reply_to":{"event_id":"$2"}}}`),
		msg(`{"msgtype":"m.text","body":"a","format":"org.matrix.custom.html","formatted_body":"<a href=\"https://matrix.to/#/@lena:x\">L</a>"}`),
		ev("m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$0","key":"k"}}`),
		ev("m.sticker", `{"body":"katt"}`),
		ev("org.matrix.msc3381.poll.start", `{"org.matrix.msc3381.poll.start":{"question":{"org.matrix.msc1767.text":"a"}}}`),
		ev("org.matrix.msc3381.poll.response", `{"org.matrix.msc3381.poll.response":{"answers":["a1","a2"]},"m.relates_to":{"rel_type":"m.reference","event_id":"$0"}}`),
		ev("m.poll.end", `{"m.relates_to":{"rel_type":"m.reference","event_id":"$0"}}`),
		strings.TrimSuffix(ev("m.room.member", `{"membership":"join","displayname":"A"}`), "}") + `,"state_key":"@a:x","unsigned":{"prev_content":{"membership":"leave"}}}`,
		strings.TrimSuffix(ev("m.room.tombstone", `{"replacement_room":"!new:x"}`), "}") + `,"state_key":""}`,
		strings.TrimSuffix(ev("m.room.create", `{"predecessor":{"room_id":"!old:x"}}`), "}") + `,"state_key":""}`,
		strings.TrimSuffix(ev("m.room.redaction", `{}`), "}") + `,"redacts":"$0","origin_server_ts":1e300}`,
		strings.Replace(msg(`{"msgtype":"m.text","body":"a","se.nka.blnbot.key":"k"}`), "@anna:x", self, 1),
		`{"event_id":"$1","sender":"` + self + `","type":"m.room.encrypted","content":{"session_id":"s","se.nka.blnbot.post":"p"},"unsigned":{"transaction_id":"k.YQ"},"origin_server_ts":253402300800000}`,
		`{"event_id":"$1","sender":"@a:x","type":"m.room.message","content":{},"origin_server_ts":-9223372036854775808,"unsigned":{"redacted_because":{"sender":"@b:x"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ev, err := Parse(raw)
		if err != nil {
			return
		}
		for _, e := range []*Event{ev, ev.Decrypted("m.room.message", ev.Raw), ev.Decrypted("m.room.redaction", ev.Raw)} {
			meta := Meta(e, "!r:x")
			got := Decoder{Self: self}.Decode(e, meta)
			if got == nil {
				t.Fatal("nothing was decoded")
			}
			checkMeta(t, got.Meta(), raw)
			checkDecoded(t, e, got)
			lost := Undecryptable(e, meta, "")
			inBounds(t, "ids", maxID, string(lost.Thread), string(lost.ReplyTo))
		}
		if _, err := ev.EventContent(); err != nil {
			t.Errorf("the content of %q is lost: %v", raw, err)
		}
	})
}

// checkMeta compares what all events have with what the JSON says.
func checkMeta(t *testing.T, m meeting.EventMeta, raw []byte) {
	t.Helper()
	var top struct {
		ID     string `json:"event_id"`
		Sender string `json:"sender"`
	}
	exact := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &exact) != nil {
		t.Fatalf("not an object: %q", raw)
	}
	for key, to := range map[string]*string{"event_id": &top.ID, "sender": &top.Sender} {
		if json.Unmarshal(exact[key], to) != nil {
			t.Fatalf("%s of %q is no text", key, raw)
		}
	}
	switch {
	case m.ID == "" || string(m.ID) != top.ID || m.Sender == "" || string(m.Sender) != top.Sender || m.Room != "!r:x":
		t.Errorf("%q became %+v", raw, m)
	case m.SentAt.Year() < 1970 || m.SentAt.Year() > 9999 || m.SentAt.Location().String() != "UTC":
		t.Errorf("sent at %s", m.SentAt)
	}
	inBounds(t, "ids", maxID, string(m.ID), string(m.Sender))
}

// checkDecoded checks what the kinds of events promise.
func checkDecoded(t *testing.T, ev *Event, got meeting.Event) {
	t.Helper()
	own := ev.Sender == self && ev.StateKey == nil
	if _, echo := got.(meeting.Echo); echo != own {
		t.Errorf("%T by %q", got, ev.Sender)
	}
	switch v := got.(type) {
	case meeting.Message:
		checkMessage(t, v)
		said := ev.Content
		if v.Replaces != "" {
			said = said.Object("m.new_content")
		}
		if ev.Type == "m.room.message" && !strings.Contains(said.String("body"), v.Body) {
			t.Errorf("%q is not in what was said: %q", v.Body, said["body"])
		}
	case meeting.Redaction:
		inBounds(t, "target", maxID, string(v.Target))
		if v.Target == "" || ev.Encrypted {
			t.Errorf("%+v, encrypted: %v", v, ev.Encrypted)
		}
	case meeting.Reaction:
		inBounds(t, "target", maxID, string(v.Target))
		if v.Target == "" || v.Key == "" || !utf8.ValidString(v.Key) {
			t.Errorf("%+v", v)
		}
	case meeting.PollResponse:
		if v.Target == "" || len(v.Answers) > maxAnswers {
			t.Errorf("%+v", v)
		}
	case meeting.Membership:
		inBounds(t, "name", maxName, v.DisplayName)
		if v.User == "" || v.Membership == "" || v.Self != (v.User == self) || ev.Encrypted {
			t.Errorf("%+v", v)
		}
	case meeting.RoomReplaced:
		if v.Replacement == "" || v.Checked || ev.Encrypted {
			t.Errorf("%+v", v)
		}
	case meeting.RoomContinues, meeting.RightsChanged:
		if ev.StateKey == nil {
			t.Errorf("%T without a state key", v)
		}
	}
}

func checkMessage(t *testing.T, m meeting.Message) {
	t.Helper()
	kinds := []meeting.MessageKind{meeting.MessageText, meeting.MessageNotice, meeting.MessageImage, meeting.MessageFile, meeting.MessageAudio,
		meeting.MessageVideo, meeting.MessageOther}
	inBounds(t, "relation", maxID, string(m.Thread), string(m.ReplyTo), string(m.Replaces))
	if !slices.Contains(kinds, m.Kind) || !utf8.ValidString(m.Body+m.FileName) || m.Replaces != "" && (m.Thread != "" || m.ReplyTo != "") {
		t.Errorf("%+v", m)
	}
	for i, u := range m.Mentions {
		inBounds(t, "mention", maxID, string(u))
		if i >= maxMentions || !strings.HasPrefix(string(u), "@") || slices.Contains(m.Mentions[:i], u) {
			t.Errorf("%d mentions, one is %q", len(m.Mentions), u)
		}
	}
}

func inBounds(t *testing.T, what string, most int, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if utf8.RuneCountInString(s) > most || !utf8.ValidString(s) {
			t.Errorf("%s: %d characters", what, utf8.RuneCountInString(s))
		}
	}
}
