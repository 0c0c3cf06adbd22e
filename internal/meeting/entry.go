package meeting

import (
	"strings"
	"time"
)

// Source says how an entry came into the minutes.
type Source string

// The sources of entries.
const (
	SourceThread    Source = "thread"    // a reply in the prompt's thread
	SourceReply     Source = "reply"     // an ordinary reply to the prompt
	SourceMarked    Source = "marked"    // a loose message marked 📝 by the leader
	SourceNote      Source = "note"      // the leader's note from a physical meeting
	SourceAnonymous Source = "anonymous" // sent to the bot directly, sender not stored
)

// EntryState says whether an entry counts.
type EntryState string

// The states of an entry. Only active entries have text.
const (
	EntryActive     EntryState = "active"
	EntryRemoved    EntryState = "removed"    // redacted by author or moderator
	EntryWithheld   EntryState = "withheld"   // 🚫 by its author
	EntryExcluded   EntryState = "excluded"   // 🚫 by a leader
	EntryUnreadable EntryState = "unreadable" // its key has not arrived
)

// Mark is a leader's mark on an entry.
type Mark string

// The marks.
const (
	MarkKey    Mark = "key"    // 📌 always in the summary
	MarkIdea   Mark = "idea"   // 💡
	MarkAction Mark = "action" // ❗ something to plan
)

// Entry is one contribution to a prompt. (The minutes are a meeting's entries.)
type Entry struct {
	ID      EventID
	Meeting int64
	Prompt  int // counted from 1
	// Author is empty for notes and anonymous entries.
	Author  UserID
	Role    Role // of the author at the time of reading
	Source  Source
	State   EntryState
	Body    string
	SentAt  time.Time
	Order   Order
	Edited  bool
	Late    bool // came after closing
	Support int  // 👍 by others than the author
	Marks   []Mark
}

// Anonymous is an anonymous entry that has not been posted yet.
type Anonymous struct {
	ID      string // random
	Meeting int64
	Prompt  int
	Body    string // masked
	Due     time.Time
}

// Emoji that steer the bot (UX §3, §5).
const (
	EmojiReceipt    = "📝"
	EmojiLeaveOut   = "🚫"
	EmojiKey        = "📌"
	EmojiIdea       = "💡"
	EmojiAction     = "❗"
	EmojiSupport    = "👍"
	EmojiApprove    = "✅"
	EmojiUnreadable = "⚠️"
)

// NormalEmoji takes away variation selectors and skin tones, so that what
// people mean as the same emoji compares equal.
func NormalEmoji(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\ufe0f' || r == '\ufe0e':
			return -1
		case r >= 0x1f3fb && r <= 0x1f3ff:
			return -1
		}
		return r
	}, strings.TrimSpace(s))
}

// MarkOf is the mark that an emoji stands for, or false.
func MarkOf(emoji string) (Mark, bool) {
	switch NormalEmoji(emoji) {
	case EmojiKey:
		return MarkKey, true
	case EmojiIdea:
		return MarkIdea, true
	case EmojiAction, "❕":
		return MarkAction, true
	}
	return "", false
}
