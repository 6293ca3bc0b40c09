//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoginIsForDockerToo logs the real docker in and out: in between it pulls what
// tagboat pushed, and tagboat finds what it pushed.
func TestLoginIsForDockerToo(t *testing.T) {
	l := newLab(t)
	host := l.private()
	image := host + "/acme/web"
	built := l.knowing(host).verb("build", "--images", image)
	l.refused(image + ":v0.0.1")

	line := l.knowing(host).output(l.tagboat, "login", "--registries", host, "--ca-file", l.world.CAFile())
	folder, found := strings.CutPrefix(line, "export DOCKER_CONFIG='")
	folder, ended := strings.CutSuffix(folder, "'")
	if !found || !ended {
		t.Fatalf("it wrote %q", line)
	}
	in := l.in("DOCKER_CONFIG="+folder, "SSL_CERT_FILE="+l.world.CAFile())
	in.pull(image + ":v0.0.1")
	if got := in.output("crane", "digest", image+":v0.0.1"); got != built.Digest {
		t.Errorf("crane finds %s, want %s", got, built.Digest)
	}
	in.output("docker", "pull", "--quiet", image+":v0.0.1")
	in.output("docker", "tag", image+":v0.0.1", image+":theirs")
	in.output("docker", "push", "--quiet", image+":theirs")
	in.output("docker", "image", "rm", image+":v0.0.1", image+":theirs")
	if got := in.output(l.tagboat, "exists", "--image", image+":theirs", "--ca-file", l.world.CAFile()); !strings.Contains(got, "true") {
		t.Errorf("by docker's configuration tagboat finds %q", got)
	}

	if got := in.output(l.tagboat, "logout"); got != "unset DOCKER_CONFIG" && !strings.HasPrefix(got, "export DOCKER_CONFIG=") {
		t.Errorf("logout wrote %q", got)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", folder, err)
	}
	in.refused(image + ":v0.0.1")
}

// refused checks that docker cannot pull an image, for want of a login. Docker's own
// words are those of its next attempt, without TLS.
func (l *lab) refused(image string) {
	l.t.Helper()
	if r := l.run("docker", "pull", "--quiet", image); r.err == nil {
		l.t.Errorf("docker pulls %s without a login", image)
	}
	if r := l.in("SSL_CERT_FILE="+l.world.CAFile()).run("crane", "digest", image); r.err == nil || !strings.Contains(r.log, "UNAUTHORIZED") {
		l.t.Errorf("crane digest %s without a login: %v\n%s", image, r.err, r.log)
	}
}

// TestLoginIsAStepForOthers logs in by the action, in a real workflow, whose later
// steps use docker and crane, and log out.
func TestLoginIsAStepForOthers(t *testing.T) {
	l := newLab(t)
	host := l.private()
	image := host + "/acme/web:v0.0.1"
	built := l.knowing(host).verb("build", "--images", host+"/acme/web")
	s := newShop(t)
	ca := filepath.Join(s.dir, "ca.pem")
	check(t, copyFile(l.world.CAFile(), ca))
	s.git(s.dir, "add", "--all")
	s.git(s.dir, "commit", "--quiet", "--message=Trust the authority of acme")
	r := s.act("login.yml", "push", s.push(), "--env", "HOST="+host, "--env", "PULLED="+image, "-s", "REGISTRY_PASSWORD="+password)
	r.succeeded(t)
	r.want(t, "pulled", map[string]string{"digest": built.Digest, "label": l.output("git", "rev-parse", "HEAD")})
	r.want(t, "refused", map[string]string{"docker": "refused", "crane": "UNAUTHORIZED"})
	for line := range strings.Lines(r.log) {
		if strings.Contains(line, password) && !strings.Contains(line, `"command":"add-mask"`) {
			t.Errorf("the password is in the log: %s", line)
		}
	}
	l.refused(image)
}
