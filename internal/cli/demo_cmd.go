package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-96940006/tagboat/internal/plan"
)

// demoCmd plays the life of a change with the real code; only the addresses are local.
type demoCmd struct {
	Keep bool `cli:"only" help:"Leave the folder with the repositories, and say where it is."`
}

// Help says what is played.
func (demoCmd) Help() string {
	return `An OCI registry in this process, an application with a Dockerfile, and an infra repository that names its image: then a pull request, its merge, the same event once more, and a second merge. At the end the image is pulled back and compared, and the commits are counted. Needs git, and nothing else.`
}

// Run plays, and proves what it has shown.
func (c *demoCmd) Run(ctx context.Context, a *app) (err error) {
	d, err := newDemo(ctx, a)
	if err != nil {
		return err
	}
	defer func() {
		d.registry.Close()
		if c.Keep {
			a.Printf("\nThe folder is kept: %s (app, app.git, infra.git)", d.dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(d.dir))
	}()
	a.Printf("A registry at %s, an application and an infra repository in %s.", d.host, d.dir)
	for _, act := range []func(context.Context) error{d.pullRequest, d.merge, d.again, d.secondMerge, d.prove} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pullRequest is the first event: built and pushed, nothing bumped.
func (d *demo) pullRequest(ctx context.Context) error {
	if err := d.change(ctx, "greeting", "Hello from pull request #7."); err != nil {
		return err
	}
	return d.play(ctx, "A pull request is opened: #7", "opened", 7, plan.ModeCommit)
}

// merge is the second: a version is claimed, and the infra repository bumped.
func (d *demo) merge(ctx context.Context) error {
	if err := d.mergeBranch(ctx, "greeting", 7); err != nil {
		return err
	}
	return d.play(ctx, "The pull request is merged", "closed", 7, plan.ModeCommit)
}

// again is the same event once more: nothing new may come of it.
func (d *demo) again(ctx context.Context) error {
	before, err := d.heads(ctx)
	if err != nil {
		return err
	}
	if err := d.play(ctx, "The same event comes again", "closed", 7, plan.ModeCommit); err != nil {
		return err
	}
	after, err := d.heads(ctx)
	if err != nil {
		return err
	}
	return d.expect("the same event again changed no ref of either repository", before, after)
}

// secondMerge is another change, proposed on a branch.
func (d *demo) secondMerge(ctx context.Context) error {
	if err := d.change(ctx, "farewell", "Goodbye from pull request #8."); err != nil {
		return err
	}
	if err := d.mergeBranch(ctx, "farewell", 8); err != nil {
		return err
	}
	return d.play(ctx, "A second pull request is merged; its bump is proposed on a branch", "closed", 8, plan.ModePullRequest)
}

// play runs ship for an event of a pull request.
func (d *demo) play(ctx context.Context, title, action string, number int, mode plan.Mode) error {
	file, err := d.writeEvent(ctx, action, number)
	if err != nil {
		return err
	}
	args := []string{"ship",
		"--event-name", "pull_request", "--event", file,
		"--images", d.image, "--context", d.tree, "--source-repository", d.source,
		"--infra-repository", d.infra, "--infra-mode", string(mode)}
	d.Printf("\n══ %s\n   tagboat %s", title, strings.ReplaceAll(strings.Join(args, " "), d.dir+"/", ""))
	world := d.world
	world.Getenv = d.getenv
	var out strings.Builder
	world.Stdout = &out
	if code := Run(ctx, world, args); code != exitOK {
		return fmt.Errorf("ship ended with exit code %d", code)
	}
	d.outputs = map[string]string{}
	for line := range strings.Lines(out.String()) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		d.outputs[name] = value
	}
	for _, name := range []string{"images", "deploy-ref", "changed"} {
		d.Printf("%s=%s", name, strings.ReplaceAll(strings.Trim(d.outputs[name], `"`), `\n`, " "))
	}
	return nil
}

// writeEvent writes the payload as GitHub would send it, as far as it is read.
func (d *demo) writeEvent(ctx context.Context, action string, number int) (string, error) {
	head, err := d.git(ctx, d.tree, "rev-parse", d.branch)
	if err != nil {
		return "", err
	}
	tip, err := d.git(ctx, d.tree, "rev-parse", "main")
	if err != nil {
		return "", err
	}
	payload := fmt.Sprintf(`{
  "action": %q, "number": %d,
  "pull_request": {
    "number": %d, "merged": %t, "merge_commit_sha": %q, "user": {"login": "ada"},
    "head": {"ref": %q, "sha": %q, "repo": {"full_name": "acme/web"}},
    "base": {"ref": "main"}
  },
  "repository": {"full_name": "acme/web", "default_branch": "main"},
  "sender": {"login": "ada"}
}
`, action, number, number, action == "closed", tip, d.branch, head)
	file := filepath.Join(d.dir, fmt.Sprintf("pull_request-%d-%s.json", number, action))
	return file, os.WriteFile(file, []byte(payload), 0o644)
}
