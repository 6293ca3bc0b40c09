package login

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// asking gives credentials, and until when; the zero time is for ever.
type asking = func(context.Context) (authn.AuthConfig, time.Time, error)

// renewing are credentials that end, and are asked for anew shortly before.
type renewing struct {
	ask asking
	now func() time.Time

	turn           chan struct{} // holds one: who has it may read and write what follows
	held           *authn.AuthConfig
	given, expires time.Time
}

func newRenewing(now func() time.Time, ask asking) *renewing {
	r := &renewing{ask: ask, now: now, turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	return r
}

// spare is how long before their end credentials are replaced, at most: an upload
// that begins with them should end with them.
const spare = 5 * time.Minute

// youth is how long credentials are new: what a registry calls expired then were
// older ones.
const youth = time.Minute

func (r *renewing) Authorization() (*authn.AuthConfig, error) {
	return r.AuthorizationContext(context.Background())
}

// AuthorizationContext gives what is held, or new credentials where those are about
// to end. Where there are no new ones, the old ones serve to their end.
func (r *renewing) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	select {
	case <-r.turn:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { r.turn <- struct{}{} }()
	now := r.now()
	life := r.expires.Sub(r.given)
	switch {
	case r.held == nil:
	case r.expires.IsZero(), now.Before(r.expires.Add(-min(spare, life/4))):
		return r.held, nil
	}
	config, expires, err := r.ask(ctx)
	if err != nil {
		if r.held != nil && now.Before(r.expires) {
			return r.held, nil
		}
		return nil, err
	}
	r.held, r.given, r.expires = &config, now, expires
	return r.held, nil
}

// expire drops what is held; false where that is new, or nothing is.
func (r *renewing) expire() (dropped authn.AuthConfig, ok bool) {
	<-r.turn
	defer func() { r.turn <- struct{}{} }()
	if r.held == nil || r.now().Sub(r.given) < youth {
		return authn.AuthConfig{}, false
	}
	dropped, r.held = *r.held, nil
	return dropped, true
}
