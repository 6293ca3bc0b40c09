package registry

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// repeatable gives a request's body a way to be sent more than once, whoever sends
// it again: go-containerregistry does after a token has expired, with a body that
// was read already.
func repeatable(request *http.Request) *http.Request {
	if request.Body == nil || request.Body == http.NoBody {
		return request
	}
	if _, done := request.Body.(*replay); done {
		return request
	}
	again := request.WithContext(request.Context()) // a transport leaves its request as it is
	again.Body = &replay{first: request.Body, open: request.GetBody}
	return again
}

// replay is a body of which every sending gets its own copy, from the beginning.
// The first is the one that is open already.
type replay struct {
	mu    sync.Mutex
	first io.ReadCloser // nil once it was taken
	open  func() (io.ReadCloser, error)
}

func (r *replay) next() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if body := r.first; body != nil {
		r.first = nil
		return body, nil
	}
	if r.open == nil {
		return nil, errors.New("this body can be sent once only")
	}
	return r.open()
}

// Read fails: who sends the body takes a copy.
func (r *replay) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close closes what nobody took.
func (r *replay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil {
		return nil
	}
	body := r.first
	r.first = nil
	return body.Close()
}

// counted is a body whose bytes are counted as they go out.
type counted struct {
	io.ReadCloser
	count func(int64)
	seen  atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.add(int64(n))
	return n, err
}

func (c *counted) add(n int64) {
	if n > 0 {
		c.seen.Add(n)
		c.count(n)
	}
}

// settle counts what was sent without being read here.
func (c *counted) settle(size int64) { c.add(size - c.seen.Load()) }

// countedFile is a counted body that the kernel may send by itself, which plain
// http does.
type countedFile struct {
	*counted
	file *os.File
}

// SyscallConn is what the net package looks for before it calls sendfile.
func (c countedFile) SyscallConn() (syscall.RawConn, error) { return c.file.SyscallConn() }

// count wraps a body; sent is called at any time, by several at once.
func count(body io.ReadCloser, sent func(int64)) (io.ReadCloser, *counted) {
	c := &counted{ReadCloser: body, count: sent}
	if file, ok := body.(*os.File); ok {
		return countedFile{c, file}, c
	}
	return c, c
}
