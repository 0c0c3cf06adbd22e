package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/markup"
	"blnbot/internal/meeting"
)

// KeyField holds a post's key inside the content of its event, so that the
// bot knows its own events again after a crash.
const KeyField = "se.nka.blnbot.key"

// FingerprintField holds the key's fingerprint beside an encrypted content. The
// bot knows its post by it even if it has lost its encryption keys.
const FingerprintField = "se.nka.blnbot.post"

// WithFingerprint adds the fingerprint of a post's key to an encrypted content.
func WithFingerprint(content any, key string) (json.RawMessage, error) {
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode encrypted content: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(plain, &fields); err != nil {
		return nil, fmt.Errorf("encode encrypted content: %w", err)
	}
	fields[FingerprintField] = meeting.Fingerprint(key)
	return json.Marshal(fields)
}

// ErrEmpty: the post has nothing to send.
var ErrEmpty = errors.New("nothing to send")

// maxPlainTransaction is the longest key that is sent as it is (in base64).
const maxPlainTransaction = 120

// Transaction is the transaction id for a post's key: the same for ever, and
// safe in a URL. Unless the key is very long it can be read back.
func Transaction(key string) string {
	if len(key) <= maxPlainTransaction {
		return "k." + base64.RawURLEncoding.EncodeToString([]byte(key))
	}
	sum := sha256.Sum256([]byte(key))
	return "h." + base64.RawURLEncoding.EncodeToString(sum[:])
}

// TransactionKey is the key that a transaction id was made from, or empty.
func TransactionKey(txn string) string {
	enc, ok := strings.CutPrefix(txn, "k.")
	if !ok {
		return ""
	}
	key, err := base64.RawURLEncoding.DecodeString(enc)
	if err != nil || !utf8.Valid(key) {
		return ""
	}
	return string(key)
}

// outMessage is an m.room.message on its way out. Mentions are always there:
// an empty object tells clients and servers that nobody is called.
type outMessage struct {
	MsgType    event.MessageType        `json:"msgtype,omitempty"`
	Body       string                   `json:"body"`
	Format     event.Format             `json:"format,omitempty"`
	Formatted  string                   `json:"formatted_body,omitempty"`
	FileName   string                   `json:"filename,omitempty"`
	Info       *fileInfo                `json:"info,omitempty"`
	URL        id.ContentURIString      `json:"url,omitempty"`
	File       *event.EncryptedFileInfo `json:"file,omitempty"`
	Mentions   event.Mentions           `json:"m.mentions"`
	NewContent *outMessage              `json:"m.new_content,omitempty"`
	RelatesTo  *event.RelatesTo         `json:"m.relates_to,omitempty"`
	Key        string                   `json:"se.nka.blnbot.key,omitempty"`
}

type fileInfo struct {
	Size     int    `json:"size"`
	MimeType string `json:"mimetype,omitempty"`
	Width    int    `json:"w,omitempty"`
	Height   int    `json:"h,omitempty"`
}

// Upload is where the data of a file post has been put.
type Upload struct {
	URL  id.ContentURIString      // in rooms without encryption
	File *event.EncryptedFileInfo // in encrypted rooms
}

// Message builds the content of a text, notice or edit. Latest is the last
// known event of the thread that the post goes to. Plain leaves the formatted
// form out, for posts that would otherwise be too large.
func Message(d meeting.Delivery, latest meeting.EventID, plain bool) (json.RawMessage, error) {
	m, err := written(d, plain)
	if err != nil {
		return nil, err
	}
	if m.Body == "" {
		return nil, ErrEmpty
	}
	if d.Kind == meeting.PostEdit {
		return json.Marshal(edited(d, m))
	}
	m.RelatesTo = relation(d, latest)
	m.Key = d.Key
	return json.Marshal(m)
}

// FileMessage builds the content of a file post. The text of a picture is what
// is in it: clients show it below, and read it out.
func FileMessage(d meeting.Delivery, latest meeting.EventID, up Upload) (json.RawMessage, error) {
	if d.File == nil {
		return nil, ErrEmpty
	}
	m, err := written(d, false)
	if err != nil {
		return nil, err
	}
	m.MsgType, m.FileName = event.MsgFile, d.File.Name
	if d.File.Width > 0 {
		m.MsgType = event.MsgImage
	}
	if m.Body == "" {
		m.Body = d.File.Name
	}
	m.Info = &fileInfo{Size: len(d.File.Data), MimeType: d.File.Type, Width: d.File.Width, Height: d.File.Height}
	m.URL, m.File = up.URL, up.File
	m.RelatesTo = relation(d, latest)
	m.Key = d.Key
	return json.Marshal(m)
}

func written(d meeting.Delivery, plain bool) (outMessage, error) {
	users := make([]string, 0, len(d.Mentions))
	m := outMessage{MsgType: event.MsgText}
	for _, u := range d.Mentions {
		users = append(users, string(u))
		// In a direct room every message rings as it is, and clients show one
		// that mentions its reader in warning colours.
		if d.To == "" {
			m.Mentions.Add(id.UserID(u))
		}
	}
	if d.Kind == meeting.PostNotice {
		m.MsgType = event.MsgNotice
	}
	t, err := markup.Render(d.Markdown, users...)
	if err != nil {
		return outMessage{}, err
	}
	m.Body = t.Plain
	if t.HTML != "" && !plain {
		m.Format, m.Formatted = event.FormatHTML, t.HTML
	}
	return m, nil
}

// editFallback is how many characters of an edit clients see that know
// nothing of edits. The whole text would double the size.
const editFallback = 80

func edited(d meeting.Delivery, m outMessage) outMessage {
	short := []rune("* " + m.Body)
	if len(short) > editFallback {
		short = append(short[:editFallback], '…')
	}
	outer := outMessage{
		MsgType: m.MsgType, Body: string(short), Mentions: m.Mentions, Key: d.Key,
		RelatesTo: (&event.RelatesTo{}).SetReplace(id.EventID(d.TargetID)),
	}
	outer.NewContent = &m
	return outer
}

func relation(d meeting.Delivery, latest meeting.EventID) *event.RelatesTo {
	if d.ThreadID == "" && d.ReplyToID == "" {
		return nil
	}
	rel := &event.RelatesTo{}
	if d.ReplyToID != "" {
		rel.SetReplyTo(id.EventID(d.ReplyToID))
	}
	if d.ThreadID != "" {
		if latest == "" {
			latest = d.ThreadID
		}
		rel.SetThread(id.EventID(d.ThreadID), id.EventID(latest))
	}
	return rel
}

// Reaction builds the content of a reaction. Reactions are never encrypted.
func Reaction(d meeting.Delivery) (json.RawMessage, error) {
	if d.TargetID == "" || d.Emoji == "" {
		return nil, ErrEmpty
	}
	return json.Marshal(struct {
		RelatesTo *event.RelatesTo `json:"m.relates_to"`
		Key       string           `json:"se.nka.blnbot.key"`
	}{(&event.RelatesTo{}).SetAnnotation(id.EventID(d.TargetID), d.Emoji), d.Key})
}

// Redaction builds the body of a redaction request.
func Redaction(d meeting.Delivery) (json.RawMessage, error) {
	if d.TargetID == "" {
		return nil, ErrEmpty
	}
	return json.Marshal(map[string]string{KeyField: d.Key})
}
