package homeserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault says what the proxy does with one request. The zero Fault passes it
// on. Fields are applied in the order in which they are listed.
type Fault struct {
	// Delay is how long the request is held back first.
	Delay time.Duration
	// Refuse closes the connection; the server never sees the request.
	Refuse bool
	// Late closes the connection, too, and hands the request to the server after
	// that time all the same: one that the network, or the server, has been slow with.
	Late time.Duration
	// Status is answered in the server's place, with Body if there is one,
	// else with an error in Matrix' form. The server never sees the request.
	Status int
	Body   []byte
	// How long to wait goes with Status 429: RetryHeader into the header (whole
	// seconds, rounded up), RetryBody as retry_after_ms into the body.
	RetryHeader time.Duration
	RetryBody   time.Duration
	// Replay answers a sync with the previous sync answer to the same access
	// token once more, if there was one.
	Replay bool
	// Rewrite changes the body of the server's answer.
	Rewrite func(body []byte) []byte
	// Cut lets the server handle the request, and closes the connection after
	// the first CutAfter bytes of the answer's body.
	Cut      bool
	CutAfter int
}

// Proxy stands on the loopback interface between a client and a server and
// misbehaves as told.
type Proxy struct {
	url    string
	target *url.URL
	server *http.Server
	served chan struct{} // closed when the server has stopped serving

	mu     sync.Mutex
	hook   func(*http.Request) Fault
	conns  map[net.Conn]bool
	answer map[string]recorded // last sync answer by access token

	late   sync.WaitGroup // requests that are yet to be handed on
	closed chan struct{}
}

// recorded is an answer of the server.
type recorded struct {
	header http.Header
	body   []byte
}

// NewProxy starts a proxy before the server with the base URL target. Close it.
func NewProxy(ctx context.Context, target string) (*Proxy, error) {
	base, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p := &Proxy{
		url:    "http://" + listener.Addr().String(),
		target: base,
		served: make(chan struct{}),
		conns:  map[net.Conn]bool{},
		answer: map[string]recorded{},
		closed: make(chan struct{}),
	}
	p.server = &http.Server{Handler: p, ConnState: p.track, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(listener) // always ErrServerClosed, after Close
	}()
	return p, nil
}

// URL is the base URL for clients.
func (p *Proxy) URL() string { return p.url }

// OnRequest sets the function that decides about requests from now on; nil
// passes them all. It is called by several goroutines at the same time, and
// must leave the request's body alone.
func (p *Proxy) OnRequest(hook func(*http.Request) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = hook
}

// CutAll closes all connections of clients, those with a request under way
// included.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// Close stops the proxy and closes all connections. Late requests are dropped.
func (p *Proxy) Close() error {
	err := p.server.Close()
	<-p.served
	close(p.closed)
	p.late.Wait()
	return err
}

// IsSync reports whether the request is a client's GET /sync.
func IsSync(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/_matrix/client/") && strings.HasSuffix(r.URL.Path, "/sync")
}

// IsSend reports whether the request sends a message or reaction into a room.
func IsSend(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/rooms/") && strings.Contains(r.URL.Path, "/send/")
}

// ServeHTTP handles one request of a client.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := p.decide(r)
	if fault.Delay > 0 {
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	switch last, ok := p.lastAnswer(r); {
	case fault.Refuse:
		panic(http.ErrAbortHandler) // the documented way to drop a connection
	case fault.Late > 0:
		p.handOver(r, fault.Late)
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		answerFault(w, fault)
	case fault.Replay && ok:
		w.Header().Set("Content-Type", last.header.Get("Content-Type"))
		_, _ = w.Write(last.body) // a client that is gone needs no answer
	default:
		p.forward(fault).ServeHTTP(w, r)
	}
}

// handOver hands a request to the server after a time, for nobody. What has not
// come whole is dropped, and what the server takes a minute for.
func (p *Proxy) handOver(r *http.Request, after time.Duration) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	ctx := context.WithoutCancel(r.Context())
	method, to, header := r.Method, p.target.JoinPath(r.URL.EscapedPath()), r.Header.Clone()
	to.RawQuery = r.URL.RawQuery
	p.late.Go(func() {
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.closed:
			return
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
		if err != nil {
			return
		}
		req.Header = header
		if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
			_ = resp.Body.Close()
		}
	})
}

// WaitLate returns when the server has answered all late requests.
func (p *Proxy) WaitLate() { p.late.Wait() }

func (p *Proxy) decide(r *http.Request) Fault {
	p.mu.Lock()
	hook := p.hook
	p.mu.Unlock()
	if hook == nil {
		return Fault{}
	}
	return hook(r)
}

// errCut makes the reverse proxy give up an answer.
var errCut = errors.New("cut by the proxy")

// forward passes requests on to the server. If the server cannot be reached,
// the client's connection is closed, as if it had called the server itself.
func (p *Proxy) forward(fault Fault) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.target)
			r.Out.Header.Del("Accept-Encoding") // bodies are looked into
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // faults are on purpose
		ModifyResponse: func(resp *http.Response) error {
			if err := p.record(resp); err != nil {
				return err
			}
			if fault.Rewrite != nil {
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					return err
				}
				setBody(resp, fault.Rewrite(body))
			}
			if fault.Cut && fault.CutAfter <= 0 {
				return errCut
			}
			if fault.Cut {
				resp.Body = &cutBody{ReadCloser: resp.Body, left: fault.CutAfter}
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
}

// record remembers answers to syncs for Fault.Replay.
func (p *Proxy) record(resp *http.Response) error {
	if !IsSync(resp.Request) || resp.StatusCode != http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	setBody(resp, body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer[resp.Request.Header.Get("Authorization")] = recorded{header: resp.Header.Clone(), body: body}
	return nil
}

func (p *Proxy) lastAnswer(r *http.Request) (recorded, bool) {
	if !IsSync(r) {
		return recorded{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.answer[r.Header.Get("Authorization")]
	return last, ok
}

// track keeps the open connections for CutAll.
func (p *Proxy) track(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.conns[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(p.conns, conn)
	}
}

func setBody(resp *http.Response, body []byte) {
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
}

// answerFault answers with fault.Status in Matrix' standard form for errors
// (spec, client-server API, "Standard error response").
func answerFault(w http.ResponseWriter, fault Fault) {
	answer := map[string]any{"errcode": "M_UNKNOWN", "error": "fault injected by the proxy"}
	if fault.Status == http.StatusTooManyRequests {
		answer["errcode"] = "M_LIMIT_EXCEEDED"
	}
	if fault.RetryHeader > 0 {
		seconds := int(math.Ceil(fault.RetryHeader.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	if fault.RetryBody > 0 {
		answer["retry_after_ms"] = fault.RetryBody.Milliseconds()
	}
	body := fault.Body
	if body == nil {
		body, _ = json.Marshal(answer) // strings and a number always encode
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(fault.Status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// cutBody is a body that breaks off.
type cutBody struct {
	io.ReadCloser
	left int
}

func (c *cutBody) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errCut
	}
	n, err := c.ReadCloser.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}
