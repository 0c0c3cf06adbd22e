//go:build faults

package faults_test

import (
	"slices"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// keyLost reports whether one of the bot's posts was written with a key that the
// server may have lost: Dendrite says that it has taken a key, and does not hand it
// out when it is stopped in the same moment (docs/homeservers.md). The bot gives
// such keys again, unless it was killed then, too.
func (o *oracle) keyLost(who *person.Person, room meeting.RoomID, id meeting.EventID) bool {
	rooms, err := o.read(who, room)
	if err != nil {
		o.fault("read %s: %v", room, err)
		return false
	}
	session := ""
	for _, e := range rooms[room] {
		if e.ID == id {
			session = e.Content.Session
		}
	}
	var first time.Time // when the key was used first, right after it was given
	for _, e := range rooms[room] {
		if sent := time.UnixMilli(e.Sent); e.Content.Session == session && (first.IsZero() || sent.Before(first)) {
			first = sent
		}
	}
	return session != "" && slices.ContainsFunc(o.stops, func(stop time.Time) bool {
		return stop.After(first.Add(-time.Second)) && stop.Before(first.Add(2*time.Second)) &&
			o.bot.startedBetween(first, stop.Add(10*time.Second))
	})
}
