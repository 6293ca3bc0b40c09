package cli_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// preflight is a ship to three registries and an infra repository on github.com.
type preflight struct {
	roads roads
	env   map[string]string
	dir   string
}

// newPreflight makes the world, and the folders app and infra.
func newPreflight(t testing.TB, event string, delay time.Duration) *preflight {
	t.Helper()
	p := &preflight{roads: roads{delay: delay}, dir: t.TempDir()}
	w := newScriptWorld(t)
	w.through = p.roads.to
	w.populate(t, testkit.GHCR{Password: worldJobToken}, testkit.DockerHub{User: worldHubUser, Password: worldHubToken}, testkit.ECR{Immutable: true})
	w.aws.AddRepository(aws.Repository{Account: worldAccount, Region: "us-gov-west-1", Name: "acme/web"})
	image, err := imageOf("/base.txt", "base\n")
	if err != nil {
		t.Fatal(err)
	}
	w.registries["ghcr.io"].Put("acme/web", "old", image)
	p.env = w.job()
	for _, setting := range w.Env() {
		name, value, _ := strings.Cut(setting, "=")
		p.env[name] = value
	}
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "https_proxy"} {
		delete(p.env, name)
	}
	p.env["HTTPS_PROXY"] = p.roads.proxy(t, p.env["HTTPS_PROXY"])
	p.infra(t, &w)
	p.workflow(t, event)
	return p
}

// infra is acme/infra, and the repository that is built.
func (p *preflight) infra(t testing.TB, w *scriptWorld) {
	t.Helper()
	github := hub.New(t)
	github.Token(hub.Token{Value: "ghp_s3cr3t0fInfra", Kind: hub.Classic, Login: "octocat"})
	github.Repo("acme/infra").Commit("main", "Begin", testkit.GitFile{Path: "apps/web.yaml",
		Data: "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: ghcr.io/acme/web:v0.0.0\n"})
	w.openGitHub(github)
	app := testkit.NewGitRepo(t, filepath.Join(p.dir, "app"))
	app.Commit("main", "Begin", testkit.GitFile{Path: "Dockerfile", Data: "FROM scratch\nCOPY hello.txt /\n"}, testkit.GitFile{Path: "hello.txt", Data: "hello\n"})
	app.Git("reset", "--quiet", "--hard", "main")
}

// workflow is the environment of a step that an event has started.
func (p *preflight) workflow(t testing.TB, event string) {
	t.Helper()
	var all map[string]map[string]string
	data, err := os.ReadFile(absolute("../../testdata/events/env.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	maps.Copy(p.env, all[event+".json"])
	inputs, err := json.Marshal(map[string]string{
		"images": "ghcr.io/acme/web\nacme/web\n" + worldGov + "/acme/web", "context": filepath.Join(p.dir, "app"), "source-repository": filepath.Join(p.dir, "app"),
		"registry-token": worldJobToken, "dockerhub-username": worldHubUser, "dockerhub-token": worldHubToken, "aws-role": worldGovRole,
		"infra-repository": "acme/infra", "infra-token": "ghp_s3cr3t0fInfra", "infra-paths": "apps",
	})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(p.env, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": absolute("../../testdata/events/" + event + ".json"), "GITHUB_REPOSITORY": "acme/web", "GITHUB_RUN_ID": "42",
		"RUNNER_TEMP": p.dir, "HOME": p.dir, "DOCKER_CONFIG": filepath.Join(p.dir, "docker"), "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.Getenv("PATH"),
		"AWS_EC2_METADATA_DISABLED": "true", "INPUTS": string(inputs),
	})
}

// run ships, and calls checked when the step check is over, which has to go well.
func (p *preflight) run(t testing.TB, checked func()) {
	t.Helper()
	command := exec.Command("tagboat", "ship")
	for name, value := range p.env {
		command.Env = append(command.Env, name+"="+value)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	over := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		if lines.Text() == "::group::version" {
			over = true
			checked()
		}
	}
	if err := command.Wait(); err != nil || !over {
		t.Fatalf("%v\n%s", err, log.String())
	}
}

// On a network where an answer takes 50 ms, what a ship looks at before it builds is
// known within 2 s: no more than forty waits follow one another.
func TestPreflightWaitsForFewAnswersInARow(t *testing.T) {
	const most = 40
	for _, event := range []string{"push.main", "push.tag-version"} {
		t.Run(event, func(t *testing.T) {
			p := newPreflight(t, event, 20*time.Millisecond)
			chain, all := 0, 0
			p.run(t, func() { chain, all = p.roads.count() })
			t.Logf("%d waits, of which %d in a row", all, chain)
			if chain == 0 || chain > most {
				t.Errorf("%d waits follow one another, want at most %d", chain, most)
			}
		})
	}
}
