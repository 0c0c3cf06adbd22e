package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

var weeksAndDays = regexp.MustCompile(`^(?:(\d{1,4})w)?(?:(\d{1,4})d)?(\d.*)?$`)

// ParseDuration reads a length of time such as 2w, 5d, 1d12h, 24h or 30s:
// Go's durations with weeks and days (of 24 hours) in front.
func ParseDuration(s string) (time.Duration, error) {
	m := weeksAndDays.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, fmt.Errorf("%s is not a length of time", quote(s))
	}
	if _, err := strconv.Atoi(s); err == nil && s != "0" {
		return 0, fmt.Errorf("%s has no unit (w, d, h, m or s)", quote(s))
	}
	weeks, _ := strconv.Atoi("0" + m[1])
	days, _ := strconv.Atoi("0" + m[2])
	d := time.Duration(weeks)*week + time.Duration(days)*day
	if m[3] != "" {
		rest, err := time.ParseDuration(m[3])
		if err != nil {
			return 0, fmt.Errorf("%s is not a length of time", quote(s))
		}
		if d+rest < d {
			return 0, errors.New("the length of time is too large")
		}
		d += rest
	}
	return d, nil
}

// FormatDuration writes a length of time the way ParseDuration reads it.
func FormatDuration(d time.Duration) string {
	days := ""
	if d >= day {
		days = fmt.Sprintf("%dd", d/day)
		if d %= day; d == 0 {
			return days
		}
	}
	rest := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(rest, zero) {
			rest = rest[:len(rest)-2]
		}
	}
	return days + rest
}
