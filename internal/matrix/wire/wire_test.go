package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

const self = "@bot:x"

func decode(t *testing.T, raw string) meeting.Event {
	t.Helper()
	ev, err := Parse(json.RawMessage(raw))
	if err != nil {
		t.Fatal(err)
	}
	return Decoder{Self: self}.Decode(ev, Meta(ev, "!r:x"))
}

func ev(typ, content string) string {
	return `{"event_id":"$1","sender":"@anna:x","type":"` + typ + `","origin_server_ts":1000,"content":` + content + `}`
}

func msg(content string) string { return ev("m.room.message", content) }

func meta() meeting.EventMeta {
	return meeting.EventMeta{ID: "$1", Room: "!r:x", Sender: "@anna:x", SentAt: time.UnixMilli(1000).UTC()}
}

func TestMessages(t *testing.T) {
	m := func(change func(*meeting.Message)) meeting.Message {
		out := meeting.Message{EventMeta: meta(), Kind: meeting.MessageText, Body: "hej"}
		change(&out)
		return out
	}
	tests := []struct {
		name, content string
		want          meeting.Event
	}{
		{"text", `{"msgtype":"m.text","body":"hej"}`, m(func(*meeting.Message) {})},
		{"emote", `{"msgtype":"m.emote","body":"hej"}`, m(func(*meeting.Message) {})},
		{"notice", `{"msgtype":"m.notice","body":"hej"}`, m(func(m *meeting.Message) { m.Kind = meeting.MessageNotice })},
		{"unknown type", `{"msgtype":"m.location","body":"hej"}`, m(func(m *meeting.Message) { m.Kind = meeting.MessageOther })},
		{"image", `{"msgtype":"m.image","body":"schema.jpg","url":"mxc://x/y","info":{"w":"wide"}}`,
			m(func(m *meeting.Message) { m.Kind, m.Body, m.FileName = meeting.MessageImage, "", "schema.jpg" })},
		{"file with caption", `{"msgtype":"m.file","body":"hej","filename":"a.pdf"}`,
			m(func(m *meeting.Message) { m.Kind, m.FileName = meeting.MessageFile, "a.pdf" })},
		{"audio", `{"msgtype":"m.audio","body":"a.ogg","filename":"a.ogg"}`,
			m(func(m *meeting.Message) { m.Kind, m.Body, m.FileName = meeting.MessageAudio, "", "a.ogg" })},
		{"video", `{"msgtype":"m.video","body":"a.mp4"}`,
			m(func(m *meeting.Message) { m.Kind, m.Body, m.FileName = meeting.MessageVideo, "", "a.mp4" })},
		{"thread", `{"msgtype":"m.text","body":"hej","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":true,"m.in_reply_to":{"event_id":"$0"}}}`,
			m(func(m *meeting.Message) { m.Thread = "$root" })},
		{"reply in a thread", `{"msgtype":"m.text","body":"hej","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":false,"m.in_reply_to":{"event_id":"$0"}}}`,
			m(func(m *meeting.Message) { m.Thread, m.ReplyTo = "$root", "$0" })},
		{"reply", `{"msgtype":"m.text","body":"hej","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`,
			m(func(m *meeting.Message) { m.ReplyTo = "$0" })},
		{"reply with fallback", `{"msgtype":"m.text","body":"> <@bot:x> Fråga 1\n> mer\n\nhej","format":"org.matrix.custom.html","formatted_body":"<mx-reply>x</mx-reply>hej","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`,
			m(func(m *meeting.Message) { m.ReplyTo = "$0" })},
		{"reply with plain fallback", `{"msgtype":"m.text","body":"> <@bot:x> Fråga 1\n\nhej","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`,
			m(func(m *meeting.Message) { m.ReplyTo = "$0" })},
		{"reply that quotes something else", `{"msgtype":"m.text","body":"> som Bo sa\n\nhej","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`,
			m(func(m *meeting.Message) { m.ReplyTo, m.Body = "$0", "> som Bo sa\n\nhej" })},
		{"no reply but looks like one", `{"msgtype":"m.text","body":"> <@bot:x> Fråga\n\nhej"}`,
			m(func(m *meeting.Message) { m.Body = "> <@bot:x> Fråga\n\nhej" })},
		{"edit", `{"msgtype":"m.text","body":"* x","m.new_content":{"msgtype":"m.text","body":"hej","m.mentions":{"user_ids":["@bo:x"]}},"m.relates_to":{"rel_type":"m.replace","event_id":"$0"}}`,
			m(func(m *meeting.Message) { m.Replaces, m.Mentions = "$0", []meeting.UserID{"@bo:x"} })},
		{"edit without content", `{"msgtype":"m.text","body":"* x","m.relates_to":{"rel_type":"m.replace","event_id":"$0"}}`,
			meeting.Ignored{EventMeta: meta()}},
		{"edit of nothing", `{"msgtype":"m.text","body":"* x","m.new_content":{"msgtype":"m.text","body":"hej"},"m.relates_to":{"rel_type":"m.replace"}}`,
			meeting.Ignored{EventMeta: meta()}},
		{"mentions", `{"msgtype":"m.text","body":"hej","format":"org.matrix.custom.html","formatted_body":"<a href=\"https://matrix.to/#/@lena:x\">L</a> <a href='https://matrix.to/#/%40bo%3Ax?via=x'>B</a> <a href=\"matrix:u/cia:x\">C</a> <a href=\"https://matrix.to/#/#rum:x\">r</a>","m.mentions":{"user_ids":["@bot:x",5,"bad"]}}`,
			m(func(m *meeting.Message) { m.Mentions = []meeting.UserID{"@bot:x", "@lena:x", "@bo:x", "@cia:x"} })},
		{"relation of the wrong type", `{"msgtype":"m.text","body":"hej","m.relates_to":"thread"}`, m(func(*meeting.Message) {})},
		{"relation with wrong fields", `{"msgtype":"m.text","body":"hej","m.relates_to":{"rel_type":5,"event_id":{},"is_falling_back":"yes","m.in_reply_to":7}}`, m(func(*meeting.Message) {})},
		{"everything else of the wrong type", `{"msgtype":"m.text","body":"hej","format":1,"formatted_body":[],"info":"x","file":3,"m.mentions":"all","filename":{}}`, m(func(*meeting.Message) {})},
		{"body of the wrong type", `{"msgtype":"m.text","body":{"x":1}}`, meeting.Ignored{EventMeta: meta()}},
		{"body that is null", `{"msgtype":"m.text","body":null}`, meeting.Ignored{EventMeta: meta()}},
		{"nothing but space", `{"msgtype":"m.text","body":" \n\t"}`, meeting.Ignored{EventMeta: meta()}},
		{"reply of nothing", `{"msgtype":"m.text","body":"> <@bot:x> Fråga\n\n ","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`, meeting.Ignored{EventMeta: meta()}},
		{"edit to nothing", `{"msgtype":"m.text","body":"* ","m.new_content":{"msgtype":"m.text","body":""},"m.relates_to":{"rel_type":"m.replace","event_id":"$0"}}`,
			meeting.Ignored{EventMeta: meta()}},
		{"no body", `{"msgtype":"m.text"}`, meeting.Ignored{EventMeta: meta()}},
		{"no type", `{"body":"hej"}`, meeting.Ignored{EventMeta: meta()}},
		{"verification", `{"msgtype":"m.key.verification.request","body":"hej","to":"@bot:x"}`, meeting.Ignored{EventMeta: meta()}},
		{"redacted", `{}`, meeting.Ignored{EventMeta: meta()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, decode(t, msg(tt.content))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestOtherEvents(t *testing.T) {
	state := func(typ, key, content string) string {
		return strings.TrimSuffix(ev(typ, content), "}") + `,"state_key":` + key + `}`
	}
	own := func(s string) string { return strings.Replace(s, "@anna:x", self, 1) }
	ownMeta := meta()
	ownMeta.Sender = self
	ignored := meeting.Ignored{EventMeta: meta()}
	tests := []struct {
		name, raw string
		want      meeting.Event
	}{
		{"reaction", ev("m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$0","key":"👍"}}`),
			meeting.Reaction{EventMeta: meta(), Target: "$0", Key: "👍"}},
		{"reaction to nothing", ev("m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","key":"👍"}}`), ignored},
		{"reaction without key", ev("m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$0"}}`), ignored},
		{"redaction on top", strings.TrimSuffix(ev("m.room.redaction", `{}`), "}") + `,"redacts":"$0"}`,
			meeting.Redaction{EventMeta: meta(), Target: "$0"}},
		{"redaction in the content", ev("m.room.redaction", `{"redacts":"$0"}`), meeting.Redaction{EventMeta: meta(), Target: "$0"}},
		{"redaction of nothing", ev("m.room.redaction", `{"redacts":5}`), ignored},
		{"member", state("m.room.member", `"@bo:x"`, `{"membership":"join","displayname":"Bo"}`),
			meeting.Membership{EventMeta: meta(), User: "@bo:x", Membership: "join", DisplayName: "Bo"}},
		{"kicked", state("m.room.member", `"@bot:x"`, `{"membership":"leave"}`),
			meeting.Membership{EventMeta: meta(), User: self, Membership: "leave", Self: true}},
		{"member that is no state event", ev("m.room.member", `{"membership":"ban"}`), ignored},
		{"member of the wrong type", state("m.room.member", `"@bo:x"`, `{"membership":5}`), ignored},
		{"member of nobody", state("m.room.member", `""`, `{"membership":"join"}`), ignored},
		{"upgrade", state("m.room.tombstone", `""`, `{"replacement_room":"!new:x"}`),
			meeting.RoomReplaced{EventMeta: meta(), Replacement: "!new:x"}},
		{"upgrade that is no state event", ev("m.room.tombstone", `{"replacement_room":"!new:x"}`), ignored},
		{"upgrade with a key", state("m.room.tombstone", `"x"`, `{"replacement_room":"!new:x"}`), ignored},
		{"upgrade to nowhere", state("m.room.tombstone", `""`, `{}`), ignored},
		{"message that is a state event", state("m.room.message", `""`, `{"msgtype":"m.text","body":"hej"}`), ignored},
		{"topic", state("m.room.topic", `""`, `{"topic":"hej"}`), ignored},
		{"sticker", ev("m.sticker", `{"body":"katt","url":"mxc://x/y"}`),
			meeting.Message{EventMeta: meta(), Kind: meeting.MessageOther, Body: "katt"}},
		{"poll", ev("org.matrix.msc3381.poll.start", `{"org.matrix.msc3381.poll.start":{"question":{"org.matrix.msc1767.text":"När?"}}}`),
			meeting.Message{EventMeta: meta(), Kind: meeting.MessageOther, Body: "När?"}},
		{"something new", ev("se.example", `{"x":1}`), ignored},
		{"still encrypted", ev("m.room.encrypted", `{"ciphertext":"x"}`), ignored},
		{"echo by content", own(msg(`{"msgtype":"m.text","body":"hej","se.nka.blnbot.key":"a/b"}`)), meeting.Echo{EventMeta: ownMeta, Key: "a/b"}},
		{"echo by transaction", own(strings.TrimSuffix(msg(`{}`), "}") + `,"unsigned":{"transaction_id":"` + Transaction("a/b") + `"}}`),
			meeting.Echo{EventMeta: ownMeta, Key: "a/b"}},
		{"own event without key", own(msg(`{"msgtype":"m.text","body":"!nästa"}`)), meeting.Echo{EventMeta: ownMeta}},
		{"own redaction", own(ev("m.room.redaction", `{"redacts":"$0","se.nka.blnbot.key":"k"}`)), meeting.Echo{EventMeta: ownMeta, Key: "k"}},
		{"sender in capitals", strings.Replace(msg(`{"msgtype":"m.text","body":"hej"}`), "{", `{"Sender":"@lena:x","SENDER":"@lena:x",`, 1),
			meeting.Message{EventMeta: meta(), Kind: meeting.MessageText, Body: "hej"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, decode(t, tt.raw)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// The server checks who may redact; it cannot check what is encrypted.
func TestEncryptedRedactionIsNone(t *testing.T) {
	outer, err := Parse(json.RawMessage(ev("m.room.encrypted", `{"ciphertext":"x"}`)))
	if err != nil {
		t.Fatal(err)
	}
	inner := outer.Decrypted("m.room.redaction", json.RawMessage(`{"redacts":"$0"}`))
	if got := (Decoder{Self: self}).Decode(inner, meta()); got != (meeting.Ignored{EventMeta: meta()}) {
		t.Errorf("got %+v", got)
	}
	member := outer.Decrypted("m.room.member", json.RawMessage(`{"membership":"ban"}`))
	if got := (Decoder{Self: self}).Decode(member, meta()); got != (meeting.Ignored{EventMeta: meta()}) {
		t.Errorf("got %+v", got)
	}
}

func TestTransactions(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []string{"", "a", "möte 2/fråga 1", "@anna:x/$event/👍", strings.Repeat("x", 120), strings.Repeat("x", 121), strings.Repeat("y", 500)} {
		txn := Transaction(key)
		if strings.Trim(txn, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" || len(txn) > 200 {
			t.Errorf("transaction %q", txn)
		}
		if back := TransactionKey(txn); len(key) <= maxPlainTransaction && back != key {
			t.Errorf("%q came back as %q", key, back)
		}
		if seen[txn] || txn != Transaction(key) {
			t.Errorf("transaction %q is not stable or not unique", txn)
		}
		seen[txn] = true
	}
	for _, foreign := range []string{"", "m1234.5", "k.!!", "k./w"} {
		if key := TransactionKey(foreign); key != "" {
			t.Errorf("%q is not ours, but gave %q", foreign, key)
		}
	}
}

// TestBounds: what strangers claim has an end, and a time has a year.
func TestBounds(t *testing.T) {
	long := strings.Repeat("å", 300)
	for _, field := range []string{"event_id", "sender", "type"} {
		if got, err := Parse(json.RawMessage(`{"event_id":"$1","type":"x","sender":"@a:x","` + field + `":"` + long + `"}`)); err == nil {
			t.Errorf("%s of 300 characters: %+v", field, got)
		}
	}
	m, _ := decode(t, msg(`{"msgtype":"m.text","body":"hej","m.mentions":{"user_ids":["@`+long+`:x"]},"m.relates_to":{"rel_type":"m.thread","event_id":"`+long+`","m.in_reply_to":{"event_id":"`+long+`"}}}`)).(meeting.Message)
	if m.Body != "hej" || m.Thread != "" || m.ReplyTo != "" || len(m.Mentions) != 0 {
		t.Errorf("got %+v", m)
	}
	named, _ := decode(t, strings.TrimSuffix(ev("m.room.member", `{"membership":"join","displayname":"`+long+`"}`), "}")+`,"state_key":"@bo:x"}`).(meeting.Membership)
	if named.DisplayName != long[:2*maxName] {
		t.Errorf("a name of %d bytes", len(named.DisplayName))
	}
	for ts, want := range map[string]int{"-1": 1970, "-9223372036854775808": 1970, "9223372036854775807": 9999, "253402300800000": 9999, "1e15": 9999, "1e300": 1970, `"x"`: 1970} {
		got, err := Parse(json.RawMessage(`{"event_id":"$1","type":"x","sender":"@a:x","origin_server_ts":` + ts + `}`))
		if err != nil || got.SentAt.Year() != want {
			t.Errorf("%s: %v, %v", ts, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, raw := range []string{``, `null`, `5`, `[]`, `{}`, `{"event_id":"$1","type":"x"}`, `{"event_id":5,"type":"x","sender":"@a:x"}`,
		`{"event_id":"$1","type":"x","sender":"@a:x","state_key":5}`} {
		if got, err := Parse(json.RawMessage(raw)); err == nil {
			t.Errorf("%s gave %+v", raw, got)
		}
	}
}

// TestMentions: what is written into a room mentions those whom it is for; in a
// direct room there is no need.
func TestMentions(t *testing.T) {
	for _, tt := range []struct {
		to   meeting.UserID
		want string
	}{{"", `{"user_ids":["@lena:x"]}`}, {"@lena:x", `{}`}} {
		d := meeting.Delivery{Post: meeting.Post{Key: "k", Kind: meeting.PostText, To: tt.to, Markdown: "Hej", Mentions: []meeting.UserID{"@lena:x"}}}
		content, err := Message(d, "", false)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Mentions json.RawMessage `json:"m.mentions"`
		}
		if err := json.Unmarshal(content, &got); err != nil {
			t.Fatal(err)
		}
		if string(got.Mentions) != tt.want {
			t.Errorf("to %q: mentions %s", tt.to, got.Mentions)
		}
	}
}
