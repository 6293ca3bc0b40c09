package cli

import (
	"context"
	"io"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// identity is whose rights the infra repository is written with. The zero value
// is nobody's: git finds its own credentials.
type identity struct {
	tokens oauth2.TokenSource
	secret []byte // that it shares with its other runs alone; nil where there is none
	leave  func() // revokes what was minted; nil where nothing was
}

// needs are the permissions that an App's token is asked for: to write the files of
// the one repository, and its pull requests where such are made, and nothing else; a
// dry run only reads. Teams are found only by who may see them.
func needs(pr *plan.PullRequest, dry bool) github.Permissions {
	level := "write"
	if dry {
		level = "read"
	}
	may := github.Permissions{Contents: level}
	if pr != nil {
		may.PullRequests = level
		if len(pr.TeamReviewers) > 0 {
			may.Members = "read"
		}
	}
	return may
}

// identify is the identity that the inputs give.
func (a *app) identify(ctx context.Context, h host, may github.Permissions, in accessInputs, log io.Writer) (identity, error) {
	if in.InfraToken != "" {
		return identity{tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: string(in.InfraToken)}), secret: in.secret(h.place)}, nil
	}
	if in.AppID == "" {
		return identity{}, nil
	}
	tokens, err := github.App{
		ID: in.AppID, Key: []byte(in.AppPrivateKey), Repository: h.repository, Permissions: may,
		Mask: func(token string) { a.Mask(git.Remote{Token: token}.Secrets()...) },
		API:  a.APIURL, Roots: h.trust.roots, Log: log, Now: a.world.Now,
	}.Source(ctx)
	if err != nil {
		return identity{}, err
	}
	return identity{tokens: tokens, secret: in.secret(h.place), leave: func() { a.revoke(tokens) }}, nil
}

// token is the one to use now; "" where there is none.
func (who identity) token() (string, error) {
	if who.tokens == nil {
		return "", nil
	}
	token, err := who.tokens.Token()
	if err != nil {
		return "", err
	}
	return token.AccessToken, nil
}

// revoke gives an App's token back, also where the run was interrupted. What was
// written stays written, so that a failure is told and is none.
func (a *app) revoke(tokens *github.AppTokens) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := tokens.Revoke(ctx); err != nil {
		a.Printf("the App's token was not revoked, and ends within an hour: %v", err)
	}
}
