package metrics

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options say what is shown.
type Options struct {
	State    func() State // the latest; called for every request
	Now      func() time.Time
	Version  string
	Revision string // of the source; may be empty
}

// Handler answers /healthz (the process is alive and looks after itself),
// /readyz (it does all of its work) and /metrics (Prometheus). The first two
// answer 200 or 503 with a line in words.
func Handler(o Options) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(o.State, o.Now), buildInfo(o.Version, o.Revision),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		why := ""
		if age(o.Now(), o.State().At) > lookLimit {
			why = "the bot hangs"
		}
		answer(w, why)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, o.State().Unready(o.Now()))
	})
	return mux
}

// answer says that all is well, or why it is not.
func answer(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if why == "" {
		_, _ = io.WriteString(w, "ok\n")
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintln(w, why)
}
