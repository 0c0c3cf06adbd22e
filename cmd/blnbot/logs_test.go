package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestLogs: nothing that people write, no name of a person or a room, and no
// secret is in the log, on no level, also when requests fail and the server
// quotes them.
func TestLogs(t *testing.T) {
	e := listen(t)
	p := newPlay(t)
	lena, anna := p.person("lena", "Lenamarke Ledare"), p.person("anna", "Annamarke Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västeråsmarke", true, lena, []*person.Person{anna})
	p.must(err)
	open, err := p.stage.Network(p.ctx, "arvika", "Arvikamarke", false, lena, []*person.Person{anna})
	p.must(err)
	p.prepare("", lena)
	proxy := p.through()
	var logs []string
	for _, level := range []struct {
		args []string
		line *regexp.Regexp
	}{
		{[]string{"--log-level", "debug"}, regexp.MustCompile(`^time=\S+ level=(DEBUG|INFO|WARN|ERROR) msg=`)},
		{[]string{"--log-level", "debug", "--log-format", "json"}, regexp.MustCompile(`^\{"time":"\S+","level":"(DEBUG|INFO|WARN|ERROR)","msg":`)},
		{[]string{"--log-level", "info"}, regexp.MustCompile(`^time=\S+ level=(INFO|WARN|ERROR) msg=`)},
		{[]string{"--log-level", "warn"}, regexp.MustCompile(`^time=\S+ level=(WARN|ERROR) msg=`)},
		{[]string{"--log-level", "error"}, regexp.MustCompile(`^time=\S+ level=ERROR msg=`)},
	} {
		b := p.run(e, p.stage.Dir, level.args...)
		for _, r := range []meeting.RoomID{room, open} {
			p.provoke(proxy, lena, anna, r)
		}
		p.must(b.cmd.Process.Signal(os.Interrupt))
		p.must(<-b.exited)
		for line := range strings.Lines(b.log.Text()) {
			if !level.line.MatchString(line) {
				t.Errorf("%v: %s", level.args, line)
			}
		}
		logs = append(logs, b.log.Text())
	}
	all := strings.Join(logs, "\n")
	for _, want := range []string{"msg=ready", `"msg":"ready"`, "deliver post", "cannot sync"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in the log, so the test proves little", want)
		}
	}
	for what, secret := range p.secrets() {
		if strings.Contains(all, secret) {
			t.Errorf("%s is in the log", what)
		}
	}
	for line := range strings.Lines(all) {
		// Names, room names and what was written have a mark; addresses of
		// people and rooms other than the bot's have their own.
		for _, mark := range []string{"marke", "@anna", "@lena", "@nka", "#bln", "Frågan", "/_matrix/"} {
			if strings.Contains(line, mark) {
				t.Errorf("%q is in the log: %s", mark, line)
			}
		}
	}
}

// secrets are the texts that give access to something.
func (p *play) secrets() map[string]string {
	p.Helper()
	key, err := os.ReadFile(filepath.Join(p.stage.Dir, "recovery-key"))
	p.must(err)
	out := map[string]string{"the password": stage.Password, "the recovery key": strings.TrimSpace(string(key)),
		"the access token": session(p.T, p.stage.DataDir(), "token")}
	for what, secret := range out {
		if len(secret) < 8 {
			p.Fatalf("%s is %d characters long", what, len(secret))
		}
	}
	return out
}

// provoke has people write all kinds of things while requests of the bot fail
// in all kinds of ways.
func (p *play) provoke(proxy *homeserver.Proxy, lena, anna *person.Person, room meeting.RoomID) {
	p.Helper()
	quoting := []byte(`{"errcode":"M_UNKNOWN","error":"cannot handle \"bodymarke\" of Annamarke in Arvikamarke"}`)
	forbidding := []byte(`{"errcode":"M_FORBIDDEN","error":"bodymarke is forbidden in Arvikamarke"}`)
	var n atomic.Int64
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		sync := strings.HasSuffix(r.URL.Path, "/sync")
		switch i := n.Add(1); {
		case sync && i%5 == 0:
			return homeserver.Fault{Status: 500, Body: quoting}
		case sync && i%7 == 0:
			return homeserver.Fault{Status: 200, Body: []byte(`{"bodymarke":`)}
		case sync && i%11 == 0:
			return homeserver.Fault{Cut: true, CutAfter: 20}
		case r.Method != http.MethodPut:
			return homeserver.Fault{}
		case i%4 == 0:
			return homeserver.Fault{Status: 502, Body: []byte("<html>bodymarke</html>")}
		case i%13 == 0:
			return homeserver.Fault{Status: 403, Body: forbidding}
		case i%17 == 0:
			return homeserver.Fault{Refuse: true}
		}
		return homeserver.Fault{}
	})
	p.says(lena, room, "!nästa")
	p.says(anna, room, "!bodymarke")
	p.says(anna, room, "bodymarke 19121212-1212")
	kept := p.says(anna, room, "bodymarke, en gång till")
	gone := p.says(anna, room, "bodymarke som tas bort")
	p.must(anna.Redact(p.ctx, room, gone))
	_, err := anna.Edit(p.ctx, room, kept, "bodymarke, ändrad")
	p.must(err)
	p.reacts(lena, room, kept, "📝")
	_, err = anna.SendRaw(p.ctx, room, "m.room.message", map[string]any{"msgtype": 7, "body": []string{"bodymarke"}})
	p.must(err)
	if _, err := anna.SendRaw(p.ctx, room, "m.room.encrypted", map[string]any{"algorithm": "bodymarke"}); err != nil {
		p.Logf("the server refuses it: %v", err)
	}
	p.says(lena, room, "!note 1 bodymarke")
	p.says(lena, room, "!avsluta")
	// All is handled when the last question is answered.
	proxy.OnRequest(nil)
	answered := len(p.posts(lena, room))
	p.says(lena, room, "!hjälp")
	_, err = lena.WaitUntil(p.ctx, room, "!hjälp answered", func(t []person.Seen) bool { return len(p.postsIn(t)) > answered })
	p.must(err)
}
