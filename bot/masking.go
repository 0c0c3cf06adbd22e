package bot

import (
	"context"
	"slices"

	"blnbot/internal/meeting"
)

// masker returns what hides the names of everybody who is or was in the
// network's room, those of third persons as far as they can be told, and
// personal numbers, phone numbers, e-mail and street addresses.
func (b *Bot) masker(ctx context.Context, s *scene, net *meeting.Network) (func(string) string, error) {
	masker, words, err := b.maskerOf(ctx, s, net)
	if err != nil {
		return nil, err
	}
	return func(text string) string { return masker.Mask(text, words) }, nil
}

func (b *Bot) maskerOf(ctx context.Context, s *scene, net *meeting.Network) (*meeting.Masker, meeting.MaskWords, error) {
	words, err := b.maskWords(net.Language)
	if err != nil {
		return nil, words, err
	}
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return nil, words, err
	}
	members, err := s.tx.Members(ctx, room)
	if err != nil {
		return nil, words, err
	}
	var names []string
	for _, m := range members {
		if m.User != b.self {
			names = append(names, m.Name, localpart(m.User))
		}
	}
	for _, l := range append(slices.Clone(net.Leaders), net.Deputies...) {
		names = append(names, localpart(l))
	}
	return meeting.NewMasker(names), words, nil
}

func (b *Bot) maskWords(lang string) (meeting.MaskWords, error) {
	var w meeting.MaskWords
	for name, to := range map[string]*string{"mask_name": &w.Name, "mask_id": &w.ID, "mask_phone": &w.Phone, "mask_email": &w.Email,
		"mask_address": &w.Address} {
		text, err := b.texts.Text(lang, name, nil)
		if err != nil {
			return w, err
		}
		*to = text
	}
	return w, nil
}
