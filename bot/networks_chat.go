package bot

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// current returns the settings with the networks that were made in chat. What
// stands in the configuration wins.
func (b *Bot) current(ctx context.Context, tx Tx) (*Settings, error) {
	base := b.settings.Load()
	if m := b.merged.Load(); m != nil && m.base == base {
		return m.all, nil
	}
	made, err := tx.ChatNetworks(ctx)
	if err != nil {
		return nil, err
	}
	all := *base
	all.Networks = slices.Clip(slices.Clone(base.Networks))
	for _, c := range made {
		if c.State != meeting.ChatActive || base.has(c.ID) {
			continue
		}
		n, err := base.chatNetwork(c)
		if err != nil {
			return nil, err
		}
		all.Networks = append(all.Networks, *n)
	}
	b.merged.Store(&merged{base: base, all: &all})
	return &all, nil
}

// merged are settings with and without the networks made in chat.
type merged struct{ base, all *Settings }

// byID are the networks by their ids.
func (set *Settings) byID() map[string]*meeting.Network {
	out := make(map[string]*meeting.Network, len(set.Networks))
	for i := range set.Networks {
		out[set.Networks[i].ID] = &set.Networks[i]
	}
	return out
}

func (set *Settings) has(id string) bool {
	return slices.ContainsFunc(set.Networks, func(n meeting.Network) bool { return n.ID == id })
}

// chatNetwork is a network made in chat, with its programme as it is now if the
// configuration still has it. It has no schedule: its leader opens the meetings.
func (set *Settings) chatNetwork(c meeting.ChatNetwork) (*meeting.Network, error) {
	n, err := retired(c.ID, []byte(c.Description))
	if err != nil {
		return nil, err
	}
	n.Retired = false
	for _, p := range set.Programmes {
		if p.ID == n.Programme.ID && p.Language == n.Programme.Language {
			n.Programme = p
		}
	}
	return n, nil
}

// programme finds the programme with the id, if possible in the language of the
// coordination room.
func (set *Settings) programme(id string) (found meeting.Programme, ok bool) {
	for _, p := range set.Programmes {
		if render.Fold(p.ID) == render.Fold(id) && (!ok || p.Language == set.Language) {
			found, ok = p, true
		}
	}
	return found, ok
}

// cmdNetwork lists the networks, makes one, retires one, or changes its leader.
func (b *Bot) cmdNetwork(ctx context.Context, s *scene, c *call) error {
	words := strings.Fields(c.args)
	if len(words) == 0 {
		return b.listNetworks(ctx, s, c)
	}
	rest := words[1:]
	switch render.Fold(words[0]) {
	case "ny", "nytt", "new":
		return b.newNetwork(ctx, s, c, rest)
	case "avsluta", "end", "retire":
		if len(rest) == 1 {
			return b.endNetwork(ctx, s, c, rest[0])
		}
	case "byt", "change":
		if len(rest) > 0 && slices.Contains([]string{"ledare", "leader"}, render.Fold(rest[0])) {
			rest = rest[1:]
		}
		if leaders := userIDs(rest[min(1, len(rest)):]); len(rest) > 1 && len(leaders) == len(rest)-1 && !slices.Contains(leaders, b.self) {
			return b.changeLeaders(ctx, s, c, rest[0], leaders)
		}
	}
	return b.answer(ctx, s, c, "network_form", render.Problem{Names: s.set.programmeIDs()})
}

