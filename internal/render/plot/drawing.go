// Package plot draws numbers: as SVG, whose text stays text, and as PNG from the
// same drawing. Its pictures can be read without colour: every bar has its
// number beside it, every state a sign of its own. It knows nothing of meetings
// or languages; words come with the numbers.
//
// It has its own few lines of SVG. The libraries that draw both (gonum/plot,
// tdewolff/canvas) write SVG without title, description or role, which is how
// people who cannot see it get to know what is in it, and bring twenty modules.
// What is hard, turning paths and letters into pixels, golang.org/x/image does.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// The colours have a contrast of at least 3:1 to the paper and to each other's
// neighbours (WCAG 2.1, 1.4.11), the ink one of more than 7:1, and the first
// three stay apart for people who do not see red or green (Okabe and Ito,
// Color Universal Design, 2008).
var (
	paper = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{26, 26, 26, 255}
	faint = color.RGBA{89, 89, 89, 255}
	rule  = color.RGBA{200, 206, 212, 255}
	blue  = color.RGBA{0, 90, 156, 255}
	green = color.RGBA{0, 122, 92, 255}
	amber = color.RGBA{240, 173, 30, 255}
	grey  = color.RGBA{118, 118, 118, 255}
)

// Drawing is a picture. The origin is the upper left corner.
type Drawing struct {
	Width, Height int // in pixels of a screen at its plain size, 96 to an inch
	shapes        []shape
	fonts         *fonts
}

// point is a place in the drawing.
type point struct{ x, y float64 }

// shape is a filled polygon, or a line of text.
type shape struct {
	color   color.RGBA
	corners []point
	text    string
	at      point
	size    float64
	bold    bool
}

type fonts struct{ plain, bold *sfnt.Font }

// newDrawing is an empty drawing. Its height grows with what is put into it.
func newDrawing(width int) (*Drawing, error) {
	plain, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	bold, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	return &Drawing{Width: width, fonts: &fonts{plain, bold}}, nil
}

func (d *Drawing) polygon(c color.RGBA, corners ...point) {
	d.shapes = append(d.shapes, shape{color: c, corners: corners})
}

func (d *Drawing) box(c color.RGBA, x, y, w, h float64) {
	d.polygon(c, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

// frame is the outline of a box.
func (d *Drawing) frame(c color.RGBA, x, y, w, h, thick float64) {
	d.box(c, x, y, w, thick)
	d.box(c, x, y+h-thick, w, thick)
	d.box(c, x, y, thick, h)
	d.box(c, x+w-thick, y, thick, h)
}

// How text stands at its place.
const (
	left = iota
	middle
	right
)

// write puts a line of text with its baseline at y.
func (d *Drawing) write(s string, x, y, size float64, bold bool, c color.RGBA, align int) {
	switch width := d.measure(s, size, bold); align {
	case middle:
		x -= width / 2
	case right:
		x -= width
	}
	d.shapes = append(d.shapes, shape{color: c, text: s, at: point{x, y}, size: size, bold: bold})
}

func (f *fonts) of(bold bool) *sfnt.Font {
	if bold {
		return f.bold
	}
	return f.plain
}

// measure is the width of a line of text. What the font has no letter for takes
// the room of a wide one.
func (d *Drawing) measure(s string, size float64, bold bool) float64 {
	face := d.fonts.of(bold)
	var buf sfnt.Buffer
	width := 0.0
	for _, r := range s {
		i, err := face.GlyphIndex(&buf, r)
		if err != nil || i == 0 {
			width += size
			continue
		}
		advance, err := face.GlyphAdvance(&buf, i, fixed.Int26_6(size*64), font.HintingNone)
		if err != nil {
			continue
		}
		width += float64(advance) / 64
	}
	return width
}

// wrap cuts text into lines no wider than width, between words where it can, and
// the last of so many lines short.
func (d *Drawing) wrap(s string, size float64, bold bool, width float64, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for d.measure(word, size, bold) > width {
			cut := d.fitting(word, size, bold, width-d.measure("-", size, bold))
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, word[:cut]+"-"), word[cut:]
		}
		if next := strings.TrimSpace(line + " " + word); d.measure(next, size, bold) <= width {
			line = next
			continue
		}
		lines, line = append(lines, line), word
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > most {
		lines = lines[:most]
		last := lines[most-1]
		lines[most-1] = strings.TrimRight(last[:d.fitting(last, size, bold, width-d.measure("…", size, bold))], " -,.") + "…"
	}
	return lines
}

// fitting is how many bytes of the text fit into the width, at least one
// character's.
func (d *Drawing) fitting(s string, size float64, bold bool, width float64) int {
	for i, r := range s {
		if end := i + len(string(r)); i > 0 && d.measure(s[:end], size, bold) > width {
			return i
		}
	}
	return len(s)
}

// SVG is the drawing for a page: as wide as there is room for, and known to
// those who do not see it by its alternative text.
func (d *Drawing) SVG(alternative string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="Arial, Liberation Sans, Helvetica, sans-serif"><title>%s</title>`,
		d.Width, d.Height, d.Width, d.Height, escape(alternative))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="%s"/>`, d.Width, d.Height, hex(paper))
	for _, s := range d.shapes {
		if s.corners == nil {
			weight := ""
			if s.bold {
				weight = ` font-weight="bold"`
			}
			fmt.Fprintf(&b, `<text x="%s" y="%s" font-size="%s"%s fill="%s">%s</text>`, short(s.at.x), short(s.at.y), short(s.size), weight, hex(s.color), escape(s.text))
			continue
		}
		b.WriteString(`<path d="`)
		for i, p := range s.corners {
			fmt.Fprintf(&b, "%c%s %s", "ML"[min(i, 1)], short(p.x), short(p.y))
		}
		fmt.Fprintf(&b, `Z" fill="%s"/>`, hex(s.color))
	}
	b.WriteString("</svg>")
	return b.String()
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func short(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.1f", v), "0"), ".")
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder never fails.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// PNG is the drawing in pixels, so many times finer than its size.
func (d *Drawing) PNG(scale int) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, d.Width*scale, d.Height*scale))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for _, s := range d.shapes {
		if s.corners == nil {
			if err := d.letters(img, s, float64(scale)); err != nil {
				return nil, err
			}
			continue
		}
		fill(img, s, float32(scale))
	}
	var out bytes.Buffer
	if err := png.Encode(&out, flat(img)); err != nil {
		return nil, fmt.Errorf("write picture: %w", err)
	}
	return out.Bytes(), nil
}

