package testkit

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

// RegistryFailure is an answer that comes in the place of the right one.
type RegistryFailure struct {
	Method  string // "" is any
	Path    string // part of the path; "" is any
	Skip    int    // how many that match are answered rightly before
	Times   int    // how often; 0 is always
	Status  int
	Code    string // the protocol's error code; "" answers without a body
	Message string
	Header  http.Header // of the answer
	Body    string      // instead of code and message
	Reset   bool        // closes the connection in the middle of the body instead
	Done    bool        // does what was asked before it fails
	Cut     bool        // gives the first half of the right answer instead

	left int
}

// Fail adds a failure; of several that match, the first that is left comes first.
func (r *Registry) Fail(f RegistryFailure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.left = f.Times
	if f.Times == 0 {
		f.left = -1
	}
	r.failures = append(r.failures, &f)
}

// failure is the first that matches and is left; the caller holds the lock.
func (r *Registry) failure(request *http.Request) *RegistryFailure {
	for _, f := range r.failures {
		if f.left == 0 || f.Method != "" && f.Method != request.Method || !strings.Contains(request.URL.Path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return f
	}
	return nil
}

// serve answers wrongly; right is how the registry would answer.
func (f *RegistryFailure) serve(w http.ResponseWriter, request *http.Request, right http.Handler) {
	answer := httptest.NewRecorder()
	if f.Done || f.Cut {
		right.ServeHTTP(answer, request)
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	switch {
	case f.Cut:
		half(w, answer)
	case f.Reset:
		reset(w, request)
	case f.Body != "":
		w.WriteHeader(f.Status)
		io.WriteString(w, f.Body)
	default:
		refuse(w, f.Status, f.Code, f.Message)
	}
}

// half gives an answer whose body is shorter than its header says.
func half(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	whole := answer.Body.Len()
	w.Header().Set("Content-Length", strconv.Itoa(whole))
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Next(whole / 2))
}

// refuse answers in the protocol's envelope.
func refuse(w http.ResponseWriter, status int, code, message string) {
	refuseWith(w, status, code, message, nil)
}

func refuseWith(w http.ResponseWriter, status int, code, message string, detail any) {
	if code == "" {
		w.WriteHeader(status)
		return
	}
	type one struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Detail  any    `json:"detail,omitempty"`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string][]one{"errors": {{code, message, detail}}})
}

// reset reads a little and then breaks the connection, so that the client sees
// ECONNRESET or EPIPE.
func reset(w http.ResponseWriter, request *http.Request) {
	io.CopyN(io.Discard, request.Body, 1<<10)
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	for below := connection; below != nil; { // TLS, or a tunnel
		if tcp, ok := below.(*net.TCPConn); ok {
			tcp.SetLinger(0)
			tcp.Close()
			return
		}
		layer, ok := below.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		below = layer.NetConn()
	}
	connection.Close()
}
