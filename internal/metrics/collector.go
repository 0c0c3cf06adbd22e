package metrics

import (
	"math"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauge is one metric: its labels' values come with the numbers.
type gauge struct {
	desc *prometheus.Desc
	read func(s State, now time.Time) float64
}

// table is a metric with one label whose values are known beforehand, so that
// a series does not come and go.
type table struct {
	desc   *prometheus.Desc
	values []string
	read   func(s State) map[string]int
}

// collector makes metrics of the state.
type collector struct {
	state  func() State
	now    func() time.Time
	gauges []gauge
	tables []table
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("blnbot_"+name, help, labels, nil)
}

func newCollector(state func() State, now func() time.Time) *collector {
	since := func(now, t time.Time, none float64) float64 {
		if t.IsZero() {
			return none
		}
		return age(now, t).Seconds()
	}
	return &collector{state: state, now: now,
		gauges: []gauge{
			{desc("ready", "1 if the bot does all of its work."), func(s State, now time.Time) float64 { return flag(s.Unready(now) == "") }},
			{desc("stalled", "1 if the bot gets nowhere and had better be started anew."), func(s State, now time.Time) float64 { return flag(s.Stalled(now) != "") }},
			{desc("cross_signed", "1 if the bot's device is cross-signed by its account."), func(s State, _ time.Time) float64 { return flag(s.CrossSigned) }},
			{desc("database_writable", "1 if the database can be read and written."), func(s State, _ time.Time) float64 { return flag(s.Trouble == "") }},
			{desc("database_size_bytes", "Size of the database and its log."), func(s State, _ time.Time) float64 { return float64(s.Size) }},
			{desc("last_look_age_seconds", "Time since these numbers were counted."), func(s State, now time.Time) float64 { return since(now, s.At, math.Inf(1)) }},
			{desc("last_sync_age_seconds", "Time since an answer of the homeserver was stored."), func(s State, now time.Time) float64 { return since(now, s.Synced, math.Inf(1)) }},
			{desc("oldest_pending_post_age_seconds", "How long the oldest post that waits has been waiting; 0 if none waits."), func(s State, now time.Time) float64 { return since(now, s.Oldest, 0) }},
		},
		tables: []table{
			{desc("inbox_events", "Events that came in and are not handled.", "state"), []string{"new", "wait_key", "fetch", "dead"}, func(s State) map[string]int { return s.Inbox }},
			{desc("posts", "Posts that wait, or could not be delivered.", "state"), []string{"pending", "failed"}, func(s State) map[string]int { return s.Posts }},
			{desc("gaps", "Stretches of a room's history that are missing.", "state"), []string{"open", "lost"}, func(s State) map[string]int { return s.Gaps }},
			{desc("meetings", "Meetings.", "state"), []string{"planned", "open", "closed", "shared", "missed"}, func(s State) map[string]int { return s.Meetings }},
			{desc("entries", "Entries in all minutes.", "state"), []string{"active", "removed", "withheld", "excluded", "unreadable"}, func(s State) map[string]int { return s.Entries }},
		},
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range c.gauges {
		ch <- g.desc
	}
	for _, t := range c.tables {
		ch <- t.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s, now := c.state(), c.now()
	for _, g := range c.gauges {
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.read(s, now))
	}
	for _, t := range c.tables {
		read := t.read(s)
		for _, v := range t.values {
			ch <- prometheus.MustNewConstMetric(t.desc, prometheus.GaugeValue, float64(read[v]), v)
		}
	}
}

// buildInfo is always 1; its labels say what runs.
func buildInfo(version, revision string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "blnbot_build_info", Help: "What runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	})
	g.Set(1)
	return g
}
