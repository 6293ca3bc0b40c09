package login_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

// everything knows a login for each host in every way.
func everything(t *testing.T) login.Options {
	t.Helper()
	auths, err := login.ParseAuths("registry.example ada given\n")
	if err != nil {
		t.Fatal(err)
	}
	scoped, err := login.ParseAuths("- {registry: ghcr.io, scope: acme/web, username: bob, password: scoped}\n- {registry: ghcr.io, scope: acme/web/deep, username: eve, password: deep}\n- {registry: mirror.example, ecr: true}")
	if err != nil {
		t.Fatal(err)
	}
	clock := newClock()
	return login.Options{
		Auths:       append(auths, scoped...),
		HubUsername: "ada", HubToken: "hub",
		GitHubToken: "job",
		AWS:         &cloud{now: clock.now, life: time.Hour}, NoCredentials: noCredentials,
		Google: stored{"gcr.io": {Username: "_token", Password: "google"}, "eu.gcr.io": {Username: "_token", Password: "google"}, "europe-west1-docker.pkg.dev": {Username: "_token", Password: "google"}},
		Azure:  stored{"acme.azurecr.io": {Username: "<token>", IdentityToken: "azure"}},
		Docker: stored{
			"index.docker.io": {Username: "docker", Password: "old"}, "ghcr.io": {Username: "docker", Password: "old"}, "registry.example": {Username: "docker", Password: "old"},
			ecrRegistry: {Username: "docker", Password: "old"}, "gcr.io": {Username: "docker", Password: "old"}, "quay.io": {Username: "docker", Password: "old"},
			"containers.ghe.acme.example": {Username: "docker", Password: "old"}, "acme.azurecr.io": {Username: "docker", Password: "old"},
		},
		Getenv: func(name string) string { return map[string]string{"AWS_REGION": "eu-west-1"}[name] },
		Now:    clock.now,
	}
}

