//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// heavy is an image whose layers take a while to be sent.
func heavy(t *testing.T) (folder, digest string) {
	t.Helper()
	image, err := random.Image(8<<20, 3)
	check(t, err)
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}},
	})
	return layoutOf(t, index)
}

// tags are all that a registry lists, where it knows the repository.
func tags(t *testing.T, host, path string) []string {
	t.Helper()
	answer, err := http.Get("http://" + host + "/v2/" + path + "/tags/list")
	check(t, err)
	defer answer.Body.Close()
	var list struct{ Tags []string }
	check(t, json.NewDecoder(answer.Body).Decode(&list))
	return list.Tags
}

// TestARegistryIsKilledInTheMiddleOfAPush kills one of two registries while a layer
// is sent. It has no tag then, and the other one all. The next run completes it.
func TestARegistryIsKilledInTheMiddleOfAPush(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	folder, digest := heavy(t)
	steady := testkit.NewRegistry(t, testkit.RegistryOnDisk(t.TempDir()))
	for _, name := range []string{"docker-registry", "distribution"} {
		t.Run(name, func(t *testing.T) {
			l := l.at(t)
			s, path := startServer(t, name, t.TempDir()), "acme/"+name
			w := newWire(t, s)
			push := []string{"push", "--from", folder, "--tags", "raw=v0.0.1", "--tags", "raw=latest", "--images", w.host + "/" + path, "--images", steady.Host + "/" + path}
			w.after(5<<20, func() {
				w.cut()
				s.kill()
			})
			if log := l.fails("E_REGISTRY_UNREACHABLE", push...); !strings.Contains(log, "nothing listens there") {
				t.Errorf("it does not say why:\n%s", log)
			}
			s.start()
			w.open()
			if here, there := tags(t, w.host, path), tags(t, steady.Host, path); len(here) != 0 || len(there) != 2 {
				t.Errorf("after the failure it has the tags %v, and the other registry %v", here, there)
			}
			if got := l.verb(push...); got.Digest != digest {
				t.Errorf("the next run pushed %+v, want %s", got, digest)
			}
			for _, host := range []string{w.host, steady.Host} {
				l.children(host+"/"+path+":v0.0.1", digest)
				l.children(host+"/"+path+":latest", digest)
			}
		})
	}
}

// TestARegistryIsRestartedInTheMiddleOfAPush restarts the registry while a layer is
// sent: it forgets which uploads it began, and the push goes on all the same.
func TestARegistryIsRestartedInTheMiddleOfAPush(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	folder, digest := heavy(t)
	s := startServer(t, "distribution", t.TempDir())
	w := newWire(t, s)
	restarted := false
	w.after(5<<20, func() {
		s.kill()
		s.start()
		restarted = true
	})
	got := l.verb("push", "--from", folder, "--images", w.host+"/acme/web", "--tags", "raw=v0.0.1")
	if got.Digest != digest || !restarted {
		t.Errorf("it pushed %+v, want %s; restarted: %v", got, digest, restarted)
	}
	l.children(w.host+"/acme/web:v0.0.1", digest)
}

// TestADiskIsFull pushes to a registry whose disk ends in the middle of a layer.
func TestADiskIsFull(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root mounts a small disk")
	}
	t.Parallel()
	l := newLab(t)
	folder, _ := heavy(t)
	disk := t.TempDir()
	l.output("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk)
	t.Cleanup(func() { l.output("umount", disk) })
	host := startServer(t, "docker-registry", disk).address()
	l.fails("E_REGISTRY_FULL", "push", "--from", folder, "--images", host+"/acme/web", "--tags", "raw=v0.0.1")
	if got := tags(t, host, "acme/web"); got != nil {
		t.Errorf("after the failure the registry has the tags %v", got)
	}
}

// TestBadDays pushes to registries that do not want it, or that nobody should trust.
func TestBadDays(t *testing.T) {
	l := newLab(t)
	folder, _ := layoutOf(t, attested(t))
	guarded := l.private()
	open := testkit.NewRegistry(t)
	for name, certificate := range map[string]world.Certificate{"expired.example": world.Expired, "self.example": world.SelfSigned, "wrong.example": world.OtherName, "plain.example": world.NoTLS} {
		l.world.HandleAs(name, certificate, open)
	}
	for name, test := range map[string]struct {
		host, auth string
		code, says string
	}{
		"wrong password": {guarded, guarded + " ada guess", "E_REGISTRY_AUTH", `"ada" in input registry-auth`},
		"wrong user":     {guarded, guarded + " eve " + password, "E_REGISTRY_AUTH", `"eve" in input registry-auth`},
		"no login":       {guarded, "", "E_REGISTRY_AUTH", "registry-auth"},
		"read-only":      {testkit.Program{ReadOnly: true}.Start(t), "", "E_REGISTRY_READONLY", ""},
		"nobody there":   {"127.0.0.1:1", "", "E_REGISTRY_UNREACHABLE", "connection refused"},
		"expired":        {"expired.example", "", "E_REGISTRY_UNREACHABLE", "expired"},
		"self-signed":    {"self.example", "", "E_REGISTRY_UNREACHABLE", "trust the registry's certificate"},
		"other name":     {"wrong.example", "", "E_REGISTRY_UNREACHABLE", ""},
		"no TLS":         {"plain.example", "", "E_REGISTRY_UNREACHABLE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			log := l.at(t).in(append(l.world.Env(), "TAGBOAT_REGISTRY_AUTH="+test.auth)...).fails(test.code, "push", "--from", folder, "--images", test.host+"/acme/web", "--tags", "raw=v0.0.1")
			if !strings.Contains(log, test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, log)
			}
		})
	}
	if got := open.Requests(); len(got) > 0 {
		t.Errorf("registries that nobody should trust were asked %q", got)
	}
	if r := l.knowing(guarded).run(l.tagboat, "list", "--image", guarded+"/acme/web", "--ca-file", l.world.CAFile()); strings.Contains(r.out, "v0.0.1") {
		t.Errorf("the registry has %s", r.out)
	}
}
