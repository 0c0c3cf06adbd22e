package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// network returns the network as configured, or else as it was when a meeting
// of it last opened; nil if it is unknown.
func (s *scene) network(ctx context.Context, id string) (*meeting.Network, error) {
	for i := range s.set.Networks {
		if s.set.Networks[i].ID == id {
			return &s.set.Networks[i], nil
		}
	}
	text, err := s.tx.StoredNetwork(ctx, id)
	if err != nil || text == nil {
		return nil, err
	}
	return retired(id, text)
}

// description is what is kept of a network.
type description struct {
	Name          string
	Language      string
	Zone          string
	Leaders       []meeting.UserID
	Programme     meeting.Programme
	OpenFor       time.Duration
	Grace         time.Duration
	Approval      meeting.Approval
	ObjectionsFor time.Duration
	Quiet         meeting.Quiet
	Pauses        []meeting.Pause
	Deputies      []meeting.UserID
	Calendar      bool
	RawFor        time.Duration
	RawAtMost     time.Duration
	HelpLines     []string
	FollowUp      []int
}

// keep stores the network as it is configured now.
func (s *scene) keep(ctx context.Context, n *meeting.Network) error {
	text, err := describe(n)
	if err != nil {
		return err
	}
	return s.tx.StoreNetwork(ctx, n.ID, text)
}

func describe(n *meeting.Network) ([]byte, error) {
	text, err := json.Marshal(description{n.Name, n.Language, n.Location.String(), n.Leaders, n.Programme, n.OpenFor, n.Grace, n.Approval, n.ObjectionsFor,
		n.Quiet, n.Pauses, n.Deputies, n.Calendar, n.RawFor, n.RawAtMost, n.HelpLines, n.FollowUp})
	if err != nil {
		return nil, fmt.Errorf("encode network: %w", err)
	}
	return text, nil
}

func retired(id string, text []byte) (*meeting.Network, error) {
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("decode network %s: %w", id, err)
	}
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone of network %s: %w", id, err)
	}
	return &meeting.Network{ID: id, Name: d.Name, Programme: d.Programme, Leaders: d.Leaders, Language: d.Language, Location: zone,
		Schedule: never{}, OpenFor: d.OpenFor, Grace: d.Grace, Approval: d.Approval, ObjectionsFor: d.ObjectionsFor,
		Quiet: d.Quiet, Pauses: d.Pauses, Deputies: d.Deputies, Calendar: d.Calendar, RawFor: d.RawFor, RawAtMost: d.RawAtMost, HelpLines: d.HelpLines,
		FollowUp: d.FollowUp, Retired: true}, nil
}

// never is the schedule of a retired network.
type never struct{}

func (never) Between(time.Time, time.Time) []meeting.Occurrence { return nil }
func (never) Next(time.Time) (meeting.Occurrence, bool)         { return meeting.Occurrence{}, false }

// tellRetired tells staff, once a meeting, that a network with an open meeting
// is no longer in the configuration.
func (b *Bot) tellRetired(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	return b.tellStaff(ctx, s, meeting.Post{Key: fmt.Sprintf("retired/%d", m.ID), Kind: meeting.PostText, Mentions: s.set.Staff},
		"alert_retired", render.Problem{Network: net.Name, Number: m.Number})
}
