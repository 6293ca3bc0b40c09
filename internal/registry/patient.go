package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// patient is a transport that asks again where an answer may be better next time:
// the registry is in trouble or busy, or the connection broke. A registry that
// says when to come back is obeyed, within bounds.
//
// What is handed back (handedBack) it does not ask again: of an upload half of the
// bytes may have arrived, so that the whole of it begins anew, and a tag that must
// not move is looked at before it is written again.
type patient struct {
	base  http.RoundTripper
	tries tries
	now   func() time.Time
}

// RoundTrip asks until there is an answer that stays, or no try is left.
func (p patient) RoundTrip(request *http.Request) (*http.Response, error) {
	request = repeatable(request)
	silences := 0
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
		if handedBack(request) || isSingle(request.Context()) {
			trialOf(request.Context()).wait(asked)
			return response, err
		}
		if isSilence(err) {
			silences++
		}
		if silences == maxSilences || !tries.again(request.Context(), why, asked) {
			return response, err
		}
		discard(response)
	}
}

type singleKey struct{}

// single marks what is worth one try only.
func single(ctx context.Context) context.Context { return context.WithValue(ctx, singleKey{}, true) }

func isSingle(ctx context.Context) bool { return ctx.Value(singleKey{}) != nil }

// trouble says what another try may not see, and when the registry wants it.
func (p patient) trouble(response *http.Response, err error) (why string, asked time.Duration) {
	switch {
	case err != nil && broken(err):
		return err.Error(), 0
	case err != nil, !passing(response.StatusCode):
		return "", 0
	case response.StatusCode == http.StatusTooManyRequests:
		why = "busy (429)"
	case saysFull(response):
		return "", 0
	default:
		why = fmt.Sprintf("in trouble (%d)", response.StatusCode)
	}
	return why, retryAfter(response.Header, p.now())
}

// retryAfter is what a Retry-After says (RFC 9110, 10.2.3): seconds, or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	told := strings.TrimSpace(header.Get("Retry-After"))
	if n, err := strconv.ParseInt(told, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) { // that is 68 years
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
