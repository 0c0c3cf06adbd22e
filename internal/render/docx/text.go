package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Text is everything in a Word document that somebody could read or find in it,
// for tests that look for what must not be there: the text of every part, a
// paragraph on each line, and the alternative texts and addresses.
func Text(file []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return "", fmt.Errorf("unpack document: %w", err)
	}
	var out strings.Builder
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".xml") && !strings.HasSuffix(f.Name, ".rels") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return "", fmt.Errorf("unpack %s: %w", f.Name, err)
		}
		err = errors.Join(partText(&out, r), r.Close())
		if err != nil {
			return "", fmt.Errorf("read %s: %w", f.Name, err)
		}
	}
	return out.String(), nil
}

func partText(out *strings.Builder, r io.Reader) error {
	dec := xml.NewDecoder(r)
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			for _, a := range t.Attr {
				if n := a.Name.Local; n == "descr" || n == "title" || n == "Target" || t.Name.Local == "tblCaption" && n == "val" {
					fmt.Fprintln(out, a.Value)
				}
			}
			if t.Name.Local == "br" || t.Name.Local == "tab" {
				out.WriteByte('\n')
			}
		case xml.EndElement:
			if n := t.Name.Local; n == "p" || n == "title" || n == "language" {
				out.WriteByte('\n')
			}
		case xml.CharData:
			out.Write(t)
		}
	}
}
