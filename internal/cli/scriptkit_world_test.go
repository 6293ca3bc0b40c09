package cli_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// scriptWorld are the registries and clouds of one script, by their own names.
type scriptWorld struct {
	*world.World
	tb         testing.TB
	aws        *aws.AWS
	issuer     *aws.Issuer
	registries map[string]*testkit.Registry    // by the domain that images have
	keys       []string                        // secrets of users
	told       int                             // requests that were written to a file
	uses       int                             // of a token of GHCR and Docker Hub; 0 is no end
	through    func(http.Handler) http.Handler // the way to each host; nil is none
}

// worldKey is what a script keeps it by.
type worldKey struct{}

// The names and secrets of a script's world.
const (
	worldAccount  = "123456789012"
	worldGov      = worldAccount + ".dkr.ecr.us-gov-west-1.amazonaws.com"
	worldGovRole  = "arn:aws-us-gov:iam::" + worldAccount + ":role/push"
	worldChina    = worldAccount + ".dkr.ecr.cn-north-1.amazonaws.com.cn"
	worldPublic   = "public.ecr.aws"
	worldIssuer   = "run-actions.actions.githubusercontent.com"
	worldJobToken = "ghs_s3cr3t0fTheJob"
	worldHubUser  = "acme"
	worldHubToken = "dckr_pat_s3cr3t0fAcme"
)

// world SUBCOMMAND ARG… starts the hosts of registries and clouds and does things
// with them; testdata/script/README.md has the list.
func (k scriptKit) world(ts *testscript.TestScript, neg bool, args []string) {
	verbs := map[string]struct {
		do    func(ts *testscript.TestScript, w *scriptWorld, args []string)
		least int
	}{
		"start": {k.worldStart, 0}, "workflow": {k.worldWorkflow, 1}, "role": {worldRole, 1}, "keys": {worldKeys, 1},
		"repository": {worldRepository, 2}, "own": {worldOwn, 1}, "put": {worldPut, 1}, "fill": {worldFill, 2},
		"holds": {worldHolds, 1}, "same": {worldSame, 2}, "digest": {worldDigest, 2}, "inspect": {worldInspect, 2}, "pull": {worldPull, 2},
		"made": {worldMade, 1}, "requests": {worldRequests, 1}, "hides": {worldHides, 1},
		"aws": {worldAWS, 1}, "fail": {worldFail, 2}, "html": {worldHTML, 1}, "leads": {worldLeads, 2}, "refuse": {worldRefuse, 2}, "strangers": {worldStrangers, 0}, "github": {worldGitHub, 0},
		"expire": {worldExpire, 0}, "password": {worldPassword, 1}, "heal": {worldHeal, 0},
	}
	if neg || len(args) == 0 || verbs[args[0]].do == nil || len(args)-1 < verbs[args[0]].least {
		ts.Fatalf("usage: world start|workflow|role|keys|repository|own|put|fill|holds|same|digest|inspect|pull|made|requests|hides|aws|fail|html|leads|refuse|strangers|github|expire|password|heal …")
	}
	verbs[args[0]].do(ts, ts.Value(worldKey{}).(*scriptWorld), args[1:])
}

// ofScript fails the test in the name of a script, and ends with it.
type ofScript struct {
	testing.TB
	script *testscript.TestScript
}

func (o ofScript) Helper() {}

func (o ofScript) Errorf(format string, args ...any) {
	o.TB.Errorf(o.script.Name()+": "+format, args...)
}

func (o ofScript) Cleanup(f func()) { o.script.Defer(f) }

// start [pulls=N] [burst=N] [token-uses=N] [denies=PATH] [read-only] [immutable] [mutable=GLOB] starts
// ghcr.io, Docker Hub, ECR in GovCloud and in China, the public ECR, AWS, and what
// gives jobs their OIDC tokens, and makes the environment such that they are reached.
func (k scriptKit) worldStart(ts *testscript.TestScript, w *scriptWorld, args []string) {
	tb := ofScript{k.t, ts}
	*w = newScriptWorld(tb)
	ghcr := testkit.GHCR{Password: worldJobToken}
	hub := testkit.DockerHub{User: worldHubUser, Password: worldHubToken, Public: []string{"library/"}}
	var rules testkit.ECR
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		var err error
		switch name {
		case "pulls":
			hub.Pulls, err = strconv.Atoi(value)
		case "burst":
			ghcr.Burst, err = strconv.Atoi(value)
		case "denies":
			ghcr.Denied = append(ghcr.Denied, value)
		case "token-uses":
			w.uses, err = strconv.Atoi(value)
		case "read-only":
			hub.ReadOnly = true
		case "immutable":
			rules.Immutable = true
		case "mutable":
			rules.Mutable = append(rules.Mutable, value)
		default:
			ts.Fatalf("there is no world that is %q", arg)
		}
		ts.Check(err)
	}
	w.populate(tb, ghcr, hub, rules)
	for _, setting := range w.Env() {
		// what a runner in a company has, and no more
		if name, value, _ := strings.Cut(setting, "="); slices.Contains([]string{"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"}, name) {
			ts.Setenv(name, value)
		}
	}
	for name, value := range map[string]string{
		"GOV": worldGov, "CHINA": worldChina, "JOB_TOKEN": worldJobToken, "HUB_TOKEN": worldHubToken,
		"CA_FILE": w.CAFile(), "GOV_ROLE": worldGovRole,
		"AWS_EC2_METADATA_DISABLED": "true", // no script asks the machine that it runs on
	} {
		ts.Setenv(name, value)
	}
}

