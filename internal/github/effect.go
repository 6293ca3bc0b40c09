package github

import (
	"context"
	"net/http"
)

// effect is what a request may do. GraphQL's are all POST, so that its requests
// carry theirs in the context.
type effect int

const (
	reads effect = iota
	writes
	queries
	mutates
)

// safe reports whether a request may be sent again although it may have been done.
func (e effect) safe() bool { return e == reads || e == queries }

func (e effect) graphQL() bool { return e == queries || e == mutates }

type effectKey struct{}

func withEffect(ctx context.Context, e effect) context.Context {
	return context.WithValue(ctx, effectKey{}, e)
}

func effectOf(r *http.Request) effect {
	if e, ok := r.Context().Value(effectKey{}).(effect); ok {
		return e
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions:
		return reads
	}
	return writes
}
