package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patient is a transport that asks again where an answer may be better next time:
// the registry is in trouble or busy, or the connection broke. A registry that
// says when to come back is obeyed, within bounds.
//
// Of an upload the bytes are not sent again by it: half of them may have arrived,
// so that the whole upload begins anew, which is up to whoever began it.
type patient struct {
	base  http.RoundTripper
	tries tries
	now   func() time.Time
}

// RoundTrip asks until there is an answer that stays, or no try is left.
func (p patient) RoundTrip(request *http.Request) (*http.Response, error) {
	request = repeatable(request)
	for tries := p.tries.begin(); ; {
		response, err := p.base.RoundTrip(request)
		if err == nil {
			if err = whole(response); err != nil {
				response = nil
			}
		}
		why, asked := p.trouble(response, err)
		if why == "" {
			return response, err
		}
		if uploads(request) {
			trialOf(request.Context()).wait(asked)
			return response, err
		}
		if !tries.again(request.Context(), why, asked) {
			return response, err
		}
		discard(response)
	}
}

// trouble says what another try may not see, and when the registry wants it.
func (p patient) trouble(response *http.Response, err error) (why string, asked time.Duration) {
	switch {
	case err != nil && broken(err):
		return err.Error(), 0
	case err != nil, !slices.Contains(passing, response.StatusCode):
		return "", 0
	case response.StatusCode == http.StatusTooManyRequests:
		why = "busy (429)"
	default:
		why = fmt.Sprintf("in trouble (%d)", response.StatusCode)
	}
	return why, retryAfter(response.Header, p.now())
}

// retryAfter is what a Retry-After says (RFC 9110, 10.2.3): seconds, or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	told := strings.TrimSpace(header.Get("Retry-After"))
	if n, err := strconv.ParseInt(told, 10, 32); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if at, err := http.ParseTime(told); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// maxAnswer bounds the answers that are read at once. Blobs and lists of tags are
// read by those that asked for them.
const maxAnswer = 8 << 20

// whole reads a small answer to its end, so that one that was cut off counts as
// one that did not come.
func whole(response *http.Response) error {
	asked := response.Request
	if asked == nil || asked.Method != http.MethodGet || strings.Contains(asked.URL.Path, "/blobs/") || strings.HasSuffix(asked.URL.Path, "/tags/list") {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		response.Body.Close()
		return fmt.Errorf("the answer breaks off after %d bytes: %w", len(data), err)
	}
	response.Body = readCloser{io.MultiReader(bytes.NewReader(data), response.Body), response.Body}
	return nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// discard frees the connection of an answer that nobody reads.
func discard(response *http.Response) {
	if response == nil {
		return
	}
	io.CopyN(io.Discard, response.Body, 64<<10)
	response.Body.Close()
}

// uploads reports whether a request carries bytes of a blob, or ends or cancels its
// upload: it is of use within that only.
func uploads(request *http.Request) bool {
	switch request.Method {
	case http.MethodPatch:
		return true
	case http.MethodPut, http.MethodDelete:
		return !strings.Contains(request.URL.Path, "/manifests/")
	}
	return false
}

// trial is one try of an upload, or of the writing of a manifest. Its requests
// carry it in their context, and leave with it what their answers say beyond what
// go-containerregistry hands back.
type trial struct {
	mu     sync.Mutex
	asked  time.Duration // by Retry-After
	again  bool          // refused in a way that another try may not see
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