// newScriptWorld is one without hosts, but with the role push in GovCloud.
func newScriptWorld(tb testing.TB) scriptWorld {
	w := scriptWorld{tb: tb, World: world.New(tb), aws: aws.New(tb), issuer: aws.NewIssuer(tb), registries: map[string]*testkit.Registry{}}
	w.aws.Add(aws.Role{ARN: worldGovRole, Subjects: []string{"repo:acme/web:*"}})
	return w
}

// populate gives every host its handler.
func (w *scriptWorld) populate(tb testing.TB, ghcr testkit.GHCR, hub testkit.DockerHub, rules testkit.ECR) {
	w.registries["ghcr.io"] = testkit.NewRegistry(tb, testkit.RegistryGHCR(ghcr), testkit.RegistryTokens(w.uses))
	w.registries["docker.io"] = testkit.NewRegistry(tb, testkit.RegistryDockerHub(hub), testkit.RegistryTokens(w.uses))
	w.open("ghcr.io", w.registries["ghcr.io"])
	for _, host := range []string{"index.docker.io", "registry-1.docker.io", "auth.docker.io"} {
		w.open(host, w.registries["docker.io"])
	}
	for host, region := range map[string]string{worldGov: "us-gov-west-1", worldChina: "cn-north-1"} {
		rules.Password = w.passwords(region)
		rules.Blobs = "prod-" + region + "-starport-layer-bucket.s3." + region + ".amazonaws.com"
		rules.HasRepository = func(name string) bool { return w.aws.HasRepository(region, name) }
		w.registries[host] = testkit.NewRegistry(tb, testkit.RegistryECR(rules))
		w.open(host, w.registries[host])
		w.open(rules.Blobs, w.registries[host].Storage())
	}
	w.registries[worldPublic] = testkit.NewRegistry(tb, testkit.RegistryGHCR(testkit.GHCR{Password: worldJobToken, Public: []string{"acme/"}}))
	w.open(worldPublic, w.public())
	for _, host := range []string{
		"sts.us-gov-west-1.amazonaws.com", "api.ecr.us-gov-west-1.amazonaws.com",
		"sts.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn",
		"sts.us-east-1.amazonaws.com", "api.ecr-public.us-east-1.amazonaws.com",
	} {
		w.open(host, w.aws)
	}
	w.open(worldIssuer, w.issuer)
	w.Secret(worldJobToken, "ghcr.io")
	w.Secret(worldHubToken, "auth.docker.io")
	w.Secret(w.issuer.Bearer, worldIssuer)
}

// open lets a handler answer for a host.
func (w *scriptWorld) open(host string, handler http.Handler) {
	if w.through != nil {
		handler = w.through(handler)
	}
	w.Handle(host, handler)
}

// passwords are those of ECR's registries in a region.
func (w *scriptWorld) passwords(region string) func(string) (ok, expired bool) {
	return func(password string) (ok, expired bool) {
		ok = w.aws.ValidIn(region, password)
		return ok, !ok && slices.Contains(w.aws.Issued(), password)
	}
}

// public is the public ECR: a token for anybody, or for a password of AWS.
func (w *scriptWorld) public() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, request *http.Request) {
		if user, password, ok := request.BasicAuth(); ok && user == "AWS" && w.aws.ValidIn("public", password) {
			request.SetBasicAuth(user, worldJobToken)
		}
		w.registries[worldPublic].ServeHTTP(rw, request)
	})
}

// workflow EVENT is the command workflow on github.com, in a job that may ask for
// OIDC tokens.
func (k scriptKit) worldWorkflow(ts *testscript.TestScript, w *scriptWorld, args []string) {
	k.workflow(ts, false, args)
	for name, value := range w.job() {
		ts.Setenv(name, value)
	}
}

// job is the environment of a job on github.com that may ask for OIDC tokens.
func (w *scriptWorld) job() map[string]string {
	return map[string]string{
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "https://api.github.com", "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
		"ACTIONS_ID_TOKEN_REQUEST_URL": w.issuer.URL("https://" + worldIssuer), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": w.issuer.Bearer,
	}
}
