package login_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/login"
)

// A token is kept until shortly before its end, and replaced within one push.
func TestTokensRenewThemselves(t *testing.T) {
	clock := newClock()
	aws := &cloud{now: clock.now, life: 12 * time.Hour}
	k := login.New(login.Options{AWS: aws, Now: clock.now})
	auth, err := k.ResolveContext(t.Context(), resource(t, ecrRegistry))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		passes time.Duration
		fails  error
		want   string
	}{
		{0, nil, "token-1"},
		{11 * time.Hour, nil, "token-1"},
		{54 * time.Minute, nil, "token-1"},
		{2 * time.Minute, nil, "token-2"},
		{11*time.Hour + 56*time.Minute, errors.New("throttled"), "token-2"}, // it lives for 4 minutes more
		{time.Minute, nil, "token-4"},
	} {
		clock.pass(step.passes)
		aws.fails = step.fails
		config, err := authn.Authorization(t.Context(), auth)
		if err != nil || config.Password != step.want {
			t.Errorf("after %s: got %+v, %v, want %s", step.passes, config, err, step.want)
		}
	}
	clock.pass(13 * time.Hour)
	aws.fails = errors.New("throttled")
	if config, err := authn.Authorization(t.Context(), auth); err == nil {
		t.Errorf("got %+v of a token that has ended", config)
	}
}

// What a registry calls expired is replaced once, however many requests it refused.
func TestExpired(t *testing.T) {
	clock := newClock()
	aws := &cloud{now: clock.now, life: 12 * time.Hour}
	k := login.New(login.Options{AWS: aws, Now: clock.now})
	auth, err := k.ResolveContext(t.Context(), resource(t, ecrRegistry+"/acme/web"))
	if err != nil {
		t.Fatal(err)
	}
	k.Expired("unknown.example")
	k.Expired(ecrRegistry) // it was given at this moment
	clock.pass(time.Hour)
	for range 3 {
		k.Expired(ecrRegistry)
		config, err := authn.Authorization(t.Context(), auth)
		if err != nil || config.Password != "token-2" {
			t.Errorf("got %+v, %v, want the second token", config, err)
		}
	}
	if len(aws.asked) != 2 {
		t.Errorf("AWS was asked %d times", len(aws.asked))
	}
}

// Many who want the same wait for one answer; who gives up does not keep the others.
func TestOneAsksForAll(t *testing.T) {
	clock := newClock()
	aws := &cloud{now: clock.now, life: time.Hour, entering: make(chan struct{}, 30), leaving: make(chan struct{})}
	k := login.New(login.Options{AWS: aws, Now: clock.now, Mask: func(string) {}})
	target := resource(t, ecrRegistry)
	impatient, giveUp := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := k.ResolveContext(impatient, target)
		gaveUp <- err
	}()
	<-aws.entering
	giveUp()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			got, err := resolved(t, k, ecrRegistry)
			if err != nil || got != "AWS:token-1" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	close(aws.leaving)
	group.Wait()
	if len(aws.asked) != 1 {
		t.Errorf("AWS was asked %d times", len(aws.asked))
	}
}

// Many repositories of one registry are asked for at once. Why there are no
// credentials is found out once, and not by each in turn: each would wait for the
// metadata of an instance, or for all tries of STS.
func TestOneFailureForAll(t *testing.T) {
	for name, fails := range map[string]error{"none": errNone, "refused": errors.New("AccessDenied")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				aws := &cloud{fails: fails, entering: make(chan struct{}, 20), leaving: make(chan struct{})}
				k := login.New(login.Options{AWS: aws, NoCredentials: noCredentials, Docker: stored{}})
				var group sync.WaitGroup
				for range 20 {
					group.Go(func() {
						if got, err := resolved(t, k, ecrRegistry+"/acme/web"); got != "" || (err == nil) != noCredentials(fails) {
							t.Errorf("got %q, %v", got, err)
						}
					})
				}
				synctest.Wait() // all stand in the line
				close(aws.leaving)
				group.Wait()
				if len(aws.asked) != 1 {
					t.Errorf("AWS was asked %d times", len(aws.asked))
				}
			})
		})
	}
}

// A cloud that has given credentials before is in trouble when it gives none, and is
// asked again.
func TestTroubleIsNotForEver(t *testing.T) {
	clock := newClock()
	aws := &cloud{now: clock.now, life: time.Hour}
	k := login.New(login.Options{AWS: aws, NoCredentials: noCredentials, Docker: stored{}, Now: clock.now})
	for _, step := range []struct {
		passes time.Duration
		fails  error
		want   string
	}{{0, nil, "AWS:token-1"}, {57 * time.Minute, errNone, "AWS:token-1"}, {time.Minute, nil, "AWS:token-3"}} {
		clock.pass(step.passes)
		aws.fails = step.fails
		if got, err := resolved(t, k, "public.ecr.aws/acme/web"); got != step.want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, step.want)
		}
	}
}

// Where AWS has no credentials it is not asked for each image again.
func TestNoneStaysNone(t *testing.T) {
	aws := &cloud{fails: errNone}
	k := login.New(login.Options{AWS: aws, NoCredentials: noCredentials, Docker: stored{}})
	for range 3 {
		if got, err := resolved(t, k, ecrRegistry+"/acme/web"); got != "" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if len(aws.asked) != 1 {
		t.Errorf("AWS was asked %d times", len(aws.asked))
	}
}
