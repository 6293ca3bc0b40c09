//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

const (
	gitHubToken = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
	hubToken    = "dckr_pat_0123456789abcdefghijklmno"
	ecrRegion   = "eu-west-1"
	ecrHost     = aws.Account + ".dkr.ecr." + ecrRegion + ".amazonaws.com"
	jobsHost    = "run-actions-1-azure-eastus.actions.githubusercontent.com"
)

// TestAJobPushesToTheGreatRegistries builds once for GHCR, Docker Hub and ECR, under
// their names and with their manners, each in front of Docker's own registry. The
// logins are those of the job; tokens of GHCR and Docker Hub are for nine requests.
// In a later step crane and buildx read what was pushed.
func TestAJobPushesToTheGreatRegistries(t *testing.T) {
	w, s := world.New(t), newShop(t)
	cloud, issuer := amazon(t, w)
	older, err := random.Image(100, 1)
	check(t, err)
	for names, option := range map[string]testkit.RegistryOption{
		"ghcr.io": testkit.RegistryGHCR(testkit.GHCR{Password: gitHubToken}),
		"registry-1.docker.io index.docker.io auth.docker.io": testkit.RegistryDockerHub(testkit.DockerHub{User: "acme", Password: hubToken}),
		ecrHost: testkit.RegistryECR(testkit.ECR{
			Password: func(password string) (ok, expired bool) {
				ok = cloud.ValidIn(ecrRegion, password)
				return ok, !ok && slices.Contains(cloud.Issued(), password)
			},
			HasRepository: func(name string) bool { return cloud.HasRepository(ecrRegion, name) },
			Immutable:     true, Mutable: []string{"pr-*"},
		}),
	} {
		real := "http://" + testkit.Program{}.Start(t)
		registry := testkit.NewRegistry(t, option, testkit.RegistryBehind(real), testkit.RegistryTokens(9))
		if names == "ghcr.io" { // what has a manifest and no tag yet is to Docker's registry as if it were not there
			registry.Put("acme/web", "v0.0.0", older)
		}
		for name := range strings.FieldsSeq(names) {
			w.Handle(name, registry)
		}
	}
	w.Secret(gitHubToken, "ghcr.io")
	w.Secret(hubToken, "auth.docker.io")

	args := []string{
		"-s", "GITHUB_TOKEN=" + gitHubToken, "-s", "DOCKERHUB_TOKEN=" + hubToken,
		"--env", "ACTIONS_ID_TOKEN_REQUEST_URL=" + issuer.URL("https://"+jobsHost), "--env", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + issuer.Bearer,
		"--env", "AWS_EC2_METADATA_DISABLED=true", "--env", "AWS_CONFIG_FILE=/dev/null", "--env", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
	}
	for _, line := range w.Env() {
		args = append(args, "--env", line)
	}
	r := s.act("registries.yml", "push", s.push(), args...)
	r.succeeded(t)
	built := r.outputs["build"]
	if want := 3; len(lines(built["images"])) != want || built["tags"] != "v0.0.1" {
		t.Errorf("it pushed %v, want %d images", built, want)
	}
	for _, host := range []string{"ghcr.io", "docker.io", ecrHost} {
		r.want(t, host, map[string]string{"crane": built["digest"], "buildx": built["digest"]})
	}
	if len(issuer.Issued()) == 0 || len(cloud.Issued()) == 0 {
		t.Errorf("nobody logged in by OIDC: %v", cloud.Actions())
	}
	for _, secret := range slices.Concat([]string{gitHubToken, hubToken, issuer.Bearer}, issuer.Issued(), cloud.Issued()) {
		for line := range strings.Lines(r.log) {
			if strings.Contains(line, secret) && !strings.Contains(line, `"command":"add-mask"`) {
				t.Errorf("a secret is in the log: %s", line)
			}
		}
	}
}

// amazon is an AWS with a role for the jobs of acme/web.
func amazon(t *testing.T, w *world.World) (*aws.AWS, *aws.Issuer) {
	t.Helper()
	cloud, issuer := aws.New(t), aws.NewIssuer(t)
	cloud.Add(aws.Role{ARN: "arn:aws:iam::" + aws.Account + ":role/push", Subjects: []string{"repo:acme/web:*"}})
	w.Handle("sts."+ecrRegion+".amazonaws.com", cloud)
	w.Handle("api.ecr."+ecrRegion+".amazonaws.com", cloud)
	w.Handle(jobsHost, issuer)
	return cloud, issuer
}
