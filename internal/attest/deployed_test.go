package attest_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/cli"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// built is an image that acme/web attests, in a registry under a tag that moves.
func built(t *testing.T, by *authority) (image string, of ref.Digest) {
	t.Helper()
	s := newStore(t, true)
	made, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := made.Digest()
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(s.name + ":main")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, made); err != nil {
		t.Fatal(err)
	}
	of = ref.Digest(sum.String())
	s.put("", typeBundle, fmt.Sprintf(`,"subject":{"mediaType":%q,"digest":%q,"size":2}`, typeManifest, of), piece{mediaType: typeBundle, content: by.attest(release, of, provenance)})
	return s.name, of
}

// tagboat is a run of the program on a laptop.
func tagboat(t *testing.T, args ...string) (log string, code int) {
	t.Helper()
	var out bytes.Buffer
	env := map[string]string{"HOME": t.TempDir(), "DOCKER_CONFIG": t.TempDir()}
	code = cli.Run(t.Context(), cli.World{Getenv: func(name string) string { return env[name] }, Stdout: &out, Stderr: &out, Now: time.Now}, args)
	return out.String(), code
}

// A tag may be another image tomorrow: what was verified is named by its digest. What
// was not gets no tag either.
func TestFilesNameTheDigestThatWasVerified(t *testing.T) {
	public := newAuthority(t, publicGood)
	trusted := rootFile(t, public)
	tests := map[string]struct {
		args func(image string) []string
		pin  string
		want string // behind the name; $ is the digest
	}{
		"bump": {func(i string) []string { return []string{"bump", "--deploy-ref", i + ":main"} }, "tag", ":main@$"},
		"bump, never asked": {func(i string) []string {
			return []string{"bump", "--verify-image", "never", "--deploy-ref", i + ":main"}
		}, "tag", ":main@$"},
		"bump, by digest":   {func(i string) []string { return []string{"bump", "--deploy-ref", i + ":main"} }, "digest", "@$"},
		"promote":           {func(i string) []string { return []string{"promote", "--from", i + ":main", "--to", "prod"} }, "tag", ":prod@$"},
		"promote a version": {func(i string) []string { return []string{"promote", "--from", i + ":main", "--to", "v1.0.0"} }, "tag", ":v1.0.0@$"},
		"promote as it is":  {func(i string) []string { return []string{"promote", "--from", i + ":main"} }, "tag", ":main@$"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			image, of := built(t, public)
			folder := t.TempDir()
			file := filepath.Join(folder, "web.yaml")
			write(t, file, "image: "+image+":old\n")
			args := append(test.args(image), "--pin", test.pin, "--infra-repository", folder, "--infra-mode", "files", "--trusted-root", trusted)
			if log, code := tagboat(t, append(args, "--verify", "acme/api")...); code != 1 || !strings.Contains(log, "E_VERIFY_FAILED") || read(t, file) != "image: "+image+":old\n" {
				t.Fatalf("of another repository: exit code %d, %s\n%s", code, read(t, file), log)
			}
			for _, tag := range []string{"prod", "v1.0.0"} {
				if holds(t, image+":"+tag) {
					t.Errorf("of another repository, and %s was set", tag)
				}
			}
			log, code := tagboat(t, append(args, "--verify", "acme/web")...)
			if strings.HasPrefix(test.want, ":prod") != holds(t, image+":prod") || strings.HasPrefix(test.want, ":v1.0.0") != holds(t, image+":v1.0.0") {
				t.Errorf("tags are set otherwise than asked for\n%s", log)
			}
			if got, want := read(t, file), "image: "+image+strings.Replace(test.want, "$", string(of), 1)+"\n"; code != 0 || got != want {
				t.Errorf("exit code %d, got %s want %s\n%s", code, got, want, log)
			}
		})
	}
}

// Where files have room for a tag alone, a line for the digest has to be added once.
func TestATagAloneIsNotWhatWasVerified(t *testing.T) {
	public := newAuthority(t, publicGood)
	image, of := built(t, public)
	folder := t.TempDir()
	file := filepath.Join(folder, "kustomization.yaml")
	before := "images:\n- name: " + image + "\n  newTag: old\n"
	write(t, file, before)
	args := []string{"bump", "--deploy-ref", image + ":main", "--infra-repository", folder, "--infra-mode", "files", "--trusted-root", rootFile(t, public), "--verify", "acme/web"}
	log, code := tagboat(t, args...)
	if line := fmt.Sprintf("digest: %q", of); code != 1 || !strings.Contains(log, "E_EDIT_REFUSED") || !strings.Contains(log, line) || read(t, file) != before {
		t.Errorf("exit code %d, want the line %s\n%s\n%s", code, line, read(t, file), log)
	}
}

// holds reports whether a registry has an image.
func holds(t *testing.T, image string) bool {
	t.Helper()
	reference, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	_, err = remote.Head(reference)
	if answer, ok := errors.AsType[*transport.Error](err); err != nil && (!ok || answer.StatusCode != http.StatusNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
