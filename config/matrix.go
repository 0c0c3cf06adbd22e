package config

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
)

// What ids look like, from the Matrix specification, appendices, "Common
// identifier format" and "Server name". User ids may hold older characters.
var (
	serverName   = regexp.MustCompile(`^(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$`)
	userPattern  = regexp.MustCompile(`^@([!-9;-~]+):(.+)$`)
	aliasPattern = regexp.MustCompile(`^#([^:\s]+):(.+)$`)
	roomPattern  = regexp.MustCompile(`^![!-~]+$`)
)

// maxID is the length of an id, in bytes (Matrix specification, appendices).
const maxID = 255

// userID reads a full Matrix user id, or gives "".
func userID(v value) meeting.UserID {
	s, ok := v.text()
	if !ok {
		return ""
	}
	m := userPattern.FindStringSubmatch(s)
	switch {
	case strings.HasPrefix(s, "#") || strings.HasPrefix(s, "!"):
		v.fail("%s is a room, not a user", quote(s))
	case m == nil || !serverName.MatchString(m[2]) || len(s) > maxID:
		v.fail("%s is not a full Matrix user id such as @anna:example.se", quote(s))
	default:
		if lower := strings.ToLower(m[1]); lower != m[1] {
			v.warn("the id as the server writes it, almost always in small letters", "%s has capital letters, so it is another id than %s", quote(s), quote("@"+lower+":"+m[2]))
		}
		return meeting.UserID(s)
	}
	return ""
}

// room reads a room alias or a room id, or gives "". Room ids have no
// structure to check (from room version 12 on, no server name either).
func room(v value) string {
	s, ok := v.text()
	if !ok {
		return ""
	}
	m := aliasPattern.FindStringSubmatch(s)
	switch {
	case strings.HasPrefix(s, "@"):
		v.fail("%s is a user, not a room", quote(s))
	case len(s) > maxID:
		v.fail("%s is too long for a room", quote(s))
	case roomPattern.MatchString(s):
		return s
	case m == nil || !serverName.MatchString(m[2]):
		v.fail("%s is neither a room alias such as #bln:example.se nor a room id such as !abc:example.se", quote(s))
	default:
		return s
	}
	return ""
}

// homeserver reads a base URL or a server name, or gives "".
func homeserver(v value) string {
	s, ok := v.text()
	if !ok {
		return ""
	}
	if serverName.MatchString(s) && !strings.Contains(s, ":") {
		return s
	}
	u, err := url.Parse(s)
	switch {
	case strings.Contains(s, "@"):
		v.fail("the address of the homeserver holds an @; a password does not belong there")
	case !strings.Contains(s, "://"):
		v.fail("%s has a port or a path, but no https:// in front", quote(s))
	case err != nil || u.Host == "" || !serverName.MatchString(u.Host):
		v.fail("%s is not a web address", quote(s))
	case u.Scheme != "https" && u.Scheme != "http":
		v.fail("%s begins with %s:// instead of https://", quote(s), u.Scheme)
	case u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Path, "/_matrix"):
		v.fail("%s goes further than the server's address", quote(s))
	default:
		if u.Scheme == "http" && !local(u.Hostname()) {
			v.warn("https://", "http:// sends the password and all that is not encrypted in the clear")
		}
		return strings.TrimRight(s, "/")
	}
	return ""
}

// local reports whether the host is on this machine or its private network.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate()) || ip == nil && !strings.Contains(host, ".")
}

// listen reads a loopback address with a port, or gives "". Health and metrics
// have no password, so they stay on the machine.
func listen(v value) string {
	s, ok := v.text()
	if !ok {
		return ""
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		v.fail("%s is not an address and a port", quote(s))
		return ""
	}
	number, err := strconv.ParseUint(port, 10, 16)
	ip := net.ParseIP(host)
	switch {
	case err != nil || number == 0:
		v.fail("%s is not a port (1 to 65535)", quote(port))
	case host == "":
		v.fail("%s would listen on every address of this machine; health and metrics are for this machine only", quote(s))
	case host != "localhost" && ip == nil:
		v.fail("%s is not an IP address of this machine only", quote(host))
	case ip != nil && !ip.IsLoopback():
		v.fail("%s can be reached from other machines; health and metrics are for this machine only", quote(host))
	default:
		return s
	}
	return ""
}
