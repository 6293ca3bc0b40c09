package hub

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// appWorld is a hub with an App that has acme/infra, and what signs for the App.
func appWorld(t *testing.T, spec App) (*Hub, func(jwt.MapClaims) client) {
	t.Helper()
	h, _, _ := world(t)
	h.Repo("acme/other")
	now := time.Unix(1_800_000_000, 0)
	h.SetNow(func() time.Time { return now })
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	spec.ID, spec.PublicKey = 77, &key.PublicKey
	h.App(spec)
	return h, func(change jwt.MapClaims) client {
		claims := jwt.MapClaims{"iss": "77", "iat": now.Unix() - 60, "exp": now.Unix() + 600}
		for name, value := range change {
			claims[name] = value
		}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return client{t, h, signed}
	}
}

func installed(change func(*Installation)) App {
	i := Installation{ID: 5, Account: "acme", Repos: []string{"acme/infra"}, Permissions: map[string]string{"contents": "write", "pull_requests": "read"}}
	if change != nil {
		change(&i)
	}
	return App{Installations: []Installation{i}}
}

func TestAnAppSaysWhoItIs(t *testing.T) {
	tests := map[string]struct {
		claims jwt.MapClaims
		want   said
	}{
		"fine":       {nil, said{Status: 200}},
		"number":     {jwt.MapClaims{"iss": 77}, said{Status: 200}},
		"client id":  {jwt.MapClaims{"iss": "Iv23li00000000000077"}, said{Status: 200}},
		"fraction":   {jwt.MapClaims{"iat": 1_799_999_999.5}, said{401, saysIssuedAt, ""}},
		"future":     {jwt.MapClaims{"iat": 1_800_000_030}, said{401, saysIssuedAt, ""}},
		"too long":   {jwt.MapClaims{"exp": 1_800_000_700}, said{401, saysTooFar, ""}},
		"expired":    {jwt.MapClaims{"exp": 1_799_999_999}, said{401, saysExpired, ""}},
		"no such":    {jwt.MapClaims{"iss": "78"}, said{404, saysNoApp, "/apps/apps#get-the-authenticated-app"}},
		"no JWT":     {jwt.MapClaims{"none": true}, said{401, saysNotDecoded, ""}},
		"other sign": {jwt.MapClaims{"other": true}, said{401, saysNotDecoded, ""}},
	}
	_, sign := appWorld(t, installed(nil))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := sign(test.claims)
			if test.claims["none"] != nil {
				c.token = "x.y.z"
			}
			if test.claims["other"] != nil {
				c.token = c.token[:len(c.token)-8] + "AAAAAAAA"
			}
			if diff := cmp.Diff(test.want, c.rest("GET", "/app", nil).said()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestAnAppGetsTokens(t *testing.T) {
	const find, mint = "/apps/apps#get-a-repository-installation-for-the-authenticated-app", "/apps/apps#create-an-installation-access-token-for-an-app"
	tests := map[string]struct {
		spec  App
		repo  string
		body  any
		found said
		want  said
		told  string // permissions of the token
	}{
		"all":           {installed(nil), "infra", nil, said{Status: 200}, said{Status: 201}, "map[contents:write metadata:read pull_requests:read]"},
		"less":          {installed(nil), "infra", map[string]any{"repositories": []string{"infra"}, "permissions": map[string]any{"contents": "read"}}, said{Status: 200}, said{Status: 201}, "map[contents:read metadata:read]"},
		"more":          {installed(nil), "infra", map[string]any{"permissions": map[string]any{"pull_requests": "write"}}, said{Status: 200}, said{422, "The permissions requested are not granted to this installation.", mint}, ""},
		"other repo":    {installed(nil), "infra", map[string]any{"repositories": []string{"other"}}, said{Status: 200}, said{422, "There is at least one repository that does not exist or is not accessible to the parent installation.", mint}, ""},
		"not installed": {installed(nil), "other", nil, said{404, "Not Found", find}, said{Status: 201}, ""},
		"suspended":     {installed(func(i *Installation) { i.Suspended = true }), "infra", nil, said{Status: 200}, said{403, "This installation has been suspended", mint}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, sign := appWorld(t, test.spec)
			c := sign(nil)
			g := c.rest("GET", "/repos/acme/"+test.repo+"/installation", nil)
			if diff := cmp.Diff(test.found, g.said()); diff != "" {
				t.Fatalf("-want +got\n%s", diff)
			}
			if g.Status != 200 {
				return
			}
			g = c.rest("POST", fmt.Sprintf("/app/installations/%v/access_tokens", g.at("id")), test.body)
			if diff := cmp.Diff(test.want, g.said()); diff != "" {
				t.Fatalf("-want +got\n%s", diff)
			}
			if g.Status == 201 && (fmt.Sprint(g.at("permissions")) != test.told || g.text("expires_at") != "2027-01-15T09:00:00Z" || len(g.text("token")) != 520) {
				t.Errorf("%s", g.Body)
			}
		})
	}
}

func TestATokenIsTakenLaterAndRevoked(t *testing.T) {
	spec := installed(nil)
	spec.NotYet, spec.Slug = 1, "deployer"
	h, sign := appWorld(t, spec)
	h.repos["acme/infra"].settings.Private = true
	g := sign(nil).rest("POST", "/app/installations/5/access_tokens", nil)
	c := client{t, h, g.text("token")}
	var got []int
	for range 2 {
		got = append(got, c.rest("GET", "/repos/acme/infra", nil).Status)
	}
	got = append(got, c.rest("DELETE", "/installation/token", nil).Status, c.rest("GET", "/repos/acme/infra", nil).Status)
	if diff := cmp.Diff([]int{401, 200, 204, 401}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if h.known("deployer[bot]") == nil || !strings.HasPrefix(g.text("token"), "ghs_") {
		t.Errorf("the token is of nobody: %s", g.Body)
	}
}
