package person

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// retryEvery is how long to wait where the server does not say.
const retryEvery = 100 * time.Millisecond

// patient sends requests again while the server says that there were too many,
// or does not listen. Then, and only then, is it certain that the server has
// not acted on the request; other failures are for the caller to judge.
type patient struct{ next *http.Transport }

// RoundTrip sends the request.
func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		resp, err := p.next.RoundTrip(req)
		wait, again := retryEvery, false
		var failed *net.OpError
		switch {
		case err != nil:
			again = errors.As(err, &failed) && failed.Op == "dial"
		case resp.StatusCode == http.StatusTooManyRequests:
			again = true
			if wait, err = retryAfter(resp); err != nil {
				return nil, err
			}
		}
		if !again || (req.Body != nil && req.GetBody == nil) {
			return resp, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-req.Context().Done():
			timer.Stop()
			return nil, req.Context().Err()
		}
		if req.GetBody != nil {
			req = req.Clone(req.Context())
			if req.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// CloseIdleConnections serves http.Client's method of that name.
func (p patient) CloseIdleConnections() { p.next.CloseIdleConnections() }

// retryAfter reads the waiting time, from the header or, in the older form,
// from the body, which can still be read afterwards.
func retryAfter(resp *http.Response) (time.Duration, error) {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return 0, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	var limit struct {
		Milliseconds int64 `json:"retry_after_ms"`
	}
	if json.Unmarshal(body, &limit) == nil && limit.Milliseconds > 0 {
		return time.Duration(limit.Milliseconds) * time.Millisecond, nil
	}
	return retryEvery, nil
}
