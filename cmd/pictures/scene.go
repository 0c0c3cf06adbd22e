package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// scene is what is played before the camera. The people are invented.
type scene struct {
	stage  *stage.Stage
	camera *camera
	out    string
	people map[string]*person.Person
	room   meeting.RoomID // the network's
	coord  meeting.RoomID
	direct meeting.RoomID // Gunilla's with the bot

	prompt  meeting.EventID
	replies []meeting.EventID
}

func newScene(s *stage.Stage, c *camera, out string) *scene {
	return &scene{stage: s, camera: c, out: out, people: map[string]*person.Person{}}
}

// member is somebody who takes part.
type member struct {
	user, name string
	role       string // the number with which they answer the greeting; empty for those who are not asked
	screen     string // that is photographed, if any: phone or desk
}

func cast() []member {
	return []member{
		{"nina", "Nina Åström", "", ""},
		{"lena", "Lena Lindqvist", "", "desk"},
		{"anna", "Anna Sjölund", "1", ""},
		{"yusuf", "Yusuf Demir", "1", ""},
		{"mikael", "Mikael Thorsell", "2", ""},
		{"birgitta", "Birgitta Hallgren", "3", ""},
		{"peter", "Peter Oskarsson", "5", ""},
		{"gunilla", "Gunilla Ahlström", "1", "phone"},
	}
}

// play plays the acts. Each leaves the rooms as the next one needs them.
func (s *scene) play(ctx context.Context) error {
	for _, act := range []func(context.Context) error{s.begin, s.arrive, s.meet, s.summarise, s.vote} {
		if err := act(ctx); err != nil {
			return fmt.Errorf("%w\nThe bot's log:\n%s", err, s.stage.Log.Text())
		}
	}
	return nil
}

// begin brings the people, with their screens, so that these have the keys to
// all that follows, and the coordination room and the bot.
func (s *scene) begin(ctx context.Context) error {
	if err := name(ctx, s.stage.Server.URL(), "bln", "BLN-boten"); err != nil {
		return err
	}
	for _, m := range cast() {
		who, err := s.stage.Person(ctx, m.user, m.name)
		if err != nil {
			return err
		}
		s.people[m.user] = who
		if m.screen == "" {
			continue
		}
		err = s.camera.do(map[string]string{"do": "login", "who": m.user, "homeserver": s.stage.Server.URL(),
			"user": m.user, "password": stage.Password, "key": who.RecoveryKey(), "size": m.screen})
		if err != nil {
			return err
		}
	}
	var err error
	if s.coord, err = s.stage.Coordination(ctx, s.people["nina"], s.people["lena"]); err != nil {
		return err
	}
	if err := s.stage.Configure(s.people["nina"].ID()); err != nil {
		return err
	}
	return s.stage.StartBot(ctx)
}

// bot waits until somebody sees a message of the bot that contains the text.
func (s *scene) bot(ctx context.Context, who string, room meeting.RoomID, text string) (meeting.EventID, error) {
	m, err := s.people[who].WaitFor(ctx, room, "”"+text+"”", func(m person.Seen) bool {
		return m.Sender == s.stage.Bot() && !m.Redacted && strings.Contains(m.Body, text)
	})
	return m.ID, err
}

// says has somebody write into a room.
func (s *scene) says(ctx context.Context, who string, room meeting.RoomID, text string) error {
	_, err := s.people[who].Send(ctx, room, text)
	return err
}

// line is a reply in a thread.
type line struct{ who, text string }

// answers has people write in a thread, one after the other, and waits for 📝.
func (s *scene) answers(ctx context.Context, root meeting.EventID, lines ...line) (ids []meeting.EventID, err error) {
	for _, l := range lines {
		id, err := s.people[l.who].SendThread(ctx, s.room, root, l.text)
		if err != nil {
			return nil, err
		}
		_, err = s.people[l.who].WaitFor(ctx, s.room, "📝 on ”"+l.text+"”", func(m person.Seen) bool {
			return m.ID == id && slices.Contains(m.Reactions["📝"], s.stage.Bot())
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// react has several people react to a message.
func (s *scene) react(ctx context.Context, target meeting.EventID, emoji string, who ...string) error {
	for _, w := range who {
		if _, err := s.people[w].React(ctx, s.room, target, emoji); err != nil {
			return err
		}
	}
	return nil
}

// screen is what is done at somebody's screen, and the picture of it.
type screen struct {
	camera *camera
	who    string
	out    string
	err    error // the first; after it nothing more is done
}

func (s *scene) screen(who string) *screen { return &screen{camera: s.camera, who: who, out: s.out} }

// do does one thing at the screen (tools/pictures/camera.mjs).
func (v *screen) do(what string, more ...string) *screen {
	command := map[string]string{"do": what, "who": v.who}
	for i := 0; i+1 < len(more); i += 2 {
		command[more[i]] = more[i+1]
	}
	if v.err == nil {
		v.err = v.camera.do(command)
	}
	return v
}

// shot takes a picture.
func (v *screen) shot(name string) error {
	return v.do("shot", "file", filepath.Join(v.out, name+".png")).err
}
