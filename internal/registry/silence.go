package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// The longest waits for an answer, and for more of one. Where a registry is silent,
// neither the network nor HTTP says so, and nothing else would end the wait.
const (
	longestSilence = time.Minute
	hastySilence   = 9 * time.Second // where somebody waits before a build
	uploadPatience = 15              // times as long for what carries a blob
	sizePatience   = 45              // and so many times more at most, by its size
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

// bound is how long a request may be without an answer, and without another byte of
// its body on its way. Who takes a blob may need long before it answers, and the
// longer the larger it is: it computes a digest, or moves the blob within its storage,
// which the request that ends the upload waits for. Where the system itself sends a
// file, nobody hears of its bytes either. A megabyte a second is expected, and no more
// than an hour in all: there is a second try, and a job has six.
func (w wire) bound(request *http.Request) time.Duration {
	if uploads(request) && request.Method != http.MethodDelete {
		size := max(request.ContentLength, trialOf(request.Context()).bytes())
		return uploadPatience*w.silence + min(time.Duration(size>>20)*time.Second, sizePatience*w.silence)
	}
	if short, ok := request.Context().Value(silenceKey{}).(time.Duration); ok {
		return min(short, w.silence)
	}
	return w.silence
}

// watch ends a request that is silent for too long.
type watch struct {
	ctx    context.Context // that the request is sent with; ends with the body of the answer
	cancel context.CancelCauseFunc
	bound  time.Duration
	timer  *time.Timer
	ended  atomic.Bool // the answer has begun: what is left of the request does not count
}

func (w wire) watch(request *http.Request) *watch {
	ctx, cancel := context.WithCancelCause(request.Context())
	bound := w.bound(request)
	none := &silence{bound}
	return &watch{ctx: ctx, cancel: cancel, bound: bound, timer: time.AfterFunc(bound, func() { cancel(none) })}
}

// moved notes that more of the request is on its way.
func (w *watch) moved() {
	if !w.ended.Load() {
		w.timer.Reset(w.bound)
	}
}

// end gives up what nobody waits for any more.
func (w *watch) end() {
	w.ended.Store(true)
	w.timer.Stop()
	w.cancel(nil)
}

// listen sends a request, and gives up where its answer does not begin, or go on.
func (w wire) listen(request *http.Request, watched *watch) (*http.Response, error) {
	response, err := w.base.RoundTrip(request)
	if err != nil {
		err = w.lapsed(watched.ctx, request.URL.Host, dropped(silent(watched.ctx, err)))
		watched.end()
		return nil, err
	}
	watched.ended.Store(true)
	watched.timer.Stop()
	w.answered.Store(request.URL.Host, true)
	w.answered.Store(anyHost, true)
	response.Body = &answerBody{response.Body, watched}
	return response, nil
}

// silent is the silence that has ended a context, or else err.
func silent(ctx context.Context, err error) error {
	if none, ok := context.Cause(ctx).(*silence); ok {
		return none
	}
	return err
}

// answerBody is the body of an answer that goes on.
type answerBody struct {
	io.ReadCloser
	watched *watch
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.watched.timer.Reset(b.watched.bound)
	n, err := b.ReadCloser.Read(p)
	b.watched.timer.Stop()
	if err != nil && err != io.EOF {
		err = dropped(silent(b.watched.ctx, err))
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.watched.end()
	return err
}
