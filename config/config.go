// Package config reads config.yaml and the programmes, built in and the
// user's own. It finds all faults at once, those of meaning too, and names the
// line of each. It knows nothing of Matrix beyond what ids and addresses look
// like, and asks no server.
package config

import (
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"blnbot/internal/meeting"
)

//go:embed example.yaml
var example string

// Example is a complete configuration with comments.
func Example() string { return example }

// Config is a configuration without faults. Paths are joined with the folder
// of the configuration file.
type Config struct {
	// Homeserver is a base URL without a slash at the end, or a server name
	// to look up through .well-known.
	Homeserver string
	User       meeting.UserID
	// Password and AccessToken are what the environment (BLNBOT_PASSWORD,
	// BLNBOT_ACCESS_TOKEN) or the named files hold; both may be empty.
	Password        Secret
	AccessToken     Secret
	RecoveryKeyFile string // may not exist yet
	DataDir         string // may not exist yet
	// BackupDir is where backups are written if nothing else is said, and where
	// they are cleaned of what was erased; empty for none. It may not exist yet.
	BackupDir string
	// Listen is the loopback address and port for health and metrics; empty
	// for none.
	Listen       string
	Language     string // sv or en
	Location     *time.Location
	Coordination Coordination
	// Roles are the user's own names of roles, by language.
	Roles meeting.RoleNames
	// Programmes are the built-in ones and the user's own, after replacement.
	Programmes []meeting.Programme
	Networks   []meeting.Network
	// Defaults has what networks inherit from the top level, as far as it is
	// about opening and sharing.
	Defaults meeting.Network
	// Warnings do not keep the bot from running.
	Warnings []Problem
}

// Coordination is the room where leaders and staff are.
type Coordination struct {
	Room  string // alias or room id, as configured
	Staff []meeting.UserID
	// Leaders is what goes on between the networks: meetings of the leaders,
	// and the overview of the week.
	Leaders meeting.Leaders
}

// Network is the network with the id.
func (c *Config) Network(id string) (*meeting.Network, bool) {
	i := slices.IndexFunc(c.Networks, func(n meeting.Network) bool { return n.ID == id })
	if i < 0 {
		return nil, false
	}
	return &c.Networks[i], true
}

// IsStaff reports whether the user is staff.
func (c *Config) IsStaff(u meeting.UserID) bool { return slices.Contains(c.Coordination.Staff, u) }

// Loader loads configurations. The zero Loader asks the clock and the
// process's environment.
type Loader struct {
	Now       func() time.Time             // what dates are past is judged by it
	LookupEnv func(string) (string, bool)  // for secrets
	ReadFile  func(string) ([]byte, error) // for the configuration and programmes
	Stat      func(string) (fs.FileInfo, error)
	// NoSecrets leaves the password, the token and the recovery key alone, for
	// commands that do not log in and may run as a user who cannot read them.
	NoSecrets bool
}

// Load reads the configuration file with the zero Loader. See Loader.Load.
func Load(path string) (*Config, error) { return Loader{}.Load(path) }

// Load reads the configuration file and all it refers to. The error is an
// *Error with all faults found, unless the file itself cannot be opened.
func (l Loader) Load(path string) (*Config, error) {
	if l.Now == nil {
		l.Now = time.Now
	}
	if l.LookupEnv == nil {
		l.LookupEnv = os.LookupEnv
	}
	if l.ReadFile == nil {
		l.ReadFile = os.ReadFile
	}
	if l.Stat == nil {
		l.Stat = os.Stat
	}
	data, err := l.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &reader{Loader: l, dir: filepath.Dir(path), now: l.Now(), found: &findings{}}
	cfg := r.config(path, data)
	r.found.problems = r.found.sorted(r.found.problems)
	r.found.warnings = r.found.sorted(r.found.warnings)
	if len(r.found.problems) > 0 {
		return nil, &Error{Problems: r.found.problems, Warnings: r.found.warnings}
	}
	cfg.Warnings = r.found.warnings
	return cfg, nil
}

// reader reads one configuration.
type reader struct {
	Loader
	dir   string // of the configuration file
	now   time.Time
	found *findings
	cfg   *Config
	shelf shelf
}

// path joins a path with the folder of the configuration file.
func (r *reader) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(r.dir, p)
}

func (r *reader) config(name string, data []byte) *Config {
	r.cfg = &Config{}
	s, ok := parse(name, data, configKeys(), r.found)
	if !ok {
		return r.cfg
	}
	r.cfg.Homeserver = homeserver(s.get("homeserver"))
	r.cfg.User = userID(s.get("user"))
	r.secrets(s)
	r.cfg.DataDir = r.file(s.get("data_dir"), "data")
	if v := s.get("backup_dir"); v.given() {
		r.cfg.BackupDir = r.file(v, "")
	}
	r.cfg.Listen = listen(s.get("listen"))
	base := settings{
		language: "sv", timezone: "Europe/Stockholm", openFor: 5 * day, grace: day,
		approval: meeting.ApprovalLeader, objectionsFor: 2 * day, holidays: "move",
		quiet: meeting.Quiet{From: 21 * time.Hour, To: 7 * time.Hour}, rawFor: meeting.DefaultRawFor, rawAtMost: meeting.DefaultRawAtMost,
		followUp: meeting.DefaultFollowUp(),
	}.read(s)
	r.cfg.Language, r.cfg.Location = base.language, base.location
	r.cfg.Defaults = meeting.Network{OpenFor: base.openFor, Grace: base.grace, Approval: base.approval, ObjectionsFor: base.objectionsFor,
		Quiet: base.quiet, Pauses: base.pauses, Calendar: base.calendar, RawFor: base.rawFor, RawAtMost: base.rawAtMost, HelpLines: base.helpLines,
		FollowUp: base.followUp}
	r.cfg.Roles = roleNames(s.get("roles"))
	r.programmes(s.get("programmes"))
	r.cfg.Programmes = r.shelf.all()
	r.coordination(s.get("coordination"))
	r.networks(s.get("networks"), base)
	return r.cfg
}

// file reads a path.
func (r *reader) file(v value, fallback string) string {
	if p, ok := v.text(); ok {
		return r.path(p)
	}
	return r.path(fallback)
}

// people reads a list of Matrix ids that the bot's own must not be in.
func (r *reader) people(list value) []meeting.UserID {
	var out []meeting.UserID
	for _, v := range list.list() {
		id := userID(v)
		switch {
		case id == "":
		case id == r.cfg.User:
			v.fail("%s is the bot itself", quote(string(id)))
		case slices.Contains(out, id):
			v.warn("each person once", "%s is in the list twice", quote(string(id)))
		default:
			out = append(out, id)
		}
	}
	return out
}

// cannotRead is the plain reason why a file cannot be read. It leaves out the
// name, which may be a secret that was put in the wrong place.
func cannotRead(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	}
	return "cannot be read"
}
