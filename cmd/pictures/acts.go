package main

import (
	"context"
	"strings"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// arrive: staff have the bot make the network, and its leader invites the others,
// who are greeted alone and say which role they have.
func (s *scene) arrive(ctx context.Context) error {
	lena := s.people["lena"]
	if err := s.says(ctx, "nina", s.coord, "!nätverk ny Västerås samsjuklighet "+string(lena.ID())); err != nil {
		return err
	}
	if _, err := s.bot(ctx, "nina", s.coord, "Rummet för Västerås är klart"); err != nil {
		return err
	}
	if s.room = invitedTo(ctx, lena, "Västerås"); s.room == "" {
		return ctx.Err()
	}
	var thanks meeting.EventID
	for _, m := range cast() {
		if m.role == "" {
			continue
		}
		who := s.people[m.user]
		if err := lena.Invite(ctx, s.room, who.ID()); err != nil {
			return err
		}
		invited, err := who.WaitForInvite(ctx, s.stage.Bot())
		if err != nil {
			return err
		}
		s.direct = invited.Room // the last one's is needed
		if _, err := s.bot(ctx, m.user, s.direct, "Vilken roll har du?"); err != nil {
			return err
		}
		if err := s.says(ctx, m.user, s.direct, m.role); err != nil {
			return err
		}
		if thanks, err = s.bot(ctx, m.user, s.direct, "antecknat din roll"); err != nil {
			return err
		}
	}
	return s.screen("gunilla").do("open", "room", string(s.direct)).do("see", "text", "antecknat din roll").
		do("show", "event", string(thanks), "end", "end").shot("deltagare-valkommen")
}

// invitedTo waits for an invitation to a room with the name; empty at the end of ctx.
func invitedTo(ctx context.Context, who *person.Person, name string) meeting.RoomID {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		for _, inv := range who.Invites() {
			if state, err := who.State(ctx, inv.Room, "m.room.name", ""); err == nil && state["name"] == name {
				return inv.Room
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ""
		}
	}
}

// meet: the first meeting opens, people reply, and change their minds.
func (s *scene) meet(ctx context.Context) error {
	if err := s.says(ctx, "lena", s.room, "!nästa"); err != nil {
		return err
	}
	opening, err := s.bot(ctx, "gunilla", s.room, "Möte 1 av 6")
	if err != nil {
		return err
	}
	prompt, err := s.bot(ctx, "gunilla", s.room, "Frågan.")
	if err != nil {
		return err
	}
	s.prompt = prompt
	ids, err := s.answers(ctx, prompt,
		line{"anna", "Att någon ringer upp mig. När min son är som sämst orkar jag inte leta efter rätt mottagning och rätt telefontid."},
		line{"mikael", "De som får en plan för nästa kris sover bättre, det hör jag ofta. Planen behöver vi göra tillsammans."},
		line{"birgitta", "En enda ingång, ett nummer, betyder mer än en ny verksamhet."},
		line{"peter", "Att få träffa andra i samma läge är ett stöd i sig."},
	)
	if err != nil {
		return err
	}
	s.replies = ids
	own, err := s.answers(ctx, prompt, line{"gunilla", "En kväll i veckan när jag vet att någon annan har ansvaret. Mer än så behövs inte."})
	if err != nil {
		return err
	}
	if err := s.react(ctx, own[0], "👍", "anna", "yusuf", "peter"); err != nil {
		return err
	}
	phone := s.screen("gunilla").do("open", "room", string(s.room)).do("see", "text", "5 svar").
		do("thread", "event", string(prompt)).do("see", "text", "någon annan har ansvaret")
	if err := phone.shot("deltagare-trad"); err != nil {
		return err
	}
	if err := phone.do("close").do("show", "event", string(opening), "end", "start").shot("deltagare-fraga"); err != nil {
		return err
	}
	if err := s.says(ctx, "gunilla", s.direct, "!anonymt Ibland önskar jag att han inte kom hem. Det får man väl inte säga."); err != nil {
		return err
	}
	thanks, err := s.bot(ctx, "gunilla", s.direct, "Anonymt inlägg")
	if err != nil {
		return err
	}
	phone.do("open", "room", string(s.direct)).do("see", "text", "Jag sparar inte vem som skrev").do("show", "event", string(thanks), "end", "end")
	if err := phone.shot("deltagare-anonymt"); err != nil {
		return err
	}
	return s.lead(ctx, own[0])
}

// lead: the leader marks replies.
func (s *scene) lead(ctx context.Context, gunillas meeting.EventID) error {
	if err := s.react(ctx, s.replies[2], "❗", "lena"); err != nil {
		return err
	}
	if err := s.react(ctx, gunillas, "📌", "lena"); err != nil {
		return err
	}
	desk := s.screen("lena").do("open", "room", string(s.room)).do("see", "text", "Frågan.").do("thread", "event", string(s.prompt))
	return desk.do("see", "text", "någon annan har ansvaret").do("menu", "event", string(gunillas)).shot("ledare-marken")
}

// summarise: the meeting is closed, and its summary is shared.
func (s *scene) summarise(ctx context.Context) error {
	if err := s.says(ctx, "lena", s.room, "!avsluta"); err != nil {
		return err
	}
	draft, err := s.bot(ctx, "lena", s.room, "Förslag till sammanfattning, möte 1")
	if err != nil {
		return err
	}
	desk := s.screen("lena").do("close").do("see", "text", "Förslag till sammanfattning")
	if err := desk.do("show", "event", string(draft), "end", "end").shot("ledare-forslag"); err != nil {
		return err
	}
	if err := s.react(ctx, draft, "✅", "lena"); err != nil {
		return err
	}
	if _, err := s.bot(ctx, "lena", s.room, "delad med samordningsrummet"); err != nil {
		return err
	}
	shared, err := s.bot(ctx, "lena", s.coord, "Västerås, möte 1")
	if err != nil {
		return err
	}
	if _, err := s.bot(ctx, "lena", s.coord, "1 av 1 nätverk klara"); err != nil {
		return err
	}
	summary, _ := s.people["lena"].Find(s.coord, shared)
	return desk.do("open", "room", string(s.coord)).do("thread", "event", string(summary.Thread)).
		do("see", "text", "Svarade:").do("see", "text", "1 av 1 nätverk klara").shot("ledare-samordning")
}

// vote: the network chooses what is most important.
func (s *scene) vote(ctx context.Context) error {
	if err := s.says(ctx, "lena", s.room, "!prioritera"); err != nil {
		return err
	}
	if _, err := s.bot(ctx, "lena", s.room, "Förslag på områden att rösta om"); err != nil {
		return err
	}
	if err := s.says(ctx, "lena", s.room, "!prioritera starta"); err != nil {
		return err
	}
	poll, err := s.people["gunilla"].WaitFor(ctx, s.room, "the poll", func(m person.Seen) bool {
		return m.Sender == s.stage.Bot() && strings.HasSuffix(m.Kind, "poll.start")
	})
	if err != nil {
		return err
	}
	return s.screen("gunilla").do("open", "room", string(s.room)).do("vote", "event", string(poll.ID), "text", "1").shot("deltagare-rosta")
}
