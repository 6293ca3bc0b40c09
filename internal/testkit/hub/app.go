package hub

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// App is a GitHub App and where it is installed.
type App struct {
	ID            int
	ClientID      string // "" is made of the ID
	Slug          string // "" is tagboat; its bot is <slug>[bot]
	PublicKey     *rsa.PublicKey
	Installations []Installation
	NotYet        int // how often a fresh token is refused before it is taken
}

// Installation is one of an App on an account.
type Installation struct {
	ID          int
	Account     string            // owner of the repositories
	Repos       []string          // owner/name; nil is all of the account
	Permissions map[string]string // that were granted
	Suspended   bool
}

// app is an App that the hub knows.
type app struct{ App }

// App makes an App known.
func (h *Hub) App(a App) {
	h.state.Lock()
	defer h.state.Unlock()
	if a.Slug == "" {
		a.Slug = "tagboat"
	}
	if a.ClientID == "" {
		a.ClientID = fmt.Sprintf("Iv23li%014d", a.ID)
	}
	h.apps = append(h.apps, &app{a})
}

// The words about the JWT of an App.
const (
	saysNotDecoded = "A JSON web token could not be decoded"
	saysIssuedAt   = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	saysTooFar     = "'Expiration time' claim ('exp') is too far in the future"
	saysExpired    = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	saysNoApp      = "Integration not found"
)

// longest is how long the JWT of an App may live.
const longest = 10 * time.Minute

// byJWT is the App whose key signed a token, or why there is none.
func (h *Hub) byJWT(token string) (*app, string) {
	var a *app
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods([]string{"RS256"}), jwt.WithJSONNumber())
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) {
		issuer := fmt.Sprint(claims["iss"])
		a = first(h.apps, func(a *app) bool { return issuer == itoa(a.ID) || issuer == a.ClientID })
		if a == nil {
			return nil, fmt.Errorf("there is no App %s", issuer)
		}
		return a.PublicKey, nil
	})
	switch {
	case err != nil && a == nil && claims["iss"] != nil:
		return nil, saysNoApp
	case err != nil:
		return nil, saysNotDecoded
	}
	issued, ok := whole(claims["iat"])
	expires, okExp := whole(claims["exp"])
	now := h.now()
	switch {
	case !ok || issued.After(now):
		return nil, saysIssuedAt
	case !okExp || !expires.After(now):
		return nil, saysExpired
	case expires.After(now.Add(longest)):
		return nil, saysTooFar
	default:
		return a, ""
	}
}

// whole is a claim that has to be whole seconds.
func whole(claim any) (time.Time, bool) {
	number, _ := claim.(json.Number)
	seconds, err := number.Int64()
	return time.Unix(seconds, 0), err == nil
}

// on is the installation that has a repository.
func (a *app) on(r *Repo) (Installation, bool) {
	i := slices.IndexFunc(a.Installations, func(i Installation) bool {
		return strings.EqualFold(i.Account, r.Owner) && i.has(r)
	})
	if i < 0 {
		return Installation{}, false
	}
	return a.Installations[i], true
}

func (i Installation) has(r *Repo) bool {
	if !strings.EqualFold(i.Account, r.Owner) {
		return false
	}
	return i.Repos == nil || slices.ContainsFunc(i.Repos, func(name string) bool { return strings.EqualFold(name, r.FullName()) })
}

// grants reports whether the installation was given what is asked for.
func (i Installation) grants(permission, access string) bool {
	rank := []string{"", "read", "write", "admin"}
	if permission == "metadata" && access == "read" {
		return true
	}
	return slices.Index(rank, access) <= slices.Index(rank, i.Permissions[permission])
}
