package github_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v62/github"
	"golang.org/x/oauth2"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// connected is a client of a hub that does not really wait.
func connected(t *testing.T, h *hub.Hub, source oauth2.TokenSource) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{
		API: h.API, GraphQL: h.GraphQL, Token: source, Silence: 2 * time.Second,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAppOfTheHub(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New(t)
	repo := h.Repo("acme/infra")
	id := repo.Commit("main", "one", testkit.GitFile{Path: "a.yaml", Data: "a: 1\n"})
	h.Repo("acme/other")
	app := func(id, repository string, p github.Permissions) *github.AppTokens {
		t.Helper()
		source, err := github.App{
			ID: id, Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
			Repository: repository, Permissions: p, API: h.API, Log: &bytes.Buffer{},
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		}.Source(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	h.App(hub.App{ID: 7, PublicKey: &key.PublicKey, NotYet: 1, Installations: []hub.Installation{
		{ID: 70, Account: "acme", Repos: []string{"acme/infra"}, Permissions: map[string]string{"contents": "write", "metadata": "read"}},
	}})
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h.App(hub.App{ID: 8, PublicKey: &other.PublicKey})

	write := github.Permissions{Contents: "write"}
	source := app("7", "acme/infra", write)
	c := connected(t, h, source)
	h.Requests()
	ref := &gogithub.Reference{Ref: gogithub.String("refs/heads/x"), Object: &gogithub.GitObject{SHA: gogithub.String(id)}}
	if _, _, err := c.REST().Git.CreateRef(t.Context(), "acme", "infra", ref); err != nil {
		t.Fatal(err)
	}
	if err := source.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /repos/acme/infra/installation", "POST /app/installations/70/access_tokens",
		"POST /repos/acme/infra/git/refs", "POST /repos/acme/infra/git/refs", "DELETE /installation/token",
	}
	if diff := cmp.Diff(want, trimmed(h)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, refused := range map[string]*github.AppTokens{
		"no such app":            app("9", "acme/infra", write),
		"another app's key":      app("8", "acme/infra", write),
		"not installed there":    app("7", "acme/other", write),
		"permission not granted": app("7", "acme/infra", github.Permissions{Contents: "write", PullRequests: "write"}),
	} {
		if _, err := refused.Token(); fault.Code(err) != "E_GITHUB_APP" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// trimmed are the requests of a hub without the path of its API.
func trimmed(h *hub.Hub) (all []string) {
	for _, r := range h.Requests() {
		all = append(all, strings.ReplaceAll(r, "/api/v3", ""))
	}
	return all
}

const commit = `mutation($input: CreateCommitOnBranchInput!){ createCommitOnBranch(input:$input){ commit{ oid } } }`

// Every trouble of the hub, in the way of a mutation: what is not Lost was not done,
// and after nil it was.
func TestTroublesOfTheHub(t *testing.T) {
	lost := []hub.How{hub.Down, hub.BadGateway, hub.BadGatewayAfter, hub.Timeout, hub.Cut, hub.CutAfter, hub.SomethingWrong, hub.SomethingWrongAfter}
	waits := []hub.How{hub.Exhausted403, hub.Exhausted429, hub.Exhausted200, hub.Secondary403, hub.Secondary429, hub.Secondary200}
	h := hub.New(t)
	repo := h.Repo("acme/infra")
	head := repo.Commit("main", "one", testkit.GitFile{Path: "a.yaml", Data: "a: 1\n"})
	c := connected(t, h, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: h.Token(hub.Token{Kind: hub.AppToken})}))
	try := func() error {
		return c.Mutate(t.Context(), commit, map[string]any{"input": map[string]any{
			"branch":          map[string]any{"repositoryNameWithOwner": "acme/infra", "branchName": "main"},
			"expectedHeadOid": head, "message": map[string]any{"headline": "bump"},
			"fileChanges": map[string]any{"additions": []any{map[string]any{"path": "a.yaml", "contents": "YTogMgo="}}},
		}}, nil)
	}
	tip := func() string {
		t.Helper()
		got, _, err := c.REST().Git.GetRef(t.Context(), "acme", "infra", "heads/main")
		if err != nil {
			t.Fatal(err)
		}
		return got.GetObject().GetSHA()
	}
	for _, how := range lost {
		h.Fail("createCommitOnBranch", 1, how)
		if err := try(); github.KindOf(err) != github.Lost {
			t.Errorf("trouble %d: got %v", how, err)
		}
		head = tip()
	}
	for _, how := range waits {
		h.Fail("createCommitOnBranch", 1, how)
		before := head
		if err := try(); err != nil {
			t.Errorf("limit %d: got %v", how, err)
		}
		if head = tip(); head == before {
			t.Errorf("limit %d: nothing was written", how)
		}
	}
	head = strings.Repeat("0", 39) + "1"
	if err := try(); github.KindOf(err) != github.Stale {
		t.Errorf("got %v", err)
	}
}
