package config

import "blnbot/internal/meeting"

// The keys of the configuration file. A new key is a row here and a line in
// the function that reads its section.

// settingKeys stand at the top level as defaults, and in a network.
func settingKeys() []key {
	return []key{
		{name: "language", expected: "sv or en", example: "language: sv"},
		{name: "timezone", expected: "a time zone of the IANA database", example: "timezone: Europe/Stockholm"},
		{name: "open_for", expected: "how long a meeting stays open: a number with w, d, h, m or s", example: "open_for: 5d"},
		{name: "grace", expected: "how late a meeting may still open by itself: a number with w, d, h, m or s", example: "grace: 24h"},
		{name: "approval", expected: "leader or auto", example: "approval: leader"},
		{name: "objections_for", expected: "how long people have to object to a draft: a number with w, d, h, m or s", example: "objections_for: 2d"},
		{name: "holidays", expected: "move, skip or ignore", example: "holidays: move"},
		{name: "quiet_hours", expected: "from when to when, local time, or none", example: "quiet_hours: 21-07"},
		{name: "calendar", expected: "true or false", example: "calendar: true"},
		{name: "raw_replies_for", expected: "how long what people wrote is kept after the report is published: a number with w, d, h, m or s", example: "raw_replies_for: 90d"},
		{name: "raw_replies_at_most", expected: "how long what people wrote is kept after the last meeting if no report is published: a number with w, d, h, m or s", example: "raw_replies_at_most: 365d"},
		{name: "help_lines", expected: "a list of 1 to 6 lines that say where one can turn", example: `help_lines: ["Är någon i fara? Ring 112."]`},
		{name: "follow_up", expected: "a list of times after the decision about a plan: a number with mo (months) or y (years)", example: "follow_up: [3mo, 6mo, 12mo]"},
		{name: "pauses", expected: "a list of first and last days", example: `pauses: ["2027-06-15..2027-08-15"]`},
	}
}

func configKeys() []key {
	return append([]key{
		{name: "homeserver", required: true, expected: "the address of the homeserver with https://, or only a server name", example: "homeserver: https://matrix.example.se"},
		{name: "user", required: true, expected: "the bot's full Matrix id", example: `user: "@bln:example.se"`},
		{name: "password_file", expected: "the name of a file that holds the bot's password", example: "password_file: secrets/password"},
		{name: "access_token_file", expected: "the name of a file that holds an access token of the bot", example: "access_token_file: secrets/access-token"},
		{name: "recovery_key_file", expected: "the name of the file for the recovery key", example: "recovery_key_file: secrets/recovery-key"},
		{name: "data_dir", expected: "the folder for the bot's databases", example: "data_dir: data"},
		{name: "backup_dir", expected: "the folder for backups of the database", example: "backup_dir: /var/backups/blnbot"},
		{name: "listen", expected: "an address of this machine only and a port, for health and metrics", example: "listen: 127.0.0.1:9741"},
		{name: "coordination", required: true, expected: "the coordination room and the staff", example: `coordination: {room: "#bln-samordning:example.se", staff: ["@nka:example.se"]}`},
		{name: "roles", expected: "names of roles, by language", example: "roles: {sv: {carer: [närstående, närstående]}}"},
		{name: "programmes", expected: "a list of programme files", example: "programmes: [programmes/eget.yaml]"},
		{name: "networks", expected: "a list of networks", example: "networks: [{id: vasteras, name: Västerås, …}]"},
	}, settingKeys()...)
}

func roleLanguageKeys() []key {
	var keys []key
	for _, lang := range meeting.Languages() {
		keys = append(keys, key{name: lang, expected: "roles with their names", example: lang + ": {carer: [närstående, närstående]}"})
	}
	return keys
}

func roleKeys() []key {
	var keys []key
	for _, r := range meeting.Roles() {
		keys = append(keys, key{name: string(r), expected: "one name, or two: of one person and of several", example: string(r) + ": [närstående, närstående]"})
	}
	return keys
}

