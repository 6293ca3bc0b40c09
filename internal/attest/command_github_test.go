package attest_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/cli"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// bare is an image in a registry that has nothing about it.
func bare(t *testing.T) (image string, of ref.Digest) {
	t.Helper()
	image = newStore(t, true).name
	tag, err := name.NewTag(image + ":main")
	if err != nil {
		t.Fatal(err)
	}
	made, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, made); err != nil {
		t.Fatal(err)
	}
	sum, err := made.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return image, ref.Digest(sum.String())
}

// inEnvironment is a run of the program.
func inEnvironment(t *testing.T, env map[string]string, args []string) (log string, code int) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Run(t.Context(), cli.World{Getenv: func(name string) string { return env[name] }, Stdout: &out, Stderr: &out, Now: time.Now}, args)
	return out.String(), code
}

// What GitHub keeps is asked for with `registry-token`, at the API that the environment
// names; without the two the registry is all there is. Nothing is written where nothing
// was proven.
func TestCommandsAskGitHubForAttestations(t *testing.T) {
	public := newAuthority(t, publicGood)
	trusted := rootFile(t, public)
	h := hub.New(t)
	web := h.Repo("acme/web")
	web.Set(func(s *hub.Settings) { s.Private = true })
	h.Repo("acme/other")
	mint := func(repository, permission string) string {
		return h.Token(hub.Token{Kind: hub.GitHubToken, Repos: []string{repository}, Permissions: map[string]string{permission: "read"}})
	}
	const github, registry = "GitHub's attestations of acme/web", "looked for in what is attached to it"
	tests := map[string]struct {
		token  string
		noAPI  bool
		line   string
		code   string // "" is that all is met
		says   string
		unsaid string
		asked  bool
	}{
		"a job that may read them":   {token: mint("acme/web", "attestations"), says: "acme/web: " + provenance, asked: true},
		"another workflow":           {token: mint("acme/web", "attestations"), line: "acme/web,workflow=.github/workflows/other.yml", code: "E_VERIFY_FAILED", says: github, asked: true},
		"a job without permission":   {token: mint("acme/web", "contents"), code: "E_GITHUB_AUTH", says: "`permissions: attestations: read`", asked: true},
		"a job of another workflow":  {token: mint("acme/other", "attestations"), code: "E_VERIFY_MISSING", says: github, asked: true},
		"no token":                   {code: "E_VERIFY_MISSING", says: registry, unsaid: github},
		"an API that nobody knows":   {token: mint("acme/web", "attestations"), noAPI: true, code: "E_VERIFY_MISSING", says: registry, unsaid: github},
		"a token that GitHub denies": {token: "ghs_of_yesterday", code: "E_GITHUB_AUTH", says: "Bad credentials", asked: true},
	}
	for name, test := range tests {
		for _, verb := range []string{"promote", "bump"} {
			t.Run(name+"/"+verb, func(t *testing.T) {
				image, of := bare(t)
				web.Attest(string(of), public.attest(release, of, provenance))
				folder := t.TempDir()
				file, before := filepath.Join(folder, "web.yaml"), "image: "+image+":old\n"
				write(t, file, before)
				args := map[string][]string{
					"promote": {"promote", "--from", image + ":main", "--to", "main", "--to", "prod"},
					"bump":    {"bump", "--deploy-ref", image + ":main"},
				}[verb]
				line := test.line
				if line == "" {
					line = "acme/web"
				}
				env := map[string]string{"HOME": t.TempDir(), "DOCKER_CONFIG": t.TempDir(), "GITHUB_API_URL": h.API, "GITHUB_GRAPHQL_URL": h.GraphQL, "TAGBOAT_REGISTRY_TOKEN": test.token}
				if test.noAPI { // that of github.com goes without saying
					env["GITHUB_SERVER_URL"], env["GITHUB_API_URL"] = "https://ghe.acme.example", ""
				}
				h.Requests()
				log, code := inEnvironment(t, env, append(args, "--infra-repository", folder, "--infra-mode", "files", "--trusted-root", trusted, "--verify", line))
				if !strings.Contains(log, test.code) || !strings.Contains(log, test.says) || test.unsaid != "" && strings.Contains(log, test.unsaid) {
					t.Errorf("want %s, %q and not %q:\n%s", test.code, test.says, test.unsaid, log)
				}
				if test.token != "" && strings.Contains(log, test.token) {
					t.Error("the token was printed")
				}
				var asked []string
				if test.asked {
					asked = []string{"GET /api/v3/repos/acme/web/attestations/" + string(of) + "?per_page=100"}
				}
				if diff := cmp.Diff(asked, h.Requests()); diff != "" {
					t.Errorf("GitHub was asked: -want +got\n%s", diff)
				}
				if test.code == "" {
					if want := "image: " + image + ":main@" + string(of) + "\n"; code != 0 || read(t, file) != want {
						t.Errorf("exit code %d, got %s want %s\n%s", code, read(t, file), want, log)
					}
					return
				}
				if code != 1 || read(t, file) != before || holds(t, image+":prod") {
					t.Errorf("exit code %d, and something was written: %s\n%s", code, read(t, file), log)
				}
			})
		}
	}
}
