package person

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Attachment is a file that a person sends; its MIME type decides whether it
// appears as an image, a recording or a file.
type Attachment struct {
	meeting.File
	Caption string
	Thread  meeting.EventID
	ReplyTo meeting.EventID
}

// SendFile uploads and sends a file, encrypted where the room is.
func (p *Person) SendFile(ctx context.Context, roomID meeting.RoomID, a Attachment) (meeting.EventID, error) {
	encryption, err := p.State(ctx, roomID, event.StateEncryption.Type, "")
	if err != nil {
		return "", err
	}
	content := &event.MessageEventContent{
		MsgType:   kindOf(a.Type),
		Body:      a.Name,
		FileName:  a.Name,
		Info:      &event.FileInfo{MimeType: a.Type, Size: len(a.Data)},
		Mentions:  &event.Mentions{},
		RelatesTo: p.relation(roomID, a.Thread, a.ReplyTo),
	}
	if a.Caption != "" {
		content.Body = a.Caption
	}
	upload := mautrix.ReqUploadMedia{ContentBytes: a.Data, ContentType: a.Type, FileName: a.Name}
	if encryption != nil {
		key := attachment.NewEncryptedFile()
		upload = mautrix.ReqUploadMedia{ContentBytes: slices.Clone(a.Data), ContentType: "application/octet-stream"}
		key.EncryptInPlace(upload.ContentBytes)
		content.File = &event.EncryptedFileInfo{EncryptedFile: *key}
	}
	media, err := p.client.UploadMedia(ctx, upload)
	if err != nil {
		return "", fmt.Errorf("%s uploads %s: %w", p.ID(), a.Name, err)
	}
	if content.File != nil {
		content.File.URL = media.ContentURI.CUString()
	} else {
		content.URL = media.ContentURI.CUString()
	}
	return p.send(ctx, id.RoomID(roomID), event.EventMessage, content)
}

func kindOf(mime string) event.MessageType {
	switch kind, _, _ := strings.Cut(mime, "/"); kind {
	case "image":
		return event.MsgImage
	case "audio":
		return event.MsgAudio
	case "video":
		return event.MsgVideo
	}
	return event.MsgFile
}

// Download fetches and decrypts the file of a message.
func (p *Person) Download(ctx context.Context, s Seen) ([]byte, error) {
	if s.message == nil || (s.message.URL == "" && s.message.File == nil) {
		return nil, fmt.Errorf("%s downloads: there is no file in %s", p.ID(), s)
	}
	uri := s.message.URL
	if s.message.File != nil {
		uri = s.message.File.URL
	}
	address, err := uri.Parse()
	if err != nil {
		return nil, fmt.Errorf("%s downloads %s: %w", p.ID(), s.FileName, err)
	}
	data, err := p.client.DownloadBytes(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s downloads %s: %w", p.ID(), s.FileName, err)
	}
	if s.message.File != nil {
		if err := s.message.File.PrepareForDecryption(); err != nil {
			return nil, fmt.Errorf("%s decrypts %s: %w", p.ID(), s.FileName, err)
		}
		if err := s.message.File.DecryptInPlace(data); err != nil {
			return nil, fmt.Errorf("%s decrypts %s: %w", p.ID(), s.FileName, err)
		}
	}
	return data, nil
}
