package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	width    = 104 // of the transcript
	nameWide = 17  // of the column with names
	textFrom = 10 + nameWide + 3
)

// chat prints several rooms at once in such a way that each can be read: one of
// them has the floor and is printed as it happens, what is written in the others
// meanwhile waits. The floor passes on at headings.
type chat struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
	rooms  []*channel
	floor  *channel // who is printed at once
	shown  *channel // whose line was printed last
}

// channel is a room's part of the transcript.
type channel struct {
	chat    *chat
	name    string
	title   string // of its present part
	aside   bool   // never has the floor: it is printed at each change
	waiting []string
	// last is a message that is not printed yet, since the bot's receipt may
	// follow, which goes on the same line.
	last   string
	lastID string
}

func (c *chat) channel(name string, aside bool) *channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := &channel{chat: c, name: name, aside: aside}
	c.rooms = append(c.rooms, ch)
	if c.floor == nil && !aside {
		c.floor = ch
	}
	return ch
}

// message adds a message.
func (ch *channel) message(id, text string) {
	ch.chat.mu.Lock()
	defer ch.chat.mu.Unlock()
	ch.flush()
	ch.last, ch.lastID = text, id
}

// mark adds an emoji to the end of the room's last message, and reports false
// if that is another one.
func (ch *channel) mark(id, emoji string) bool {
	ch.chat.mu.Lock()
	defer ch.chat.mu.Unlock()
	if ch.lastID != id || ch.last == "" {
		return false
	}
	ch.last += "  " + emoji
	return true
}

// line adds something that happened to a message; text is told whether that was
// the room's last one.
func (ch *channel) line(id string, text func(last bool) string) {
	ch.chat.mu.Lock()
	defer ch.chat.mu.Unlock()
	last := ch.lastID == id
	ch.flush()
	ch.put(text(last))
	if last {
		ch.lastID = id
	}
}

// take gives the room the floor, for good.
func (ch *channel) take(title string) {
	c := ch.chat
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.rooms {
		other.flush()
		c.drain(other)
	}
	c.floor, c.shown, ch.title = ch, nil, title
}

// heading begins a new part and lets the others have the floor first.
func (ch *channel) heading(title string) {
	c := ch.chat
	c.mu.Lock()
	defer c.mu.Unlock()
	ch.flush()
	c.pass(ch)
	ch.title = title
	if ch == c.floor {
		c.shown = nil // so that the heading is printed with the next line
		return
	}
	ch.waiting = append(ch.waiting, "\x00"+title)
}

// close prints what is left, of all rooms.
func (c *chat) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ch := range append([]*channel{c.floor}, c.rooms...) {
		ch.flush()
		c.drain(ch)
	}
}

// flush puts the message that waited for its receipt. c.mu is held.
func (ch *channel) flush() {
	text := ch.last
	ch.last, ch.lastID = "", ""
	if text != "" {
		ch.put(text)
	}
}

func (ch *channel) put(text string) {
	if ch.chat.floor != ch {
		ch.waiting = append(ch.waiting, text)
		return
	}
	ch.chat.drain(ch)
	ch.chat.print(ch, text)
}

// pass gives the floor to the next room that has something to say.
func (c *chat) pass(from *channel) {
	if c.floor != from {
		return
	}
	at := 0
	for i, ch := range c.rooms {
		if ch.aside {
			ch.flush()
			c.drain(ch)
		}
		if ch == from {
			at = i
		}
	}
	for i := 1; i <= len(c.rooms); i++ {
		next := c.rooms[(at+i)%len(c.rooms)]
		if !next.aside && (len(next.waiting) > 0 || next == from) {
			c.floor = next
			c.drain(next)
			return
		}
	}
}

// drain prints what waited.
func (c *chat) drain(ch *channel) {
	for _, text := range ch.waiting {
		if title, ok := strings.CutPrefix(text, "\x00"); ok {
			ch.title = title
			c.shown = nil
			continue
		}
		c.print(ch, text)
	}
	ch.waiting = nil
}

func (c *chat) print(ch *channel, text string) {
	if c.shown != ch {
		head := "── " + ch.name
		if ch.title != "" {
			head += " · " + ch.title
		}
		fmt.Fprintf(c.out, "\n%s\n", c.paint("1", head+" "+strings.Repeat("─", max(0, width-1-utf8.RuneCountInString(head)))))
		c.shown = ch
	}
	fmt.Fprintln(c.out, text)
}

// paint colours a text (ECMA-48 SGR) where the output is a terminal.
func (c *chat) paint(code, text string) string {
	if !c.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// layout is a message as lines of the transcript.
func (c *chat) layout(at time.Time, who string, bot, thread bool, text string) string {
	bar, code := "│ ", "32"
	if bot {
		bar, code = "▌ ", "36"
	}
	indent := ""
	if thread {
		indent = "   "
	}
	lines := wrap(text, width-textFrom-len(indent))
	var b strings.Builder
	for i, line := range lines {
		left := strings.Repeat(" ", 10+nameWide+1)
		if i == 0 {
			left = c.paint("2", at.Format("15:04:05")) + "  " + c.paint(code, pad(who, nameWide)) + " "
		} else {
			b.WriteString("\n")
		}
		b.WriteString(left + indent + c.paint(code, bar) + line)
	}
	return b.String()
}

// small is a line below a message.
func (c *chat) small(thread bool, text string) string {
	indent := strings.Repeat(" ", textFrom-2)
	if thread {
		indent += "   "
	}
	var lines []string
	for i, line := range wrap(text, width-len(indent)-2) {
		if i > 0 {
			line = "  " + line
		}
		lines = append(lines, indent+c.paint("2", line))
	}
	return strings.Join(lines, "\n")
}

// pad makes a name as wide as its column; long names lose their end.
func pad(name string, n int) string {
	r := []rune(name)
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return name + strings.Repeat(" ", n-len(r))
}

// clip is the beginning of a text, on one line.
func clip(text string, n int) string {
	return strings.TrimRight(pad(strings.Join(strings.Fields(text), " "), n), " ")
}

// wrap breaks a text into lines of at most n characters, between words.
func wrap(text string, n int) []string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		hang := ""
		if strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") {
			hang = "  "
		}
		now := ""
		for _, word := range strings.Fields(line) {
			if now != "" && utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) > n {
				out = append(out, now)
				now = hang + word
				continue
			}
			if now != "" {
				now += " "
			}
			now += word
		}
		if now != "" || len(out) == 0 || out[len(out)-1] != "" {
			out = append(out, now)
		}
	}
	return out
}
