//go:build faults

package faults_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"blnbot/bot"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// arrival is what the server says of an event's place in its room.
type arrival struct {
	ID    meeting.EventID `json:"event_id"`
	Depth int64           `json:"depth"`            // in the graph of events; what is written at the same moment has the same
	Sent  int64           `json:"origin_server_ts"` // when the server took it, in milliseconds since 1970
	at    int             // how many have been handed out up to this one
}

// before reports whether the server puts one event before another whichever way
// it orders them. Dendrite has three orders: the one in which it hands events out,
// which is that of a first sync; the depth, which is that of /messages; and, within
// each answer to a sync, the graph and then the time. They agree except about what
// was written at the same moment, and what a killed server hands out late.
func (a arrival) before(b arrival) bool {
	return a.at > 0 && a.at < b.at && a.Depth < b.Depth && a.Sent < b.Sent
}

// order checks that the entries of a prompt stand in the server's order, and that
// what was written after an answer to another stands behind it.
func (o *oracle) order(where string, entries []bot.EntryExport, want map[meeting.EventID]*entry) {
	var latest *entry
	for i, got := range entries {
		for _, earlier := range entries[:i] {
			if o.arrived[got.ID].before(o.arrived[earlier.ID]) {
				o.fault("%s: %s comes after %s, and the server has it before", where, got.ID, earlier.ID)
				break
			}
		}
		e := want[got.ID]
		if e == nil {
			continue
		}
		if latest != nil && e.done.Before(latest.begun) {
			if o.behind(latest.id(), got.ID) {
				o.late++
			} else {
				o.fault("%s: %s comes after %s, which was begun later", where, got.ID, latest.id())
			}
		}
		if latest == nil || e.begun.After(latest.begun) {
			latest = e
		}
	}
}

// readArrivals asks the server in what order it has handed out what was written. A
// Dendrite that is killed while it stores an event hands it out when it is started
// again, behind what came meanwhile. What came after its meeting's summary was
// approved is in no minutes.
func (o *oracle) readArrivals() error {
	o.arrived = map[meeting.EventID]arrival{}
	for _, n := range o.nets {
		arrived, err := o.world.arrivals(n.leader, n.room)
		if err != nil {
			return fmt.Errorf("read the order of %s: %w", n.id, err)
		}
		maps.Copy(o.arrived, arrived)
		for _, e := range n.entries {
			if e.prompt > 0 && o.behind(n.sharing[e.number], e.id()) {
				e.prompt = 0
				o.late++
			}
		}
	}
	return nil
}

// behind reports whether the server has handed out the second event after the first.
func (o *oracle) behind(first, second meeting.EventID) bool {
	a, b := o.arrived[first].at, o.arrived[second].at
	return a > 0 && b > a
}

// arrivals reads a room's events in the order in which the server has handed them
// out. That is the order of a first sync's timeline, which on Dendrite is as long as
// one asks for; of Synapse's it holds the end.
func (w *world) arrivals(who *person.Person, room meeting.RoomID) (map[meeting.EventID]arrival, error) {
	var answer struct {
		Rooms struct {
			Join map[meeting.RoomID]struct {
				Timeline struct {
					Events []arrival `json:"events"`
				} `json:"timeline"`
			} `json:"join"`
		} `json:"rooms"`
	}
	filter, err := json.Marshal(map[string]any{"event_format": "federation", // which has the depth
		"room": map[string]any{"rooms": []meeting.RoomID{room}, "timeline": map[string]any{"limit": all}}})
	if err != nil {
		return nil, err
	}
	err = w.as(who, func(r raw) error {
		return r.call(w.ctx, http.MethodGet, "sync?"+url.Values{"filter": {string(filter)}}.Encode(), nil, &answer)
	})
	out := map[meeting.EventID]arrival{}
	for i, a := range answer.Rooms.Join[room].Timeline.Events {
		a.at = i + 1
		out[a.ID] = a
	}
	return out, err
}
