package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	gogithub "github.com/google/go-github/v62/github"
	"golang.org/x/oauth2"
)

const (
	early = 5 * time.Minute  // how long before its end a token is renewed
	young = 10 * time.Second // how long GitHub may not know a token that it gave
)

// AppTokens is the source of an App's tokens. It may be used by several goroutines.
type AppTokens struct {
	app         App
	owner, name string
	client      *Client // as the app
	now         func() time.Time
	ctx         context.Context // oauth2.TokenSource has no other way to end a request

	mu           sync.Mutex
	installation *gogithub.Installation
	current      *oauth2.Token
	since        time.Time // when current was had
	valid        []string  // tokens to revoke
}

// Token is a token that is valid for a while yet.
func (s *AppTokens) Token() (*oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.current.Expiry.Sub(s.now()) > early {
		return s.current, nil
	}
	if err := s.find(); err != nil {
		return nil, err
	}
	got, err := s.mint()
	if err != nil {
		return nil, err
	}
	if s.app.Mask != nil {
		s.app.Mask(got.GetToken())
	}
	s.valid = append(s.valid, got.GetToken())
	s.current = &oauth2.Token{AccessToken: got.GetToken(), TokenType: "Bearer", Expiry: got.GetExpiresAt().Time}
	s.since = s.now()
	return s.current, nil
}

// find looks once which installation of the app has the repository.
func (s *AppTokens) find() error {
	if s.installation != nil {
		return nil
	}
	found, _, err := s.client.REST().Apps.FindRepositoryInstallation(s.ctx, s.owner, s.name)
	if err != nil {
		return s.explain(err)
	}
	if found.SuspendedAt != nil {
		return s.suspended()
	}
	s.installation = found
	return nil
}

// mint has a token made. A lost answer leaves behind a token that nobody knows and
// that ends within the hour, so that another try is safe.
func (s *AppTokens) mint() (got *gogithub.InstallationToken, err error) {
	wanted := &gogithub.InstallationTokenOptions{Repositories: []string{s.name}, Permissions: s.app.Permissions.body()}
	err = again(s.ctx, s.client, func() (err error) {
		got, _, err = s.client.REST().Apps.CreateInstallationToken(s.ctx, s.installation.GetID(), wanted)
		return err
	})
	switch {
	case err != nil:
		return nil, s.explain(err)
	case got.GetToken() == "":
		return nil, s.explain(&Error{Kind: Lost, Status: http.StatusCreated, Message: "the answer holds no token"})
	}
	return got, nil
}

// again does what may be done twice up to three times, while its answers get lost.
func again(ctx context.Context, c *Client, do func() error) error {
	t := c.transport
	for try := 0; ; try++ {
		err := do()
		if err == nil || KindOf(Explain(err)) != Lost || try == 2 || ctx.Err() != nil {
			return err
		}
		wait := firstWait << try
		t.log.printf("%v; trying again in %v", Explain(err), wait)
		if t.sleep(ctx, wait) != nil {
			return err
		}
	}
}

// Revoke makes every token that was had invalid. It does nothing where there was none.
func (s *AppTokens) Revoke(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed []error
	var left []string
	for _, token := range s.valid {
		if err := s.revoke(ctx, token); err != nil {
			failed, left = append(failed, err), append(left, token)
		}
	}
	s.valid, s.current = left, nil
	return errors.Join(failed...)
}

func (s *AppTokens) revoke(ctx context.Context, token string) error {
	a := s.app
	c, err := New(Options{
		API: a.API, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
		Transport: a.Transport, Roots: a.Roots, Log: a.Log, Now: a.Now, Sleep: a.Sleep, Silence: a.Silence,
	})
	if err != nil {
		return err
	}
	err = Explain(again(ctx, c, func() error {
		_, err := c.REST().Apps.RevokeInstallationToken(ctx)
		return err
	}))
	if KindOf(err) == Unauthorized {
		return nil // it has ended by itself, or an earlier try did it
	}
	if err != nil {
		return fmt.Errorf("revoke the token of app %s: %w", a.ID, err)
	}
	return nil
}

// Slug is the app's name in logins and addresses; "" until there was a token.
func (s *AppTokens) Slug() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.installation.GetAppSlug()
}

// fresh reports whether GitHub may not know the token yet.
func (s *AppTokens) fresh() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil && s.now().Sub(s.since) < young
}
