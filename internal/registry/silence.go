package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The longest waits for an answer, and for more of one. Where a registry is silent,
// neither the network nor HTTP says so, and nothing else would end the wait.
const (
	longestSilence = time.Minute
	hastySilence   = 9 * time.Second // where somebody waits before a build
)

// maxSilences bounds how often one thing is asked for without an answer.
const maxSilences = 2

// silence is the error where no answer came.
type silence struct{ after time.Duration }

func (s *silence) Error() string { return fmt.Sprintf("no answer within %s", seconds(s.after)) }

// Timeout makes it an error of the network (net.Error).
func (s *silence) Timeout() bool   { return true }
func (s *silence) Temporary() bool { return true }

func isSilence(err error) bool {
	_, silent := errors.AsType[*silence](err)
	return silent
}

type silenceKey struct{}

// hastily shortens how long answers are waited for.
func hastily(ctx context.Context) context.Context {
	return context.WithValue(ctx, silenceKey{}, hastySilence)
}

// bound is how long to wait for the answer to a request; 0 is without end: what
// carries a blob takes its time, and so does a registry that computes its digest.
func (w wire) bound(request *http.Request) time.Duration {
	if uploads(request) && request.Method != http.MethodDelete {
		return 0
	}
	if short, ok := request.Context().Value(silenceKey{}).(time.Duration); ok {
		return min(short, w.silence)
	}
	return w.silence
}

// listen sends a request, and gives up where its answer does not begin, or go on.
func (w wire) listen(request *http.Request) (*http.Response, error) {
	bound := w.bound(request)
	if bound == 0 {
		response, err := w.base.RoundTrip(request)
		return response, dropped(err)
	}
	ctx, cancel := context.WithCancelCause(request.Context())
	none := &silence{bound}
	timer := time.AfterFunc(bound, func() { cancel(none) })
	response, err := w.base.RoundTrip(request.WithContext(ctx))
	timer.Stop()
	if err != nil {
		cancel(nil)
		return nil, dropped(silent(ctx, err))
	}
	response.Body = &heard{ReadCloser: response.Body, ctx: ctx, timer: timer, bound: bound, cancel: cancel}
	return response, nil
}

// silent is the silence that has ended a context, or else err.
func silent(ctx context.Context, err error) error {
	if none, ok := context.Cause(ctx).(*silence); ok {
		return none
	}
	return err
}

// heard is the body of an answer that goes on.
type heard struct {
	io.ReadCloser
	ctx    context.Context // ends with the body
	timer  *time.Timer
	bound  time.Duration
	cancel context.CancelCauseFunc
}

func (h *heard) Read(p []byte) (int, error) {
	h.timer.Reset(h.bound)
	n, err := h.ReadCloser.Read(p)
	h.timer.Stop()
	if err != nil && err != io.EOF {
		err = dropped(silent(h.ctx, err))
	}
	return n, err
}

func (h *heard) Close() error {
	err := h.ReadCloser.Close()
	h.cancel(nil)
	return err
}
