package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
	"blnbot/internal/sqlite"
)

// options reads the ids of a poll's answers by their text.
func options(t *testing.T, poll person.Seen) map[string]string {
	t.Helper()
	raw, err := json.Marshal(poll.Content)
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		Start struct {
			Kind    string `json:"kind"`
			Max     int    `json:"max_selections"`
			Answers []struct {
				ID   string `json:"id"`
				Text string `json:"org.matrix.msc1767.text"`
			} `json:"answers"`
		} `json:"org.matrix.msc3381.poll.start"`
	}
	if err := json.Unmarshal(raw, &content); err != nil {
		t.Fatal(err)
	}
	if content.Start.Kind != "org.matrix.msc3381.poll.undisclosed" || content.Start.Max != 3 {
		t.Errorf("the poll is %+v", content.Start)
	}
	out := map[string]string{}
	for _, a := range content.Start.Answers {
		out[a.Text] = a.ID
	}
	return out
}

// stored reads the poll and its votes from the bot's database, beside the bot.
func (p *play) stored(network string) (poll *meeting.Poll, votes []meeting.Vote) {
	p.Helper()
	db, err := sqlite.Open(p.ctx, filepath.Join(p.stage.DataDir(), "blnbot.db"))
	p.must(err)
	p.must(db.Update(p.ctx, func(tx *sqlite.Tx) (err error) {
		if poll, err = tx.Poll(p.ctx, network); err != nil {
			return err
		}
		votes, err = tx.Votes(p.ctx, network)
		return err
	}))
	p.must(db.Close())
	return poll, votes
}

// voted waits until so many have voted.
func (p *play) voted(network string, want int) (*meeting.Poll, []meeting.Vote) {
	p.Helper()
	poll, votes := p.stored(network)
	for again := time.NewTicker(100 * time.Millisecond); len(votes) != want && p.ctx.Err() == nil; poll, votes = p.stored(network) {
		<-again.C
	}
	if len(votes) != want {
		p.Fatalf("%d votes are stored", len(votes))
	}
	return poll, votes
}

