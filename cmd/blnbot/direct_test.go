package main_test

import (
	"net/http"
	"strings"
	"testing"

	"blnbot/internal/homeserver"
)

// TestDirectMessageBeforeTheBotComes: apps send the first direct message together
// with the invitation. It is answered although the bot was not there yet.
func TestDirectMessageBeforeTheBotComes(t *testing.T) {
	p := newPlay(t)
	lena := p.person("lena", "Lena Ledare")
	toBot := p.proxy()
	p.stage.Through(toBot.URL())
	_, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, nil)
	p.must(err)
	p.begin(lena)
	said := make(chan struct{})
	toBot.OnRequest(func(r *http.Request) homeserver.Fault {
		if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/join") {
			select {
			case <-said:
			case <-r.Context().Done():
			}
		}
		return homeserver.Fault{}
	})
	direct, err := lena.DirectRoomWith(p.ctx, p.stage.Bot())
	p.must(err)
	p.says(lena, direct, "!integritet")
	close(said)
	p.sees(lena, direct, "Det här sparar jag")
}