func coordinationKeys() []key {
	return []key{
		{name: "room", required: true, expected: "a room alias (#…) or a room id (!…), in quotes", example: `room: "#bln-samordning:example.se"`},
		{name: "staff", required: true, expected: "a list of full Matrix ids, at least one", example: `staff: ["@nka:example.se"]`},
		{name: "weekly", expected: "a day (MON to SUN) and a time, or off", example: "weekly: MON 08:00"},
		{name: "agenda", expected: "how long before a leaders' meeting its agenda comes: a number with w, d, h, m or s", example: "agenda: 3d"},
		{name: "meetings", expected: "a list of the leaders' meetings, one entry for each round", example: `meetings: [{programme: samsjuklighet, round: 1, before: "2027-09-01 13:00"}]`},
	}
}

func networkKeys() []key {
	return append([]key{
		{name: "id", required: true, expected: "a short name that never changes: a-z, 0-9 and -", example: "id: vasteras"},
		{name: "name", required: true, expected: "the name that people see", example: "name: Västerås"},
		{name: "programme", required: true, expected: "the id of a programme", example: "programme: samsjuklighet"},
		{name: "room", required: true, expected: "a room alias (#…) or a room id (!…), in quotes", example: `room: "#bln-vasteras:example.se"`},
		{name: "leaders", required: true, expected: "a list of full Matrix ids, at least one", example: `leaders: ["@lena:example.se"]`},
		{name: "deputies", expected: "a list of full Matrix ids", example: `deputies: ["@per:example.se"]`},
		{name: "schedule", expected: "when the next meeting opens: minute, hour, day of month, month, day of week (0 is Sunday)", example: `schedule: "0 17 * * TUE"   # Tuesdays at 17:00`},
		{name: "dates", expected: "one date for each meeting, in order", example: `dates: ["2027-09-07 17:00", "2027-09-21 17:00"]`},
	}, settingKeys()...)
}

func leadersMeetingKeys() []key {
	return []key{
		{name: "programme", required: true, expected: "the id of a programme", example: "programme: samsjuklighet"},
		{name: "round", required: true, expected: "the number of the meeting that the leaders meet about", example: "round: 2"},
		{name: "before", expected: "a date and a time", example: `before: "2027-09-01 13:00"`},
		{name: "after", expected: "a date and a time", example: `after: "2027-09-30 13:00"`},
		{name: "link", expected: "a web address with https://", example: "link: https://example.se/mote"},
	}
}

func programmeKeys() []key {
	return []key{
		{name: "id", required: true, expected: "a short name that never changes: a-z, 0-9 and -", example: "id: nara-vard"},
		{name: "name", required: true, expected: "the name that people see", example: "name: Nära vård och anhöriga"},
		{name: "purpose", required: true, expected: "what the network is for, in a sentence or two", example: "purpose: Ni delar erfarenheter av …"},
		{name: "goal", expected: "what the network is to achieve", example: "goal: Ett förslag till lokal plan."},
		{name: "language", required: true, expected: "sv or en", example: "language: sv"},
		{name: "meetings", required: true, expected: "a list of 1 to 30 meetings", example: "meetings: [{title: Vad fungerar bra?, prompts: [Vad fungerar bra i dag?]}]"},
	}
}

func meetingKeys() []key {
	return []key{
		{name: "title", required: true, expected: "the title of the meeting, one line", example: "title: Vad fungerar bra i dag?"},
		{name: "intro", expected: "a text that opens the meeting", example: "intro: Läs rapporten före mötet."},
		{name: "kind", expected: "discussion, priorities or plan", example: "kind: discussion"},
		{name: "prompts", required: true, expected: "a list of 1 to 9 questions", example: "prompts: [Vad fungerar bra i dag?]"},
		{name: "materials", expected: "a list of things to read", example: "materials: [{title: Rapport, url: https://example.se/rapport}]"},
	}
}

func materialKeys() []key {
	return []key{
		{name: "title", required: true, expected: "the title of the material", example: "title: Rapport"},
		{name: "url", expected: "a web address with https://", example: "url: https://example.se/rapport"},
	}
}
