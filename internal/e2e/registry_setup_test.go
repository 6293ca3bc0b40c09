//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// The login of registries that want one.
const (
	reader   = "ada"
	password = "s3cret: with a space"
)

// lab is an application's checkout, the program tagboat, and the environment that
// it and other programs are run with.
type lab struct {
	t       *testing.T
	world   *world.World // its authority signs what registries here show
	tagboat string
	dir     string
	env     []string
}

// newLab needs docker with buildx, and the tools of .ci/e2e.
func newLab(t *testing.T) *lab {
	t.Helper()
	if out, err := exec.Command("docker", "buildx", "inspect").CombinedOutput(); err != nil {
		t.Fatalf("docker with buildx is needed; .ci/docker start gives one: %v\n%s", err, out)
	}
	root, err := filepath.Abs("../..")
	check(t, err)
	l := &lab{
		t: t, world: world.New(t), tagboat: filepath.Join(root, ".cache", "e2e", "tagboat"), dir: filepath.Join(t.TempDir(), "app"),
		env: []string{"BUILDX_CONFIG=" + t.TempDir(), "TMPDIR=" + t.TempDir()},
	}
	// With the flags of actions/setup/install.sh, so that both compile the same packages.
	l.in("CGO_ENABLED=0").output("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", l.tagboat, "github.com/seed-96940006/tagboat/cmd/tagboat")
	check(t, os.CopyFS(l.dir, os.DirFS(filepath.Join(root, "testdata", "app"))))
	l.commit()
	return l
}

// commit makes what is in the checkout one commit.
func (l *lab) commit() {
	l.t.Helper()
	l.output("git", "-C", l.dir, "init", "--quiet", "--initial-branch=main")
	l.output("git", "-C", l.dir, "add", "--all")
	l.output("git", "-C", l.dir, "-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "commit", "--quiet", "--message=Begin")
}

// result is what a program said.
type result struct {
	out, log string // of its two streams
	err      error
}

// at is the lab of a part of the test.
func (l *lab) at(t *testing.T) *lab {
	part := *l
	part.t = t
	return &part
}

// in is the lab with more in its environment.
func (l *lab) in(env ...string) *lab {
	more := *l
	more.env = append(append([]string(nil), l.env...), env...)
	return &more
}

// run runs a program. One that never ends is ended, and fails.
func (l *lab) run(name string, args ...string) result {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), l.env...)
	if _, err := os.Stat(l.dir); err == nil {
		cmd.Dir = l.dir
	}
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	return result{out.String(), log.String(), err}
}

// output is what a program that must end well wrote to its standard output.
func (l *lab) output(name string, args ...string) string {
	l.t.Helper()
	r := l.run(name, args...)
	if r.err != nil {
		l.t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), r.err, r.out, r.log)
	}
	return strings.TrimSpace(r.out)
}

// outputs are those of a verb of tagboat.
type outputs struct {
	Digest, Tag, Tags, Images string
}

// verb runs a verb of tagboat that must end well.
func (l *lab) verb(args ...string) (o outputs) {
	l.t.Helper()
	check(l.t, json.Unmarshal([]byte(l.succeeds(append(args, "--json")...).out), &o))
	return o
}

// log is that of a verb that must end well.
func (l *lab) log(args ...string) string {
	l.t.Helper()
	return l.succeeds(args...).log
}

func (l *lab) succeeds(args ...string) result {
	l.t.Helper()
	r := l.tell(args...)
	if r.err != nil {
		l.t.Fatalf("tagboat %s: %v\n%s%s", strings.Join(args, " "), r.err, r.out, r.log)
	}
	return r
}

// tell runs a verb, which trusts the authority. It must not tell the password.
func (l *lab) tell(args ...string) result {
	l.t.Helper()
	r := l.run(l.tagboat, append(args, "--ca-file", l.world.CAFile())...)
	if strings.Contains(r.log+r.out, password) {
		l.t.Errorf("tagboat %s tells the password:\n%s%s", args[0], r.out, r.log)
	}
	return r
}

// fails runs a verb that must fail with this code and a hint, and gives its log.
func (l *lab) fails(code string, args ...string) string {
	l.t.Helper()
	r := l.tell(args...)
	if r.err == nil || !strings.Contains(r.log, "["+code+"]") || !strings.Contains(r.log, "\n hint: ") {
		l.t.Errorf("tagboat %s: %v, want %s with a hint\n%s", strings.Join(args, " "), r.err, code, r.log)
	}
	return r.log
}

// private starts docker-registry of Debian with TLS of the world's authority, for
// those who know the password alone.
func (l *lab) private() (host string) {
	l.t.Helper()
	cert, key := l.world.Issue("127.0.0.1")
	return testkit.Program{User: reader, Password: password, CertFile: cert, KeyFile: key}.Start(l.t)
}

// knowing is the lab in which tagboat has the login of hosts.
func (l *lab) knowing(hosts ...string) *lab {
	var lines []string
	for _, host := range hosts {
		lines = append(lines, host+" "+reader+" "+password)
	}
	return l.in("TAGBOAT_REGISTRY_AUTH=" + strings.Join(lines, "\n"))
}

// loggedIn is the lab in which docker and others have the login of hosts, as
// `tagboat login` writes it, and buildx trusts their certificates.
func (l *lab) loggedIn(hosts ...string) *lab {
	l.t.Helper()
	folder := l.t.TempDir()
	args := []string{"login", "--docker-config", folder}
	for _, host := range hosts {
		args = append(args, "--registries", host)
	}
	l.knowing(hosts...).verb(args...)
	known := l.in("DOCKER_CONFIG="+folder, "SSL_CERT_FILE="+l.world.CAFile(), "BUILDX_CONFIG="+l.t.TempDir())
	known.trust(hosts...)
	return known
}

// trust makes a builder, which is never started, for the settings in which buildx
// looks up how registries are spoken to.
func (l *lab) trust(hosts ...string) {
	l.t.Helper()
	var text strings.Builder
	for _, host := range hosts {
		text.WriteString("[registry.\"" + host + "\"]\n  http = false\n  ca = [\"" + l.world.CAFile() + "\"]\n")
	}
	file := filepath.Join(l.t.TempDir(), "buildkitd.toml")
	check(l.t, os.WriteFile(file, []byte(text.String()), 0o600))
	l.output("docker", "buildx", "create", "--name=trusting", "--driver=docker-container", "--buildkitd-config", file, "--use")
}

// raw is a manifest as buildx reads it. That it fits the digest is checked.
func (l *lab) raw(image, digest string) string {
	l.t.Helper()
	manifest := l.run("docker", "buildx", "imagetools", "inspect", "--raw", image)
	if manifest.err != nil {
		l.t.Fatalf("buildx cannot read %s: %v\n%s", image, manifest.err, manifest.log)
	}
	sum := sha256.Sum256([]byte(manifest.out))
	if got := "sha256:" + hex.EncodeToString(sum[:]); got != digest {
		l.t.Errorf("buildx reads %s from %s, want %s:\n%s", got, image, digest, manifest.out)
	}
	return manifest.out
}
