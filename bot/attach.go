package bot

import (
	"context"
	"fmt"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// attached is in the key of a file that belongs to another post; the key of
// that post stands before it.
const attached = "/file/"

// fileFormats are the forms that a document comes in as a file, by the ending of
// its name.
func (b *Bot) fileFormats() map[string]func(lang, name string, data any) (meeting.File, error) {
	written := func(mime string, write func(lang, name string, data any) (string, error)) func(lang, name string, data any) (meeting.File, error) {
		return func(lang, name string, data any) (meeting.File, error) {
			text, err := write(lang, name, data)
			return meeting.File{Type: mime, Data: []byte(text)}, err
		}
	}
	return map[string]func(lang, name string, data any) (meeting.File, error){
		"html": written("text/html", b.texts.Document),
		"md":   written("text/markdown", b.texts.Markdown),
		"docx": func(lang, name string, data any) (meeting.File, error) {
			doc, err := b.texts.Word(lang, name, data)
			return meeting.File{Type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Data: doc}, err
		},
	}
}

// attach queues the document "name" as files that belong to the post: one for
// each of the formats docx, html and md. They go where the post goes, quote what
// it quotes, and are taken down with it; a post of the key need not exist. The
// text "<name>_file" names them.
func (b *Bot) attach(ctx context.Context, s *scene, post meeting.Post, lang, name string, data any, formats ...string) error {
	called, err := b.texts.Text(lang, name+"_file", data)
	if err != nil {
		return err
	}
	for _, format := range formats {
		write, ok := b.fileFormats()[format]
		if !ok {
			return fmt.Errorf("attach %s: there is no format %q", name, format)
		}
		file, err := write(lang, name, data)
		if err != nil {
			return err
		}
		file.Name = render.FileName(called, format)
		if err := b.storeFile(ctx, s, post, format, file); err != nil {
			return err
		}
	}
	return nil
}

// attachFigure queues a figure as a picture that belongs to the post, with its
// alternative text below it. It is taken down with the post, as files are.
func (b *Bot) attachFigure(ctx context.Context, s *scene, post meeting.Post, lang string, f render.Figure) error {
	text, err := b.texts.Text(lang, "figure_"+f.Kind(), f)
	if err != nil {
		return err
	}
	called, err := b.texts.Text(lang, "figure_"+f.Kind()+"_file", f)
	if err != nil {
		return err
	}
	data, width, height, err := b.texts.PNG(lang, f)
	if err != nil {
		return err
	}
	if len(text) > longest {
		text = split(text, longest)[0] + " …"
	}
	post.Markdown = text
	return b.storeFile(ctx, s, post, f.Kind(), meeting.File{Name: render.FileName(called, "png"), Type: "image/png", Data: data, Width: width, Height: height})
}

// cutFormat takes the word that names a file's format out of a command's
// arguments: "2 docx", "word", "2 pdf" is no format and stays.
func (b *Bot) cutFormat(args, otherwise string) (rest, format string) {
	format = otherwise
	var left []string
	for _, w := range strings.Fields(args) {
		word := strings.TrimPrefix(render.Fold(w), ".")
		if to, ok := formatWords()[word]; ok {
			word = to
		}
		if _, ok := b.fileFormats()[word]; ok {
			format = word
			continue
		}
		left = append(left, w)
	}
	return strings.Join(left, " "), format
}

// formatWords are what people call the formats, folded.
func formatWords() map[string]string {
	return map[string]string{"word": "docx", "doc": "docx", "webb": "html", "web": "html", "webbsida": "html", "markdown": "md"}
}

// storeFile queues a file that belongs to the post.
func (b *Bot) storeFile(ctx context.Context, s *scene, post meeting.Post, what string, file meeting.File) error {
	if file.Width == 0 {
		post.Markdown = ""
	}
	post.Key, post.Kind, post.File, post.Mentions, post.Fresh = post.Key+attached+what, meeting.PostFile, &file, nil, false
	_, err := s.tx.StorePost(ctx, post, s.now)
	return err
}