func (set *Settings) programmeIDs() []string {
	var ids []string
	for _, p := range set.Programmes {
		if !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

var fullID = regexp.MustCompile(`^@[^\s:@]+:[^\s@/]+$`)

// userIDs are the words that are full Matrix ids.
func userIDs(words []string) []meeting.UserID {
	var out []meeting.UserID
	for _, w := range words {
		if w = strings.Trim(w, ",;"); fullID.MatchString(w) && !slices.Contains(out, meeting.UserID(w)) {
			out = append(out, meeting.UserID(w))
		}
	}
	return out
}

// longestName is the most characters in the name of a network made in chat.
const longestName = 60

// newNetwork notes the intent to make a network: "Arvika samsjuklighet
// @eva:example.se". Its room is made by whoever delivers the post.
func (b *Bot) newNetwork(ctx context.Context, s *scene, c *call, words []string) error {
	n := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "@") })
	form := render.Problem{Names: s.set.programmeIDs()}
	if n < 2 {
		return b.answer(ctx, s, c, "network_form", form)
	}
	name, leaders := strings.Join(words[:n-1], " "), userIDs(words[n:])
	programme, known := s.set.programme(words[n-1])
	id := slugOf(name)
	switch {
	case !known:
		form.Word = clip(words[n-1])
		return b.answer(ctx, s, c, "network_programme", form)
	case len(leaders) != len(words)-n, slices.Contains(leaders, b.self), id == "", len([]rune(name)) > longestName:
		return b.answer(ctx, s, c, "network_form", form)
	}
	taken, err := b.idTaken(ctx, s, id)
	if err != nil {
		return err
	}
	if taken {
		return b.answer(ctx, s, c, "network_taken", render.Problem{Word: id})
	}
	d := s.set.Defaults
	net := meeting.Network{ID: id, Name: name, Programme: programme, Leaders: leaders, Language: programme.Language, Location: s.set.Location,
		OpenFor: d.OpenFor, Grace: d.Grace, Approval: d.Approval, ObjectionsFor: d.ObjectionsFor, Quiet: d.Quiet, Pauses: d.Pauses, Calendar: d.Calendar,
		RawFor: d.RawFor, RawAtMost: d.RawAtMost, HelpLines: d.HelpLines, FollowUp: d.FollowUp}
	text, err := describe(&net)
	if err != nil {
		return err
	}
	key := "room/" + id + "/" + string(c.msg.ID)
	if err := s.tx.StoreChatNetwork(ctx, meeting.ChatNetwork{ID: id, Description: string(text), Post: key, State: meeting.ChatMaking}); err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: key, Kind: meeting.PostRoom, Make: &meeting.NewRoom{Name: name, Space: programme.ID,
		SpaceName: programme.Name, SpaceMembers: slices.Concat([]meeting.UserID{c.msg.Sender}, leaders)}}, s.now)
	if err != nil {
		return err
	}
	return b.answer(ctx, s, c, "network_making", render.Problem{Network: name, Word: id})
}

// slugOf makes an id of a name: "Östra Göinge" → "ostra-goinge".
func slugOf(name string) string {
	words := strings.FieldsFunc(render.Fold(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Trim(strings.Join(words, "-"), "-")
}

// idTaken reports whether there is or was a network with the id; what is stored
// under an id must never become another network's.
func (b *Bot) idTaken(ctx context.Context, s *scene, id string) (bool, error) {
	if s.set.has(id) {
		return true, nil
	}
	made, err := s.tx.ChatNetworks(ctx)
	if err != nil || slices.ContainsFunc(made, func(c meeting.ChatNetwork) bool { return c.ID == id && c.State != meeting.ChatFailed }) {
		return true, err
	}
	text, err := s.tx.StoredNetwork(ctx, id)
	return text != nil, err
}

// moderator is the power level of a leader: they invite and remove people, and
// delete messages.
const moderator = 50

// finishNetworks takes networks into use whose rooms have been made, and tells
// staff of those whose rooms could not be made.
func (b *Bot) finishNetworks(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		made, err := s.tx.ChatNetworks(ctx)
		if err != nil {
			return err
		}
		for _, c := range made {
			if c.State != meeting.ChatMaking {
				continue
			}
			post, err := s.tx.Post(ctx, c.Post)
			if err != nil {
				return err
			}
			if post == nil || post.State == meeting.PostPending {
				continue // others may be ready
			}
			if err := b.finishNetwork(ctx, s, c, post); err != nil {
				return err
			}
			s.remade = true
		}
		return nil
	})
}

func (b *Bot) finishNetwork(ctx context.Context, s *scene, c meeting.ChatNetwork, post *meeting.PostRecord) error {
	net, err := s.set.chatNetwork(c)
	if err != nil {
		return err
	}
	view := render.Problem{Network: net.Name, Word: c.ID, Leaders: userNames(net.Leaders)}
	report := meeting.Post{Key: "made/" + c.Post, Kind: meeting.PostText}
	if post.State != meeting.PostSent || post.Event == "" {
		c.State = meeting.ChatFailed
		return errors.Join(s.tx.StoreChatNetwork(ctx, c), b.tellStaff(ctx, s, report, "network_failed", view))
	}
	c.State = meeting.ChatActive
	room := meeting.RoomID(post.Event)
	if err := errors.Join(s.tx.StoreChatNetwork(ctx, c), s.tx.Bind(ctx, NetworkBinding(c.ID), room), s.keep(ctx, net)); err != nil {
		return err
	}
	if err := b.admit(ctx, s, "made/"+c.Post, room, net.Leaders); err != nil {
		return err
	}
	// After the invitations, so that the leader can read it.
	if err := b.greet(ctx, s, net, room); err != nil {
		return err
	}
	return b.tellStaff(ctx, s, report, "network_made", view)
}

