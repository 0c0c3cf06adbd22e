package meeting

// RoomID is a Matrix room id such as "!abc:example.se" (in room version 12
// without a domain). Its inside must never be parsed.
type RoomID string

// EventID is a Matrix event id such as "$abc".
type EventID string

// UserID is a full Matrix user id such as "@anna:example.se". Rights are
// granted by comparing whole ids, never by display names.
type UserID string