// fill paints a polygon.
func fill(img *image.RGBA, s shape, scale float32) {
	low, high := s.corners[0], s.corners[0]
	for _, p := range s.corners {
		low, high = point{min(low.x, p.x), min(low.y, p.y)}, point{max(high.x, p.x), max(high.y, p.y)}
	}
	area := image.Rect(int(low.x)*int(scale), int(low.y)*int(scale), int(high.x+1)*int(scale), int(high.y+1)*int(scale)).Intersect(img.Bounds())
	if area.Empty() {
		return
	}
	z := vector.NewRasterizer(area.Dx(), area.Dy())
	for i, p := range s.corners {
		x, y := float32(p.x)*scale-float32(area.Min.X), float32(p.y)*scale-float32(area.Min.Y)
		if i == 0 {
			z.MoveTo(x, y)
		} else {
			z.LineTo(x, y)
		}
	}
	z.ClosePath()
	z.Draw(img, area, image.NewUniform(s.color), image.Point{})
}

// letters paints a line of text. Characters that the font does not have, such as
// emoji, are left out; the alternative text and the SVG have them.
func (d *Drawing) letters(img *image.RGBA, s shape, scale float64) error {
	known := d.fonts.of(s.bold)
	face, err := opentype.NewFace(known, &opentype.FaceOptions{Size: s.size * scale, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return fmt.Errorf("read font: %w", err)
	}
	var buf sfnt.Buffer
	text := strings.Map(func(r rune) rune {
		if i, err := known.GlyphIndex(&buf, r); err != nil || i == 0 {
			return -1
		}
		return r
	}, s.text)
	(&font.Drawer{Dst: img, Src: image.NewUniform(s.color), Face: face,
		Dot: fixed.Point26_6{X: fixed.Int26_6(s.at.x * scale * 64), Y: fixed.Int26_6(s.at.y * scale * 64)}}).DrawString(text)
	return face.Close()
}

// flat puts the picture into a palette of 16 shades each of red, green and blue,
// of which it needs a few: written four times faster, and a third as large.
func flat(img *image.RGBA) image.Image {
	shade := func(v uint8) uint8 { return uint8((int(v)*15+127)/255) * 17 }
	var colours color.Palette
	known := map[color.RGBA]uint8{}
	out := image.NewPaletted(img.Rect, nil)
	var last [4]uint8
	var index uint8
	for at := range out.Pix {
		// Stride is the width in both: neither picture is part of another.
		if p := [4]uint8(img.Pix[4*at : 4*at+4]); p != last {
			c := color.RGBA{shade(p[0]), shade(p[1]), shade(p[2]), 255}
			i, ok := known[c]
			if !ok {
				if len(colours) == 256 {
					return img
				}
				i = uint8(len(colours))
				colours, known[c] = append(colours, c), i
			}
			last, index = p, i
		}
		out.Pix[at] = index
	}
	out.Palette = colours
	return out
}

// disc is a circle, as near as twenty-four corners come.
func (d *Drawing) disc(c color.RGBA, at point, radius float64) {
	var corners []point
	for i := range 24 {
		sin, cos := math.Sincos(float64(i) / 12 * math.Pi)
		corners = append(corners, point{at.x + radius*cos, at.y + radius*sin})
	}
	d.polygon(c, corners...)
}
