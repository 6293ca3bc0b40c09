package github

import (
	"crypto/rsa"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/fault"
)

const hintKey = "give the whole file that GitHub made under the app's settings → Private keys, from -----BEGIN to -----END"

// readKey reads a private key as GitHub hands it out, or in one line with \n for
// line ends. Its errors say nothing of what was read.
func readKey(id string, pem []byte) (*rsa.PrivateKey, error) {
	text := strings.TrimSpace(string(pem))
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\r`, ""), `\n`, "\n")
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(text))
	switch {
	case errors.Is(err, jwt.ErrKeyMustBePEMEncoded):
		return nil, fault.New("E_GITHUB_APP", hintKey, &Error{Kind: Unauthorized, Message: "the private key of app " + id + " is no PEM"})
	case err != nil || key.N.BitLen() < 1024:
		return nil, fault.New("E_GITHUB_APP", hintKey, &Error{Kind: Unauthorized, Message: "the private key of app " + id + " cannot be read as an RSA key"})
	}
	return key, nil
}

// assertions are what an App proves itself with, to get tokens.
//
// See https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
type assertions struct {
	id  string
	key *rsa.PrivateKey
	now func() time.Time
}

// Token is a JWT that begins a minute ago and lasts 8 more, so that clocks may
// differ: GitHub takes no more than 10.
func (a assertions) Token() (*oauth2.Token, error) {
	now := a.now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    a.id,
		IssuedAt:  jwt.NewNumericDate(now.Add(-time.Minute)),
		ExpiresAt: jwt.NewNumericDate(now.Add(8 * time.Minute)),
	}).SignedString(a.key)
	if err != nil {
		return nil, fault.New("E_GITHUB_APP", hintKey, &Error{Kind: Unauthorized, Message: "the private key of app " + a.id + " does not sign"})
	}
	return &oauth2.Token{AccessToken: signed, TokenType: "Bearer"}, nil
}
