//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// TestABaseImageIsPulledWithTheLoginsOfTheRun builds upon an image of a registry that
// docker itself has no login for: with RUN by buildx, and without by tagboat alone.
func TestABaseImageIsPulledWithTheLoginsOfTheRun(t *testing.T) {
	l := newLab(t)
	host := testkit.Program{User: reader, Password: password}.Start(t) // BuildKit of Docker 20.10 takes no TLS of 127.0.0.1
	known, client := l.knowing(host), l.loggedIn(host)
	l.write("tool.go", program)
	l.write("Dockerfile", "FROM scratch\nCOPY tool /tool\n")
	l.in("CGO_ENABLED=0").output("go", "build", "-o", "tool", "tool.go")
	l.output("git", "add", "--all")
	known.verb("build", "--images", host+"/acme/base", "--tags", "raw=base")
	l.refused(host + "/acme/base:base")

	for builder, test := range map[string]struct{ dockerfile, file, want string }{
		"buildx": {"FROM " + host + "/acme/base:base\nRUN [\"/tool\", \"upon a base\"]\n", "/made.txt", "made by RUN upon a base\n"},
		"native": {"FROM " + host + "/acme/base:base\nCOPY index.html /index.html\n", "/index.html", ""},
	} {
		t.Run(builder, func(t *testing.T) {
			if test.want == "" {
				page, err := os.ReadFile(filepath.Join(l.dir, "index.html"))
				check(t, err)
				test.want = string(page)
			}
			l.write("Dockerfile", test.dockerfile)
			image := host + "/acme/" + builder
			known.at(t).verb("build", "--images", image, "--tags", "raw=nightly", "--builder", builder)
			if got := client.at(t).file(image+":nightly", test.file); got != test.want {
				t.Errorf("%s is %q, want %q", test.file, got, test.want)
			}
			if got := client.at(t).file(image+":nightly", "/tool"); got == "" {
				t.Error("the base image's file is empty")
			}
		})
	}
	elsewhere := testkit.NewRegistry(t).Host
	if r := l.tell("build", "--images", elsewhere+"/acme/web", "--tags", "raw=nightly", "--builder", "buildx"); r.err == nil || !strings.Contains(r.log, "[E_BUILD_FAILED]") {
		t.Errorf("without a login: %v\n%s", r.err, r.log)
	}
}

// write writes a file of the checkout.
func (l *lab) write(name, text string) {
	l.t.Helper()
	check(l.t, os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o644))
}
