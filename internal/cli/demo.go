package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/seed-96940006/tagboat/internal/ref"
	client "github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/testdata"
)

// demo is the world of the demo: everything that it shows lies in one folder.
type demo struct {
	*app
	dir           string // the folder
	tree          string // the application's checkout in it
	source, infra string // bare repositories
	branch        string // of the pull request that is played
	host, image   string
	registry      io.Closer
	outputs       map[string]string // of the last ship
}

// sampleImage is the name that the sample manifests give the image.
const sampleImage = "registry.example/acme/web"

// newDemo starts the registry and makes the repositories.
func newDemo(ctx context.Context, a *app) (*demo, error) {
	dir, err := os.MkdirTemp(a.Temp, "tagboat-demo-")
	if err != nil {
		return nil, err
	}
	d := &demo{app: a, dir: dir}
	d.tree, d.source, d.infra = filepath.Join(dir, "app"), filepath.Join(dir, "app.git"), filepath.Join(dir, "infra.git")
	if d.host, d.registry, err = serveRegistry(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	d.image = d.host + "/acme/web"
	if err := errors.Join(d.makeRepository(ctx, "app", d.source), d.makeRepository(ctx, "infra", d.infra)); err != nil {
		return nil, errors.Join(err, d.registry.Close(), os.RemoveAll(dir))
	}
	return d, nil
}

// serveRegistry serves an empty registry in this process, on loopback.
func serveRegistry(ctx context.Context) (host string, stop io.Closer, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{
		Handler:           registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return listener.Addr().String(), server, nil
}

// makeRepository copies a sample into a work tree and pushes it to a new bare repository.
func (d *demo) makeRepository(ctx context.Context, sample, bare string) error {
	files, err := fs.Sub(testdata.Samples, sample)
	if err != nil {
		return err
	}
	tree := filepath.Join(d.dir, sample)
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		target := filepath.Join(tree, filepath.FromSlash(path))
		if err != nil || entry.IsDir() {
			return errors.Join(err, os.MkdirAll(target, 0o755))
		}
		data, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, bytes.ReplaceAll(data, []byte(sampleImage), []byte(d.image)), 0o644)
	})
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", bare},
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "--all"},
		{"commit", "--quiet", "--message=Begin"},
		{"push", "--quiet", bare, "main"},
	} {
		if _, err := d.git(ctx, tree, args...); err != nil {
			return err
		}
	}
	return nil
}

// change commits another greeting on a branch of the application.
func (d *demo) change(ctx context.Context, branch, greeting string) error {
	d.branch = branch
	if _, err := d.git(ctx, d.tree, "switch", "--quiet", "--create", branch); err != nil {
		return err
	}
	page := filepath.Join(d.tree, "index.html")
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	if err := os.WriteFile(page, regexp.MustCompile(`<p>.*`).ReplaceAll(old, []byte("<p>"+greeting)), 0o644); err != nil {
		return err
	}
	_, err = d.git(ctx, d.tree, "commit", "--quiet", "--all", "--message="+greeting)
	return err
}

// mergeBranch merges the pull request as GitHub does: by a merge commit on main.
func (d *demo) mergeBranch(ctx context.Context, branch string, number int) error {
	for _, args := range [][]string{
		{"switch", "--quiet", "main"},
		{"merge", "--quiet", "--no-ff", fmt.Sprintf("--message=Merge pull request #%d from acme/%s", number, branch), branch},
		{"push", "--quiet", d.source, "main"},
	} {
		if _, err := d.git(ctx, d.tree, args...); err != nil {
			return err
		}
	}
	return nil
}

// git runs git as the people of the story do, with a name of its own.
func (d *demo) git(ctx context.Context, dir string, args ...string) (string, error) {
	return gitIn(dir).Run(ctx, gitCall(append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "commit.gpgSign=false"}, args...)...))
}

// getenv is an environment outside of Actions: the demo plays its own events,
// also where it runs in a workflow.
func (d *demo) getenv(name string) string {
	if strings.HasPrefix(name, "GITHUB_") || name == "INPUTS" {
		return ""
	}
	return d.world.Getenv(name)
}

// heads are all refs of both repositories.
func (d *demo) heads(ctx context.Context) (string, error) {
	app, err := d.git(ctx, d.source, "for-each-ref")
	if err != nil {
		return "", err
	}
	infra, err := d.git(ctx, d.infra, "for-each-ref")
	return app + "\n" + infra, err
}

// prove looks at what is there now, from outside.
func (d *demo) prove(ctx context.Context) error {
	d.Printf("\n══ Proof")
	source, err := os.ReadFile(filepath.Join(d.tree, "index.html"))
	if err != nil {
		return err
	}
	image, err := ref.ParseImage(d.image + ":v0.0.2")
	if err != nil {
		return err
	}
	pulled, err := (&client.Client{}).File(ctx, image, "/srv/site/index.html")
	if err != nil {
		return err
	}
	proposal := d.outputs["branch"]
	show, err := d.git(ctx, d.infra, "show", "--format=%h %s", "--numstat", "main", proposal)
	if err != nil {
		return err
	}
	d.Printf("git show --numstat main %s\n%s", proposal, show)
	return errors.Join(
		d.expect("index.html in "+image.String()+", pulled back, is the one in the source", string(source), string(pulled)),
		d.expectLines(ctx, "main", 4), d.expectLines(ctx, proposal, 4),
	)
}

// expectLines counts the lines that a commit removes and adds: one for each
// reference, and no others.
func (d *demo) expectLines(ctx context.Context, commit string, references int) error {
	diff, err := d.git(ctx, d.infra, "show", "--format=", "--unified=0", commit)
	if err != nil {
		return err
	}
	removed, added := 0, 0
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		case strings.HasPrefix(line, "-"):
			removed++
		case strings.HasPrefix(line, "+"):
			added++
		}
	}
	return d.expect("the commit on "+commit+" changes one line a reference", fmt.Sprint(references, references), fmt.Sprint(removed, added))
}

// expect says what was found to be so, or fails.
func (d *demo) expect(what, want, got string) error {
	if want != got {
		return fmt.Errorf("%s: want %q, got %q", what, want, got)
	}
	d.Printf("✓ %s", what)
	return nil
}
