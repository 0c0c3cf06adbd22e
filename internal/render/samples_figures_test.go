package render

import (
	"blnbot/internal/meeting"
)

func participationFigure() Participation {
	return Participation{Meetings: []MeetingCount{
		{1, meeting.RoleCount{meeting.RoleCarer: 4, meeting.RoleProfessional: 3, meeting.RoleManager: 2}}, {2, counted},
		{3, meeting.RoleCount{meeting.RoleUnknown: 3}},
	}}
}

func votesFigure() Votes {
	return Votes{Voters: 9, Areas: []AreaVotes{
		{"Avlastning på helger och kvällar", 7}, {"En väg in: ett telefonnummer för alla anhöriga i kommunen och regionen", 1}, {"Kunskap | om *samsjuklighet*", 0},
	}}
}

func networksFigure() Networks {
	shared, closed, open, missed, planned := meeting.StateShared, meeting.StateClosed, meeting.StateOpen, meeting.StateMissed, meeting.StatePlanned
	return Networks{Meetings: 6, Networks: []NetworkStates{
		{"Västerås", []meeting.State{shared, shared, closed, open}}, {"Arvika", []meeting.State{shared, missed, shared, open, planned}},
		{"Södra Dalarnas samordningsförbund", []meeting.State{shared, closed, open, missed}}, {"Umeå", nil},
	}}
}

func figureSamples() []sample {
	one := Participation{Meetings: participationFigure().Meetings[1:2]}
	nets := networksFigure()
	states := map[string][]string{}
	for _, s := range []string{"shared", "closed", "open", "missed", "planned"} {
		states[s] = []string{"Västerås", "Umeå"}
	}
	return []sample{
		{"figure_participation", "", participationFigure()}, {"figure_participation", "one", one}, {"figure_participation_file", "", one},
		{"figure_votes", "", votesFigure()}, {"figure_votes", "one", Votes{Voters: 1, Areas: []AreaVotes{{"Kunskap", 1}}}}, {"figure_votes_file", "", votesFigure()},
		{"figure_networks", "", nets}, {"figure_networks_file", "", nets}, {"figure_states", "", states}, {"figure_states", "one", map[string][]string{"planned": {"Umeå"}}}, {"figure_states", "other", map[string][]string{"shared": {"Umeå"}}},
	}
}
