package meeting

import "strings"

// RoleName is what a role is called in a language.
type RoleName struct {
	One, Many string // in texts: "1 anhörig", "4 anhöriga"
	Word      string // what people write: "!roll anhörig"
	Nobody    string // "ingen anhörig"
}

// RoleNames are the names of roles, by language; roles that are not in it have
// their own names.
type RoleNames map[string]map[Role]RoleName

// NewRoleName makes the name of a role of a network's own choice.
func NewRoleName(language, one, many string) RoleName {
	nobody := "ingen " + one
	if language == "en" {
		nobody = "no " + one
		if strings.HasPrefix(one, "from ") {
			nobody = "nobody " + one
		}
	}
	return RoleName{One: one, Many: many, Word: one, Nobody: nobody}
}

// DefaultRoleNames are what roles are called if nothing else is said.
func DefaultRoleNames(language string) map[Role]RoleName {
	if language == "en" {
		return map[Role]RoleName{
			RoleCarer:        {"carer", "carers", "carer", "no carer"},
			RoleProfessional: {"professional", "professionals", "professional", "no professional"},
			RoleManager:      {"manager", "managers", "manager", "no manager"},
			RolePolitician:   {"politician", "politicians", "politician", "no politician"},
			RoleNGO:          {"from a voluntary organisation", "from voluntary organisations", "ngo", "nobody from a voluntary organisation"},
		}
	}
	return map[Role]RoleName{
		RoleCarer:        {"anhörig", "anhöriga", "anhörig", "ingen anhörig"},
		RoleProfessional: {"yrkesverksam", "yrkesverksamma", "yrkesverksam", "ingen yrkesverksam"},
		RoleManager:      {"chef", "chefer", "chef", "ingen chef"},
		RolePolitician:   {"politiker", "politiker", "politiker", "ingen politiker"},
		RoleNGO:          {"från idéburen organisation", "från idéburna organisationer", "idéburen", "ingen från en idéburen organisation"},
	}
}
