package cli_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// roads are a network on which every answer takes its time. They count how many
// waits follow one another: a request waits behind all that was answered before it
// was sent, and beside what was not.
type roads struct {
	delay time.Duration

	mu    sync.Mutex
	waits int // the longest chain of those that are over
	trips int // all of them
}

// begin sends something that takes some trips there and back, one after the other;
// what it gives is called when the last answer is there.
func (r *roads) begin(trips int) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	chain := r.waits + trips
	r.trips += trips
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.waits = max(r.waits, chain)
	}
}

// wait is such trips on this network.
func (r *roads) wait(trips int) {
	end := r.begin(trips)
	time.Sleep(time.Duration(trips) * r.delay)
	end()
}

// count is how long the longest chain is now, and how many waits there were.
func (r *roads) count() (chain, all int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waits, r.trips
}

// to lets the answers of a host take their time.
func (r *roads) to(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.wait(1)
		h.ServeHTTP(w, request)
	})
}

// proxy is one in front of a world's proxy where the tunnel to a host takes as long
// as a connection does without proxy: one trip for TCP, and one for TLS.
func (r *roads) proxy(t testing.TB, world string) string {
	t.Helper()
	behind, err := url.Parse(world)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go r.tunnel(near, behind.Host)
		}
	}()
	return "http://" + listener.Addr().String()
}

func (r *roads) tunnel(near net.Conn, to string) {
	defer near.Close()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	early := bufio.NewReader(near)
	request, err := http.ReadRequest(early)
	if err != nil {
		return
	}
	r.wait(2)
	if request.Write(far) != nil {
		return
	}
	go func() {
		io.Copy(far, early)
		far.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(near, far)
}

func TestRoadsCountWhatFollowsOneAnother(t *testing.T) {
	var r roads
	first, beside := r.begin(1), r.begin(1)
	first()
	after := r.begin(2)
	beside()
	after()
	if chain, all := r.count(); chain != 3 || all != 4 {
		t.Errorf("%d in a row of %d, want 3 of 4", chain, all)
	}
}
