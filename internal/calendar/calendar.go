// Package calendar writes calendar files (iCalendar, RFC 5545). It is pure: it
// knows nothing of rooms, storage or the clock.
package calendar

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
)

// Type is the MIME type of a calendar file.
const Type = "text/calendar"

// product identifies who made the file (RFC 5545, 3.7.3).
const product = "-//blnbot//calendar//SV"

// Event is one event of a calendar file.
type Event struct {
	// UID identifies the event for ever; Sequence counts its changes from 0, so
	// that a calendar knows which of two files is the newer.
	UID      string
	Sequence int
	// Start and End are instants. They are written in UTC, which every
	// calendar shows in its owner's zone.
	Start, End time.Time
	Title      string
	Text       string // may be empty
	Place      string // may be empty
	Link       string // may be empty
	// Free says that one is not busy during the event, as while a conversation
	// is open for days.
	Free      bool
	Cancelled bool
}

// File writes the events, made at now. The file names no method (RFC 5545,
// 3.7.2): methods are for invitations, which need an organiser's e-mail address.
// A calendar takes a file with a known UID and a higher sequence for the newer
// form of the event all the same.
func File(now time.Time, events ...Event) ([]byte, error) {
	cal := ics.NewCalendarFor(product)
	cal.SetProductId(product)
	for _, e := range events {
		add(cal, now, e)
	}
	var out bytes.Buffer
	if err := cal.SerializeTo(&out, ics.WithNewLineWindows); err != nil {
		return nil, fmt.Errorf("write calendar: %w", err)
	}
	return out.Bytes(), nil
}

func add(cal *ics.Calendar, now time.Time, e Event) {
	v := cal.AddEvent(e.UID)
	v.SetDtStampTime(now)
	v.SetSequence(e.Sequence)
	v.SetStartAt(e.Start)
	v.SetEndAt(e.End)
	v.SetSummary(clean(e.Title))
	if e.Text != "" {
		v.SetDescription(clean(e.Text))
	}
	if e.Place != "" {
		v.SetLocation(clean(e.Place))
	}
	if e.Link != "" {
		v.SetURL(clean(e.Link))
	}
	if e.Free {
		v.SetTimeTransparency(ics.TransparencyTransparent)
	}
	status := ics.ObjectStatusConfirmed
	if e.Cancelled {
		status = ics.ObjectStatusCancelled
	}
	v.SetStatus(status)
}

// clean takes out control characters other than line breaks: a text value may
// not hold them (RFC 5545, 3.1).
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}