func TestOrder(t *testing.T) {
	const nothing = ""
	tests := map[string]struct {
		change       func(*login.Options)
		target       string
		want, source string
	}{
		"registry-auth is first":                {nil, "registry.example", "ada:given", "input registry-auth"},
		"an entry for everything below":         {nil, "ghcr.io/acme/web", "bob:scoped", "input registry-auth"},
		"… and deeper":                          {nil, "ghcr.io/acme/web/x", "bob:scoped", "input registry-auth"},
		"the narrowest entry":                   {nil, "ghcr.io/acme/web/deep", "eve:deep", "input registry-auth"},
		"no part of a word is a scope":          {nil, "ghcr.io/acme/website", "tagboat:job", "the job's token (docker's configuration has another login for ghcr.io: give it as `registry-auth` to use it)"},
		"before Docker Hub's":                   {hubAuth, "docker.io/acme/web", "ada:given", "input registry-auth"},
		"before the job's":                      {func(o *login.Options) { o.Auths = []login.Auth{{Host: "ghcr.io", Username: "a", Password: "b"}} }, "ghcr.io", "a:b", "input registry-auth"},
		"before AWS":                            {func(o *login.Options) { o.Auths = []login.Auth{{Host: ecrRegistry, Username: "a", Password: "b"}} }, ecrRegistry, "a:b", "input registry-auth"},
		"an entry for ECR":                      {nil, "mirror.example/acme/web", "AWS:token-1", "AWS, as input registry-auth says"},
		"Docker Hub":                            {nil, "docker.io", "ada:hub", "inputs dockerhub-username and dockerhub-token"},
		"an image at Docker Hub":                {nil, "index.docker.io/library/nginx", "ada:hub", "inputs dockerhub-username and dockerhub-token"},
		"Docker Hub without a token":            {func(o *login.Options) { o.HubToken = "" }, "docker.io", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker); dockerhub-token is empty: " + noSecret},
		"Docker Hub without either":             {func(o *login.Options) { o.HubUsername, o.HubToken = "", "" }, "docker.io", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
		"an entry without its password":         {noPassword("registry.example", ""), "registry.example/acme/web", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker); the password of registry-auth for registry.example is empty: " + noSecret},
		"… where the job's token does":          {noPassword("ghcr.io", ""), "ghcr.io/acme/app", "tagboat:job", "the job's token (docker's configuration has another login for ghcr.io: give it as `registry-auth` to use it); the password of registry-auth for ghcr.io is empty: " + noSecret},
		"… and a wider one that has it":         {noPassword("ghcr.io", "acme/web/deep"), "ghcr.io/acme/web/deep", "bob:scoped", "input registry-auth"},
		"… of another repository":               {noPassword("ghcr.io", "acme/api"), "ghcr.io/acme/web", "bob:scoped", "input registry-auth"},
		"the job's token":                       {func(o *login.Options) { o.GitHubUser, o.Docker = "octocat", stored{} }, "ghcr.io/acme/app", "octocat:job", "the job's token"},
		"docker's has the job's token":          {func(o *login.Options) { o.Docker = stored{"ghcr.io": {Username: "x", Password: "job"}} }, "ghcr.io", "tagboat:job", "the job's token"},
		"no token was given":                    {func(o *login.Options) { o.GitHubToken = "" }, "ghcr.io", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker); the job's token was not given"},
		"an enterprise server":                  {atGHES, "containers.ghe.acme.example/acme/web", "tagboat:job", "the job's token (docker's configuration has another login for containers.ghe.acme.example: give it as `registry-auth` to use it)"},
		"its token is not for github.com":       {atGHES, "ghcr.io/acme/app", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
		"ghe.com":                               {func(o *login.Options) { o.GitHubServer = "https://acme.ghe.com" }, "containers.acme.ghe.com", "tagboat:job", "the job's token"},
		"AWS":                                   {nil, ecrRegistry + "/acme/web", "AWS:token-1", "AWS"},
		"AWS's public registry":                 {nil, "public.ecr.aws/acme/web", "AWS:token-1", "AWS"},
		"AWS has none":                          {func(o *login.Options) { o.AWS = &cloud{fails: errNone} }, ecrRegistry, "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker); AWS gave none: no credentials of AWS"},
		"AWS is not asked":                      {func(o *login.Options) { o.AWS = nil }, ecrRegistry, "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
		"denied at AWS, to pull what is public": {func(o *login.Options) { o.AWS = &cloud{fails: fault.Newf("E_AWS_AUTH", "", "denied")} }, "public.ecr.aws/docker/library/nginx", nothing, "docker's config.json (in $DOCKER_CONFIG, else ~/.docker); AWS gave none: denied"},
		"Google":                                {nil, "gcr.io/acme/web", "_token:google", "Google's credentials"},
		"an old region of Google":               {nil, "eu.gcr.io/acme/web", "_token:google", "Google's credentials"},
		"Google's Artifact Registry":            {nil, "europe-west1-docker.pkg.dev/acme/web", "_token:google", "Google's credentials"},
		"Google has none":                       {func(o *login.Options) { o.Google = stored{} }, "gcr.io", "docker:old", "Google's credentials"},
		"nothing speaks of Google":              {func(o *login.Options) { o.Google = nil }, "gcr.io", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
		"Azure":                                 {nil, "acme.azurecr.io/web", "<token>:azure", "Azure's credentials (AZURE_*)"},
		"nothing speaks of Azure":               {func(o *login.Options) { o.Azure = nil }, "acme.azurecr.io", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
		"docker's configuration":                {nil, "quay.io/acme/web", "docker:old", "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
		"nobody knows any":                      {nil, "unknown.example/acme/web", nothing, "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := everything(t)
			if test.change != nil {
				test.change(&o)
			}
			k := login.New(o)
			got, err := resolved(t, k, test.target)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
			if source := k.Source(test.target); source != test.source {
				t.Errorf("they come from %q, want %q", source, test.source)
			}
		})
	}
}

const noSecret = "a secret that does not exist is empty, and so is every secret in a run for a fork or Dependabot"

// noPassword takes the password out of the entries for a host below a scope, or adds
// such an entry.
func noPassword(host, scope string) func(*login.Options) {
	return func(o *login.Options) {
		empty := login.Auth{Host: host, Scope: scope, Username: "ada"}
		for i, auth := range o.Auths {
			if auth.Host == host && auth.Scope == scope {
				o.Auths[i] = empty
				return
			}
		}
		o.Auths = append(o.Auths, empty)
	}
}

func hubAuth(o *login.Options) {
	o.Auths = []login.Auth{{Host: "docker.io", Username: "ada", Password: "given"}}
}

func atGHES(o *login.Options) { o.GitHubServer, o.Auths = "https://ghe.acme.example/", nil }

func TestNoWayOut(t *testing.T) {
	tests := map[string]struct {
		change func(*login.Options)
		target string
		code   string
		text   string
	}{
		"AWS denies":                    {func(o *login.Options) { o.AWS = &cloud{fails: fault.Newf("E_AWS_ROLE", "", "denied")} }, ecrRegistry, "E_AWS_ROLE", "denied"},
		"AWS denies for a mirror":       {func(o *login.Options) { o.AWS = &cloud{fails: fault.Newf("E_AWS_ROLE", "", "denied")} }, "mirror.example/web", "E_AWS_ROLE", "mirror.example: denied"},
		"only AWS will do":              {func(o *login.Options) { o.AWS = &cloud{fails: errNone} }, "mirror.example/web", "E_REGISTRY_AUTH", "registry-auth says that it is ECR's"},
		"only AWS, which is not asked":  {func(o *login.Options) { o.AWS = nil }, "mirror.example/web", "E_REGISTRY_AUTH", "asks no cloud"},
		"only AWS, in no region":        {func(o *login.Options) { o.Getenv = nil }, "mirror.example/web", "E_REGISTRY_AUTH", "in which region"},
		"a credential helper is broken": {func(o *login.Options) { o.Docker = broken{} }, "quay.io", "E_REGISTRY_AUTH", "docker-credential-desktop"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := everything(t)
			test.change(&o)
			_, err := resolved(t, login.New(o), test.target)
			if !fault.Is(err, test.code) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %s with %q", err, test.code, test.text)
			}
		})
	}
}

// Whoever stands for a registry of ECR takes a token of the region's.
func TestMirrorOfECR(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "000000000000.dkr.ecr.eu-west-1.amazonaws.com",
		"us-gov-east-1": "000000000000.dkr.ecr.us-gov-east-1.amazonaws.com",
		"cn-north-1":    "000000000000.dkr.ecr.cn-north-1.amazonaws.com.cn",
		"us-iso-east-1": "000000000000.dkr.ecr.us-iso-east-1.c2s.ic.gov",
	} {
		o := everything(t)
		o.Getenv = func(name string) string { return map[string]string{"AWS_DEFAULT_REGION": region}[name] }
		if _, err := resolved(t, login.New(o), "mirror.example"); err != nil {
			t.Fatal(err)
		}
		if got := o.AWS.(*cloud).asked; len(got) != 1 || got[0] != want {
			t.Errorf("AWS was asked for %v, want %s", got, want)
		}
	}
}

// Everything secret is masked, before it is used, and nothing else.
func TestMask(t *testing.T) {
	o := everything(t)
	masked := map[string]bool{}
	o.Mask = func(secret string) { masked[secret] = true }
	k := login.New(o)
	for _, secret := range []string{"given", "scoped", "deep", "hub", "job"} {
		if !masked[secret] {
			t.Errorf("%q is not masked from the start", secret)
		}
	}
	for target, secret := range map[string]string{ecrRegistry: "token-1", "quay.io": "old", "gcr.io": "google", "acme.azurecr.io": "azure"} {
		if _, err := resolved(t, k, target); err != nil || !masked[secret] {
			t.Errorf("%q is not masked, %v", secret, err)
		}
	}
	if !masked["QVdTOnRva2VuLTE="] { // AWS:token-1, as docker's configuration has it
		t.Error("what is sent is not masked")
	}
	for _, plain := range []string{"", "AWS", "ada", "docker", "111122223333", "_token", "<token>"} {
		if masked[plain] {
			t.Errorf("%q is masked", plain)
		}
	}
}

func TestResolveIsOfBothKinds(t *testing.T) {
	var _ authn.ContextKeychain = login.New(login.Options{})
	k := authn.Keychain(login.New(everything(t)))
	auth, err := k.Resolve(resource(t, "registry.example"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := auth.Authorization()
	if err != nil || config.Password != "given" {
		t.Errorf("got %+v, %v", config, err)
	}
}
