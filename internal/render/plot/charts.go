package plot

import (
	"fmt"
	"image/color"
)

// Bar is a number with its name.
type Bar struct {
	Label string
	Value int
}

const (
	width = 480
	edge  = 12.0
	size  = 16.0 // of type
	line  = 21.0 // from baseline to baseline
	digit = 14.0 // of type, for numbers and what they number
)

// Bars draws a bar for each number below its name, which may be long: a phone
// has more room downwards. Longest is what the longest bar stands for; 0 for the
// largest of the numbers.
func Bars(bars []Bar, longest int) (*Drawing, error) {
	d, err := newDrawing(width)
	if err != nil {
		return nil, err
	}
	for _, b := range bars {
		longest = max(longest, b.Value)
	}
	y := edge
	for _, b := range bars {
		for _, text := range d.wrap(b.Label, size, false, width-2*edge, 3) {
			d.write(text, edge, y+size, size, false, ink, left)
			y += line
		}
		y += 5
		length := 0.0
		if longest > 0 {
			length = float64(max(b.Value, 0)) / float64(longest) * (width - 2*edge - 48)
		}
		d.box(faint, edge, y, 2, 20) // where the bars begin, so that none can be seen too
		d.box(blue, edge, y, max(length, 2), 20)
		d.write(fmt.Sprint(b.Value), edge+max(length, 2)+8, y+16, size, true, ink, left)
		y += 20 + 14
	}
	d.Height = int(y)
	return d, nil
}

// Columns draws, for each row, a bar for every column, all in the same scale,
// with the numbers above them. The caption says what the columns are.
func Columns(caption string, columns []string, rows []Row) (*Drawing, error) {
	d, err := newDrawing(width)
	if err != nil {
		return nil, err
	}
	most := 1
	for _, r := range rows {
		for _, v := range r.Values {
			most = max(most, v)
		}
	}
	const tall = 42.0
	begin := edge + d.measure(caption, digit, false) + 8
	step := (width - edge - begin) / float64(max(len(columns), 1))
	wide := min(step*0.7, 44)
	digits := min(digit, step*0.62)
	y := edge
	for _, r := range rows {
		for _, text := range d.wrap(r.Label, size, true, width-2*edge, 2) {
			d.write(text, edge, y+size, size, true, ink, left)
			y += line
		}
		y += 18
		for i, v := range r.Values {
			x := begin + step*(float64(i)+0.5)
			high := tall * float64(v) / float64(most)
			if v > 0 {
				d.box(blue, x-wide/2, y+tall-high, wide, high)
			}
			d.write(fmt.Sprint(v), x, y+tall-high-4, digits, true, ink, middle)
		}
		d.box(faint, edge, y+tall, width-2*edge, 1.5)
		d.write(caption, edge, y+tall+18, digit, false, faint, left)
		for i, name := range columns {
			d.write(name, begin+step*(float64(i)+0.5), y+tall+18, digits, false, faint, middle)
		}
		y += tall + 36
	}
	d.Height = int(y)
	return d, nil
}

// Row is a name with its numbers, one for each column.
type Row struct {
	Label  string
	Values []int
}

// Sign is what a field of a grid shows.
type Sign int

// The signs, each with a colour and a shape of its own.
const (
	Nothing Sign = iota // an empty frame
	Done                // green, a tick
	Going               // amber, a disc
	Waiting             // amber, three dots
	Missed              // grey, a cross
)

// Line is a row of a grid: a name and its fields.
type Line struct {
	Label string
	Signs []Sign
}

// Legend says what a sign means.
type Legend struct {
	Sign Sign
	Text string
}

// Grid draws a field for each row and column. The caption says what the columns
// are.
func Grid(caption string, columns []string, lines []Line, legend []Legend) (*Drawing, error) {
	d, err := newDrawing(width)
	if err != nil {
		return nil, err
	}
	step := min(40.0, 300/float64(max(len(columns), 1)))
	begin := width - edge - step*float64(len(columns))
	names := begin - edge - 10
	d.write(caption, begin-8, edge+size, digit, false, faint, right)
	for i, name := range columns {
		d.write(name, begin+step*(float64(i)+0.5), edge+size, min(size-1, step*0.6), true, ink, middle)
	}
	y := edge + line + 6
	for _, l := range lines {
		label := d.wrap(l.Label, size, false, names, 2)
		high := max(float64(len(label))*line+6, 32)
		for i, text := range label {
			d.write(text, edge, y+high/2+size*0.36+(float64(i)-float64(len(label)-1)/2)*line, size, false, ink, left)
		}
		for i, s := range l.Signs {
			side := min(step, 32) - 4
			d.sign(s, begin+step*(float64(i)+0.5)-side/2, y+high/2-side/2, side)
		}
		y += high
		d.box(rule, edge, y-0.5, width-2*edge, 1)
	}
	y += 14
	for _, l := range legend {
		d.sign(l.Sign, edge, y, 24)
		d.write(l.Text, edge+34, y+18, size, false, ink, left)
		y += 31
	}
	d.Height = int(y + edge/2)
	return d, nil
}

// sign draws a field with its sign.
func (d *Drawing) sign(s Sign, x, y, side float64) {
	fill, mark := map[Sign]color.RGBA{Done: green, Going: amber, Waiting: amber, Missed: grey}[s], paper
	if s == Going || s == Waiting {
		mark = ink
	}
	if s == Nothing {
		d.frame(grey, x, y, side, side, 1.5)
		return
	}
	d.box(fill, x, y, side, side)
	at := func(px, py float64) point { return point{x + px*side, y + py*side} }
	stroke := func(ax, ay, bx, by float64) {
		const half = 0.055 // of a stroke that rises or falls at an angle
		d.polygon(mark, at(ax-half, ay-half), at(ax+half, ay-half), at(bx+half, by-half), at(bx+half, by+half), at(bx-half, by+half), at(ax-half, ay+half))
	}
	rise := func(ax, ay, bx, by float64) {
		const half = 0.055
		d.polygon(mark, at(ax-half, ay-half), at(bx-half, by-half), at(bx+half, by-half), at(bx+half, by+half), at(ax+half, ay+half), at(ax-half, ay+half))
	}
	switch s {
	case Done:
		stroke(0.24, 0.52, 0.43, 0.72)
		rise(0.43, 0.72, 0.76, 0.3)
	case Missed:
		stroke(0.28, 0.28, 0.72, 0.72)
		rise(0.28, 0.72, 0.72, 0.28)
	case Going:
		d.disc(mark, at(0.5, 0.5), side*0.22)
	case Waiting:
		for _, px := range []float64{0.24, 0.5, 0.76} {
			d.disc(mark, at(px, 0.5), side*0.08)
		}
	}
}