func userNames(users []meeting.UserID) []string {
	var out []string
	for _, u := range users {
		out = append(out, string(u))
	}
	return out
}

// admit makes people leaders of a room and invites them.
func (b *Bot) admit(ctx context.Context, s *scene, key string, room meeting.RoomID, leaders []meeting.UserID) error {
	for _, u := range leaders {
		for _, p := range []meeting.Post{{Kind: meeting.PostLevel, Level: moderator}, {Kind: meeting.PostInvite}} {
			p.Key, p.Room, p.User = fmt.Sprintf("%s/%s/%s", key, p.Kind, u), room, u
			if _, err := s.tx.StorePost(ctx, p, s.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// chatNetwork finds an active network that was made in chat; otherwise it says
// why the network cannot be changed here.
func (b *Bot) chatNetwork(ctx context.Context, s *scene, c *call, id string) (*meeting.ChatNetwork, *meeting.Network, error) {
	made, err := s.tx.ChatNetworks(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range made {
		if m.ID == id && m.State == meeting.ChatActive && !b.settings.Load().has(id) {
			net, err := s.set.chatNetwork(m)
			return &m, net, err
		}
	}
	if b.settings.Load().has(id) {
		return nil, nil, b.answer(ctx, s, c, "network_in_file", render.Problem{Word: id})
	}
	return nil, nil, b.answer(ctx, s, c, "network_unknown", render.Problem{Word: clip(id)})
}

// endNetwork retires a network made in chat: what was begun is finished, and
// nothing new opens.
func (b *Bot) endNetwork(ctx context.Context, s *scene, c *call, id string) error {
	made, net, err := b.chatNetwork(ctx, s, c, id)
	if err != nil || made == nil {
		return err
	}
	made.State = meeting.ChatRetired
	if err := errors.Join(s.keep(ctx, net), s.tx.StoreChatNetwork(ctx, *made)); err != nil {
		return err
	}
	s.remade = true
	ended := *net
	ended.Retired = true
	if err := b.correctCalendar(ctx, s, &ended, "calendar/"+string(c.msg.ID)); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "network_ended", render.Problem{Network: net.Name, Word: id})
}

// changeLeaders gives a network made in chat other leaders. Those before stay
// in the room as members.
func (b *Bot) changeLeaders(ctx context.Context, s *scene, c *call, id string, leaders []meeting.UserID) error {
	made, net, err := b.chatNetwork(ctx, s, c, id)
	if err != nil || made == nil {
		return err
	}
	before := net.Leaders
	net.Leaders = leaders
	text, err := describe(net)
	if err != nil {
		return err
	}
	made.Description = string(text)
	if err := errors.Join(s.keep(ctx, net), s.tx.StoreChatNetwork(ctx, *made)); err != nil {
		return err
	}
	s.remade = true
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return err
	}
	key := "leaders/" + string(c.msg.ID)
	if err := b.admit(ctx, s, key, room, leaders); err != nil {
		return err
	}
	for _, u := range before {
		if slices.Contains(leaders, u) {
			continue
		}
		_, err := s.tx.StorePost(ctx, meeting.Post{Key: key + "/level/" + string(u), Room: room, Kind: meeting.PostLevel, User: u}, s.now)
		if err != nil {
			return err
		}
	}
	return b.answer(ctx, s, c, "network_leaders", render.Problem{Network: net.Name, Leaders: userNames(leaders)})
}

// listNetworks shows all networks with where they come from.
func (b *Bot) listNetworks(ctx context.Context, s *scene, c *call) error {
	list, err := b.networks(ctx, s)
	if err != nil {
		return err
	}
	return b.answer(ctx, s, c, "networks", render.NetworkList{Networks: list})
}

// Network finds a network: configured, made in chat, or one that was; nil if
// there never was one.
func (b *Bot) Network(ctx context.Context, id string) (net *meeting.Network, err error) {
	err = b.update(ctx, func(s *scene) error {
		net, err = s.network(ctx, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find network %s: %w", id, err)
	}
	return net, nil
}
