package wire

import (
	"encoding/json"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/markup"
	"blnbot/internal/meeting"
)

// Polls are written in the unstable form of MSC3381, the one that clients show
// today, and read in both.
const (
	stableStart     = "m.poll.start"
	stableResponse  = "m.poll.response"
	stableEnd       = "m.poll.end"
	stableSelection = "m.selections"
	// undisclosed polls show no counts before they end.
	undisclosed = "org.matrix.msc3381.poll.undisclosed"
)

type outPoll struct {
	event.PollStart `json:"org.matrix.msc3381.poll.start"`
	Text            string         `json:"org.matrix.msc1767.text"`
	Body            string         `json:"body"` // for clients that know no polls
	Mentions        event.Mentions `json:"m.mentions"`
	Key             string         `json:"se.nka.blnbot.key"`
}

type outPollEnd struct {
	End       struct{}         `json:"org.matrix.msc3381.poll.end"`
	Text      string           `json:"org.matrix.msc1767.text"`
	Body      string           `json:"body"`
	RelatesTo *event.RelatesTo `json:"m.relates_to"`
	Mentions  event.Mentions   `json:"m.mentions"`
	Key       string           `json:"se.nka.blnbot.key"`
}

// Poll builds the content of a poll's beginning or end, and says which event
// type it has.
func Poll(d meeting.Delivery) (event.Type, json.RawMessage, error) {
	text, err := markup.Render(d.Markdown)
	if err != nil {
		return event.Type{}, nil, err
	}
	if d.Kind == meeting.PostPollEnd {
		if d.TargetID == "" {
			return event.Type{}, nil, ErrEmpty
		}
		content, err := json.Marshal(outPollEnd{Text: text.Plain, Body: text.Plain, Key: d.Key,
			RelatesTo: &event.RelatesTo{Type: event.RelReference, EventID: id.EventID(d.TargetID)}})
		return event.EventUnstablePollEnd, content, err
	}
	if d.Form == nil || len(d.Form.Options) == 0 {
		return event.Type{}, nil, ErrEmpty
	}
	out := outPoll{Text: text.Plain, Body: text.Plain, Key: d.Key, PollStart: event.PollStart{
		Kind: undisclosed, MaxSelections: d.Form.Max, Question: event.MSC1767Message{Text: d.Form.Question},
	}}
	for _, o := range d.Form.Options {
		out.Answers = append(out.Answers, event.PollOption{ID: o.ID, MSC1767Message: event.MSC1767Message{Text: o.Text}})
	}
	content, err := json.Marshal(out)
	return event.EventUnstablePollStart, content, err
}

// maxAnswers bounds how many answers are read from one response.
const maxAnswers = 100

// poll decodes answers to polls, and their ends.
func poll(ev *Event, meta meeting.EventMeta) meeting.Event {
	rel := Relation(ev.Content)
	if rel.Type != event.RelReference || rel.EventID == "" {
		return meeting.Ignored{EventMeta: meta}
	}
	target := meeting.EventID(rel.EventID)
	switch ev.Type {
	case event.EventUnstablePollResponse.Type, stableResponse:
		answers := ev.Content.Strings(stableSelection)
		for _, field := range []string{stableResponse, event.EventUnstablePollResponse.Type} {
			if response := ev.Content.Object(field); response != nil {
				answers = response.Strings("answers")
			}
		}
		return meeting.PollResponse{EventMeta: meta, Target: target, Answers: answers[:min(len(answers), maxAnswers)]}
	case event.EventUnstablePollEnd.Type, stableEnd:
		return meeting.PollEnd{EventMeta: meta, Target: target}
	}
	return meeting.Ignored{EventMeta: meta}
}

// pollQuestion is a poll's question, in the unstable form and in the stable one.
func pollQuestion(content Object) string {
	for _, start := range []string{event.EventUnstablePollStart.Type, stableStart, "m.poll"} {
		question := content.Object(start).Object("question")
		for _, field := range []string{"org.matrix.msc1767.text", "body"} {
			if s := question.String(field); s != "" {
				return s
			}
		}
	}
	return content.String("org.matrix.msc1767.text")
}
