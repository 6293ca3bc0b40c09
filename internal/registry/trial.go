package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// trial is one try of an upload, or of the writing of a manifest. Its requests
// carry it in their context, and leave with it what their answers say beyond what
// go-containerregistry hands back.
type trial struct {
	once bool  // the manifest is sent once: its tag is looked at before it is sent again
	size int64 // of the blob

	mu     sync.Mutex
	asked  time.Duration // by Retry-After
	again  bool          // refused in a way that another try may not see
	sent   string        // the path of a manifest that was sent
	digest string        // of the manifest that was written, as its registry tells it
	read   int64         // bytes of the blob that went out
}

type trialKey struct{}

func withTrial(ctx context.Context, t *trial) context.Context {
	return context.WithValue(ctx, trialKey{}, t)
}

// trialOf is nil for requests that are no part of a trial; its methods do nothing then.
func trialOf(ctx context.Context) *trial {
	t, _ := ctx.Value(trialKey{}).(*trial)
	return t
}

// bytes is how much its blob has; 0 where there is none.
func (t *trial) bytes() int64 {
	if t == nil {
		return 0
	}
	return t.size
}

// handedBack reports whether a request is not sent again by a transport, but by
// whoever made it, if at all: he has to do something else before.
func handedBack(request *http.Request) bool {
	return uploads(request) || trialOf(request.Context()).has(request)
}

// errSent is the refusal to send a manifest once more. Where a token ends at the
// very write of a tag, go-containerregistry would send it again with the next one,
// however long that took to come.
var errSent = errors.New("the registry asked for a login instead of taking the manifest")

// send notes that a manifest goes out, and fails if it may not.
func (t *trial) send(request *http.Request) error {
	if t == nil || !t.once || request.Method != http.MethodPut || uploads(request) {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.sent {
	case request.URL.Path:
		t.again = true
		return errSent
	case "": // others come after it: lists of what is attached
		t.sent = request.URL.Path
	}
	return nil
}

// has reports whether a request is the write of the manifest that is sent once.
func (t *trial) has(request *http.Request) bool {
	if t == nil || !t.once || request.Method != http.MethodPut {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent == request.URL.Path
}

// answered keeps the digest that a registry gives a manifest when it takes it.
func (t *trial) answered(request *http.Request, response *http.Response) {
	if t == nil || request.Method != http.MethodPut || uploads(request) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case response.StatusCode < 300:
		t.digest = response.Header.Get("Docker-Content-Digest")
	case response.StatusCode < 400:
		t.sent = "" // it goes elsewhere, at once
	}
}

func (t *trial) wait(asked time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = max(t.asked, asked)
}

func (t *trial) forgive() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.again = true
}
