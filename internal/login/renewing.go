package login

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/lasting"
)

// asking gives credentials, and until when; the zero time is for ever.
type asking = func(context.Context) (authn.Authenticator, time.Time, error)

// renewing are credentials of a cloud, which end, and are asked for anew before.
type renewing struct {
	ask   asking
	now   func() time.Time
	value lasting.Value[authn.Authenticator]
}

// Authorization is AuthorizationContext without end.
func (r *renewing) Authorization() (*authn.AuthConfig, error) {
	return r.AuthorizationContext(context.Background())
}

// AuthorizationContext gives what is held, or new credentials where those are about
// to end.
func (r *renewing) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	auth, err := r.value.Get(ctx, r.now(), r.ask)
	if err != nil {
		return nil, err
	}
	return authn.Authorization(ctx, auth)
}

// youth is how long credentials are new: what a registry calls expired then were
// older ones.
const youth = time.Minute

// expire drops what is held, if it is not new.
func (r *renewing) expire() {
	now := r.now()
	r.value.Drop(func(_ authn.Authenticator, made time.Time) bool { return now.Sub(made) >= youth })
}
