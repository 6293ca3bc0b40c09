package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Explain turns the errors of go-github and of net/http into a fault around an
// *Error. Nil stays nil, and what is explained already stays as it is.
//
// Where a context ended, go-github says so and nothing else, so that the request
// may have been a write: its Kind is Lost.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Error](err); ok && known != nil {
		return explained(err, known)
	}
	if e := ofGoGitHub(err); e != nil {
		return e.fault()
	}
	return ofNetwork(err).fault()
}

// explained takes off what net/http puts around the faults of a transport.
func explained(err error, known *Error) error {
	if around, ok := err.(*url.Error); ok {
		err = around.Err
	}
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return known.fault()
}

// ofGoGitHub reads the answer that an error of go-github keeps; nil for other errors.
func ofGoGitHub(err error) *Error {
	if r, ok := errors.AsType[*gogithub.ErrorResponse](err); ok && r != nil {
		return ofAnswer(r.Response, r)
	}
	if r, ok := errors.AsType[*gogithub.TwoFactorAuthError](err); ok && r != nil {
		return ofAnswer(r.Response, (*gogithub.ErrorResponse)(r))
	}
	if r, ok := errors.AsType[*gogithub.RateLimitError](err); ok && r != nil {
		return ofLimit(r.Response, r.Message)
	}
	if r, ok := errors.AsType[*gogithub.AbuseRateLimitError](err); ok && r != nil {
		return ofLimit(r.Response, r.Message)
	}
	if _, ok := errors.AsType[*gogithub.AcceptedError](err); ok {
		return &Error{Status: http.StatusAccepted, Message: "GitHub does this in the background"}
	}
	return nil
}

// ofAnswer reads the whole answer again, because go-github drops what has not the
// shape that it expects; where there is none, what go-github has kept.
func ofAnswer(resp *http.Response, kept *gogithub.ErrorResponse) *Error {
	if resp == nil {
		resp = &http.Response{}
	}
	var body []byte
	if resp.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	if len(body) == 0 {
		body, _ = json.Marshal(kept)
	}
	does := writes
	if resp.Request != nil {
		does = effectOf(resp.Request)
	}
	return refusal(request(resp.Request), resp.StatusCode, resp.Header, body, !does.safe())
}

func ofLimit(resp *http.Response, message string) *Error {
	e := ofAnswer(resp, &gogithub.ErrorResponse{Message: message})
	e.Kind = Limited
	return e
}

// ofNetwork is what is left: requests that did not pass our transport, contexts that
// ended, answers that go-github could not read.
func ofNetwork(err error) *Error {
	e := &Error{Message: err.Error(), cause: err}
	request, _ := errors.AsType[*url.Error](err)
	switch {
	case unsent(err):
		e.Kind = Unreachable
	case request != nil:
		e.Kind = unanswered(request.Op != "Get" && request.Op != "Head")
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Message = Lost, "ended before GitHub answered: "+err.Error()
	case unreadable(err):
		e.Kind, e.Message = Lost, "the answer cannot be read: "+err.Error()
	}
	return e
}

// unreadable reports whether an answer of 2xx is not the JSON that it should be.
func unreadable(err error) bool {
	syntax, _ := errors.AsType[*json.SyntaxError](err)
	shape, _ := errors.AsType[*json.UnmarshalTypeError](err)
	return syntax != nil || shape != nil || errors.Is(err, io.ErrUnexpectedEOF)
}