// TestVotes plays a poll in an encrypted room: people vote in both forms that
// clients know and by direct message, change and remove their votes, and the
// bot is killed in between. The result has the counts, and nothing that is kept
// says whose vote was which.
func TestVotes(t *testing.T) {
	p := newPlay(t)
	lena, anna, bo, carl := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson"), p.person("bo", "Bo Ek"), p.person("carl", "Carl Lund")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna, bo, carl})
	p.must(err)
	p.begin(lena)
	question := p.opened(lena, room)
	p.answers(anna, room, question.ID, "En kontaktperson som svarar när det är akut.")
	p.answers(bo, room, question.ID, "Avlastning på helger saknas helt i kommunen.")
	p.answers(carl, room, question.ID, "Mer utbildning för personalen om samsjuklighet.")
	p.says(lena, room, "!prioritera")
	p.sees(lena, room, "Förslag på områden att rösta om")
	p.says(lena, room, "!prioritera starta")
	p.sees(anna, room, "Nu kan du rösta")
	poll, err := anna.WaitFor(p.ctx, room, "the poll", func(m person.Seen) bool { return m.Kind == "org.matrix.msc3381.poll.start" })
	p.must(err)
	if !poll.Encrypted {
		t.Error("the poll was not encrypted")
	}
	ids := options(t, poll)
	contact, relief, training := ids["En kontaktperson som svarar när det är akut"], ids["Avlastning på helger saknas helt i kommunen"], ids["Mer utbildning för personalen om samsjuklighet"]
	if contact == "" || relief == "" || training == "" {
		t.Fatalf("the poll offers %v", ids)
	}
	var ballots []meeting.EventID
	vote := func(id meeting.EventID, err error) meeting.EventID {
		t.Helper()
		p.must(err)
		ballots = append(ballots, id)
		return id
	}
	vote(anna.Vote(p.ctx, room, poll.ID, contact))
	vote(bo.VoteStable(p.ctx, room, poll.ID, contact, relief))
	p.voted("vasteras", 2)
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	vote(anna.Vote(p.ctx, room, poll.ID, relief, training))
	talk, err := carl.DirectRoomWith(p.ctx, p.stage.Bot())
	p.must(err)
	ballots = append(ballots, p.says(carl, talk, "!rösta "+strings.TrimPrefix(relief, "a")))
	p.sees(carl, talk, "är räknad (Västerås)")
	mine, err := lena.DirectRoomWith(p.ctx, p.stage.Bot())
	p.must(err)
	p.must(lena.Redact(p.ctx, room, vote(lena.Vote(p.ctx, room, poll.ID, training))))
	p.sees(lena, mine, "Du tog bort meddelandet med din röst")
	open, votes := p.voted("vasteras", 3)
	secrets := [][]byte{open.Salt}
	for _, v := range votes {
		secrets = append(secrets, v.Voter, v.Ballot)
	}
	if !slices.ContainsFunc(votes, func(v meeting.Vote) bool { return bytes.Equal(v.Voter, open.Voter(anna.ID())) }) {
		t.Error("a vote is not stored under its voter's mark")
	}
	p.says(anna, room, "!prioritera avsluta")
	p.sees(anna, room, "för nätverkets ledare")
	p.says(lena, room, "!prioritera avsluta")
	result := p.sees(bo, room, "Resultatet av omröstningen")
	for _, want := range []string{"3 av 4 röstade", "3 röster: Avlastning", "1 röst: En kontaktperson", "1 röst: Mer utbildning"} {
		if !strings.Contains(result.Body, want) {
			t.Errorf("the result does not say %q:\n%s", want, result.Body)
		}
	}
	_, err = bo.WaitFor(p.ctx, room, "the end of the poll", func(m person.Seen) bool { return m.Kind == "org.matrix.msc3381.poll.end" && m.Encrypted })
	p.must(err)
	if _, err := bo.Vote(p.ctx, room, poll.ID, training); err != nil {
		t.Fatal(err)
	}
	p.reacts(lena, room, result.ID, "✅")
	shared := p.sees(p.nka, p.coord, "Prioriterade områden, Västerås")
	p.unlinked(room, []string{result.Body, shared.Body}, secrets, ballots)
}

// unlinked checks that nobody is named where votes are shown, and that neither
// the marks that votes were stored under nor the events that brought them are
// left in the bot's database.
func (p *play) unlinked(room meeting.RoomID, shown []string, secrets [][]byte, ballots []meeting.EventID) {
	p.Helper()
	for _, text := range shown {
		for _, name := range []string{"Anna", "Bo Ek", "Carl", "anna:"} {
			if strings.Contains(text, name) {
				p.Errorf("%s is named in a result:\n%s", name, text)
			}
		}
	}
	p.allEncrypted(p.person("lena", "Lena Ledare"), room)
	p.must(p.stage.StopBot())
	poll, votes := p.stored("vasteras")
	if poll.State != meeting.PollClosed || poll.Voters != 3 || len(poll.Salt) != 0 || len(votes) != 0 || poll.Shared.IsZero() {
		p.Errorf("stored: %+v, %d votes", poll, len(votes))
	}
	files, err := filepath.Glob(filepath.Join(p.stage.DataDir(), "blnbot.db*"))
	p.must(err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		p.must(err)
		for _, secret := range secrets {
			if bytes.Contains(data, secret) {
				p.Errorf("%s still holds what a vote was stored under", filepath.Base(file))
			}
		}
		for _, id := range ballots[:len(ballots)-1] { // the last one was removed, which is noted
			if bytes.Contains(data, []byte(id)) {
				p.Errorf("%s still knows the event of a vote", filepath.Base(file))
			}
		}
	}
}
