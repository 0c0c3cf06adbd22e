package render

import (
	"time"

	"blnbot/internal/meeting"
)

func prioritySamples(loc *time.Location) []sample {
	lena := []string{"Lena Ledare"}
	list := Areas{Network: "Västerås", State: meeting.PollProposed, Max: 3, Leaders: lena, Areas: []Area{
		{Number: 1, Text: "Fler platser på korttidsboendet", Replies: 4}, {Number: 3, Text: "En kontaktperson per familj", Replies: 1}, {Number: 4, Text: "Träffar *på kvällen*"}}}
	empty := Areas{Network: "Västerås", State: meeting.PollProposed, Leaders: lena}
	open := list
	open.State, open.Voted, open.Members, open.Closes = meeting.PollOpen, 5, 9, at(loc, time.September, 13, 18)
	endless := open
	endless.Closes, endless.Areas = time.Time{}, append([]Area{{Number: 2, Dropped: true}}, list.Areas...)
	closed := list
	closed.State, closed.Voted, closed.Members = meeting.PollClosed, 7, 9
	closed.Areas = []Area{{Number: 3, Text: "En kontaktperson per familj", Votes: 6}, {Number: 1, Text: "Fler platser på korttidsboendet", Votes: 1}}
	gone, few, nobody := closed, closed, closed
	gone.Gone, gone.Shared = []string{"2"}, at(loc, time.September, 14, 9)
	few.Few, few.Voted, nobody.Few, nobody.Voted = true, 2, true, 0
	state := func(s meeting.PollState, gone ...string) Areas { return Areas{State: s, Gone: gone} }
	vote := VoteView{Network: "Västerås", Max: 3, Chosen: []string{"1", "3"}}
	inRoom, removed, word := vote, vote, vote
	inRoom.InRoom, removed.Removed, word.Word = true, true, "hej"
	several := Problem{Names: []string{"Västerås", "Umeå"}, Max: 3}
	n := func(number, most int) Problem { return Problem{Number: number, Max: most, Network: "Västerås"} }
	out := []sample{
		{"usage_prioritize", "", nil}, {"does_prioritize", "", nil}, {"usage_vote", "", nil}, {"does_vote", "", nil},
		{"area_list", "", endless}, {"priorities", "", list}, {"priorities", "empty", empty}, {"priorities", "open", open}, {"priorities", "endless", endless},
		{"priorities_begin", "", n(4, 0)}, {"priorities_unbegun", "", n(4, 0)}, {"priorities_too_soon", "", nil}, {"priorities_none", "", nil},
		{"priorities_unknown", "", Problem{Word: "hej"}}, {"priorities_no_area", "", Problem{Word: "9"}}, {"priorities_no_area", "none", Problem{}},
		{"priorities_fixed", "", state(meeting.PollOpen)}, {"priorities_fixed", "closed", state(meeting.PollClosed)},
		{"priorities_form", "", nil}, {"priorities_merge_form", "", nil}, {"priorities_full", "", n(0, 20)}, {"priorities_few", "", n(0, 2)},
		{"priorities_twins", "", TwoAreas{2, 4}}, {"priorities_changed", "", n(2, 0)}, {"priorities_removed", "", n(2, 0)}, {"priorities_added", "", n(2, 0)},
		{"priorities_merged", "", n(2, 0)}, {"priorities_restart", "", state(meeting.PollProposed)}, {"priorities_restart", "closed", state(meeting.PollClosed)},
		{"priorities_not_ready", "", nil}, {"priorities_shared_before", "", nil}, {"priorities_shared_now", "", nil},
		{"priorities_replaced", "", state(meeting.PollProposed)}, {"priorities_replaced", "open", state(meeting.PollOpen, "2")},
		{"priorities_replaced", "again", state(meeting.PollOpen)}, {"priorities_replaced", "closed", state(meeting.PollClosed, "2")},
		{"poll_too_few", "", n(2, 3)}, {"poll_not_open", "", state(meeting.PollProposed)}, {"poll_not_open", "closed", state(meeting.PollClosed)},
		{"poll_few", "", n(2, 3)}, {"poll_few", "none", n(0, 3)}, {"poll_question", "", list}, {"poll_open", "", open}, {"poll_open", "endless", endless},
		{"poll_plain", "", endless}, {"poll_ended", "", nil}, {"result_list", "", closed}, {"result_list", "few", few}, {"result_list", "nobody", nobody},
		{"priorities_result", "", closed}, {"priorities_result", "gone", gone}, {"priorities_result", "few", few}, {"priorities_shared", "", closed},
		{"vote_taken", "", vote}, {"vote_taken", "room", inRoom}, {"vote_withdrawn", "", vote}, {"vote_withdrawn", "removed", removed},
		{"vote_form", "", vote}, {"vote_form", "word", word}, {"vote_unknown", "", word}, {"vote_too_many", "", vote}, {"vote_cut", "", vote},
		{"vote_spoilt", "", vote}, {"vote_moved", "", vote}, {"vote_late", "", vote}, {"vote_not_member", "", vote}, {"vote_not_member", "none", VoteView{}},
		{"vote_nothing", "", nil}, {"vote_which", "", several}, {"vote_how", "", endless},
	}
	return out
}

func evaluationSamples(loc *time.Location) []sample {
	e := Evaluation{Network: "Västerås", Asked: 9, Answered: 6, Min: 5, Count: 4, Scale: 4, Next: 1, Until: at(loc, time.December, 15, 18),
		Texts: []string{"Det bästa var att träffa *andra*.", "Mer tid."}}
	for i, text := range []string{"Jag har kunnat säga det jag ville säga.", "Jag har fått ny kunskap av de andra."} {
		e.Questions = append(e.Questions, Question{Number: i + 1, Text: text,
			Answers: []AnswerCount{{1, "inte alls", 0}, {2, "lite", 1}, {3, "ganska mycket", 2}, {4, "mycket", 3}}})
	}
	second, over, wordless, shared := e, e, e, e
	second.Next, over.Over, wordless.Texts, shared.Shared = 2, true, nil, true
	several := Problem{Names: []string{"Västerås", "Umeå"}}
	out := []sample{{"usage_evaluation", "", nil}, {"does_evaluation", "", nil}, {"evaluation_ask", "", e}, {"evaluation_next", "", second},
		{"evaluation_asked", "", second}, {"evaluation_words", "", e}, {"evaluation_thanks", "", e}, {"evaluation_declined", "", e},
		{"evaluation_already", "", e}, {"evaluation_form", "", e}, {"evaluation_form", "second", second}, {"evaluation_range", "", e}, {"evaluation_many", "", e},
		{"evaluation_missing", "", e}, {"evaluation_long", "", e}, {"evaluation_which", "", several}, {"evaluation_reminder", "", e},
		{"evaluation_reminder", "second", second}, {"evaluation_nothing", "", nil}, {"evaluation_directly", "", nil}, {"evaluation_small", "", e},
		{"evaluation_not_yet", "", e}, {"evaluation_sent", "", e}, {"evaluation_waiting", "", e}, {"evaluation_waiting", "over", over},
		{"evaluation_shown", "", e}, {"evaluation_shown", "shared", shared}, {"evaluation_shared", "", nil}, {"evaluation_results", "", e}, {"evaluation_results", "wordless", wordless}}
	for i := range meeting.EvaluationQuestions {
		out = append(out, sample{text: "evaluation_question_" + string(rune('1'+i))})
	}
	for i := range meeting.EvaluationScale {
		out = append(out, sample{"evaluation_answer", string(rune('1' + i)), Problem{Number: i + 1}})
	}
	return out
}
