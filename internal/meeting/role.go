package meeting

// Role is what a member is in the network, by own statement. The empty Role
// means unknown.
type Role string

// The roles of the BLN method (seeds: carers, professionals, managers,
// politicians, voluntary organisations).
const (
	RoleUnknown      Role = ""
	RoleCarer        Role = "carer"
	RoleProfessional Role = "professional"
	RoleManager      Role = "manager"
	RolePolitician   Role = "politician"
	RoleNGO          Role = "ngo"
)

// Roles lists the known roles in the order in which texts name them.
func Roles() []Role {
	return []Role{RoleCarer, RoleProfessional, RoleManager, RolePolitician, RoleNGO}
}

// smallestRole is how many members of a network must hold a role before the
// role may be shown next to what one of them said (DESIGN §4, invariant 4).
const smallestRole = 2

// RoleCount counts people by role.
type RoleCount map[Role]int

// Total is the number of people in the count.
func (c RoleCount) Total() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

// Shown is the role that may be shown outside the network for a member with
// role r, where members counts the whole network: roles held by fewer than
// two members become RoleUnknown, which texts show as "deltagare".
func Shown(r Role, members RoleCount) Role {
	if members[r] < smallestRole {
		return RoleUnknown
	}
	return r
}

// ShownCount is the count of participants that may be shown outside the
// network: people in roles held by fewer than two members are counted under
// RoleUnknown.
func ShownCount(participants, members RoleCount) RoleCount {
	out := RoleCount{}
	for r, n := range participants {
		if n > 0 {
			out[Shown(r, members)] += n
		}
	}
	return out
}

// Member is somebody who is or was in a room.
type Member struct {
	User       UserID
	Membership string // Matrix spec, m.room.member
	Name       string // display name, empty if none is known
}

// Joined reports whether the member is in the room now.
func (m Member) Joined() bool { return m.Membership == "join" }
