package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

// drawings are the charts with everyday numbers, and with impossible ones.
func drawings(t testing.TB) map[string]*Drawing {
	t.Helper()
	out := map[string]*Drawing{}
	keep := func(name string) func(*Drawing, error) {
		return func(d *Drawing, err error) {
			if err != nil {
				t.Fatal(err)
			}
			out[name] = d
		}
	}
	var many, long []string
	var values []int
	var lines []Line
	for i := range 30 {
		many, values = append(many, fmt.Sprint(i+1)), append(values, i*40)
		long = append(long, strings.Repeat("Samordningsförbundet ", i))
	}
	for i := range 65 {
		lines = append(lines, Line{Label: long[i%30], Signs: make([]Sign, 30)})
	}
	hostile := `<b>"&' ]]> | 👩‍👧 مرحبا ` + strings.Repeat("ö", 500)
	keep("bars")(Bars([]Bar{{"Anhöriga", 4}, {hostile, 0}, {"", -1}}, 9))
	keep("no bars")(Bars(nil, 0))
	keep("columns")(Columns("Möte", []string{"1", "2"}, []Row{{"Anhöriga", []int{4, 0}}, {hostile, []int{1, 2}}}))
	keep("thirty columns")(Columns("Möte", many, []Row{{"Anhöriga", values}}))
	keep("no columns")(Columns("Möte", nil, []Row{{"Anhöriga", nil}}))
	keep("grid")(Grid("Möte", []string{"1", "2", "3", "4", "5"}, []Line{{hostile, []Sign{Nothing, Done, Going, Waiting, Missed}}}, []Legend{{Done, "klart"}}))
	keep("large grid")(Grid("Möte", many, lines, nil))
	keep("no grid")(Grid("Möte", nil, nil, nil))
	return out
}

func TestDrawings(t *testing.T) {
	for name, d := range drawings(t) {
		t.Run(name, func(t *testing.T) {
			data, err := d.PNG(2)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if img.Bounds().Dx() != 2*d.Width || img.Bounds().Dy() != 2*d.Height || d.Height <= 0 {
				t.Errorf("the picture is %v, drawn on %d by %d", img.Bounds(), d.Width, d.Height)
			}
			for _, s := range d.shapes {
				if s.corners == nil && (s.at.x < 0 || s.at.x+d.measure(s.text, s.size, s.bold) > float64(d.Width)+1 || s.at.y > float64(d.Height)) {
					t.Errorf("%q is outside the picture", s.text)
				}
				for _, p := range s.corners {
					if math.IsNaN(p.x+p.y) || p.x < 0 || p.x > float64(d.Width) || p.y < 0 || p.y > float64(d.Height)+1 {
						t.Errorf("a corner is at %v", p)
					}
				}
			}
			checkSVG(t, d.SVG(`Diagram "<&>`))
		})
	}
}

func checkSVG(t *testing.T, svg string) {
	t.Helper()
	if want := `role="img"`; !strings.Contains(svg, want) {
		t.Errorf("no %s", want)
	}
	if want := "<title>Diagram &#34;&lt;&amp;&gt;</title>"; !strings.Contains(svg, want) {
		t.Errorf("no %s", want)
	}
	for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
}

// The numbers and names are in the picture as text.
func TestSVGSaysTheNumbers(t *testing.T) {
	d, err := Bars([]Bar{{"Anhöriga & vänner", 4}, {"Chefer", 12}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	svg := d.SVG("x")
	for _, want := range []string{">Anhöriga &amp; vänner</text>", ">4</text>", ">12</text>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}

// Without colour the signs are still five different ones.
func TestSignsHaveShapes(t *testing.T) {
	fill := regexp.MustCompile(`fill="[^"]*"`)
	seen := map[string]Sign{}
	for _, s := range []Sign{Nothing, Done, Going, Waiting, Missed} {
		d, err := newDrawing(40)
		if err != nil {
			t.Fatal(err)
		}
		d.Height = 40
		d.sign(s, 4, 4, 32)
		shape := fill.ReplaceAllString(d.SVG(""), "")
		if other, ok := seen[shape]; ok {
			t.Errorf("signs %d and %d differ in colour only", s, other)
		}
		seen[shape] = s
	}
}

// What must be told apart has a contrast of 3:1, text one of 4.5:1 (WCAG 2.1,
// 1.4.11 and 1.4.3). A sign stands on its field, the amber one in ink.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b color.RGBA
		want float64
	}{
		{"text", ink, paper, 7}, {"small text", faint, paper, 4.5}, {"bars", blue, paper, 3}, {"tick", paper, green, 3}, {"cross", paper, grey, 3},
		{"disc", ink, amber, 3}, {"frame", grey, paper, 3}, {"green field", green, paper, 3}, {"grey field", grey, paper, 3},
	} {
		if got := contrast(c.a, c.b); got < c.want {
			t.Errorf("%s: %.1f:1, want %.1f:1", c.name, got, c.want)
		}
	}
}

// contrast is defined by WCAG 2.1, "contrast ratio".
func contrast(a, b color.RGBA) float64 {
	luminance := func(c color.RGBA) float64 {
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
