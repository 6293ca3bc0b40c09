package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/seed-96940006/tagboat/internal/archive"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// pushCmd pushes an image that was built elsewhere.
type pushCmd struct {
	From    string `group:"Image" required:"" placeholder:"PATH|IMAGE" help:"What is pushed: a folder with an OCI layout, an archive (of docker save, or a tar of an OCI layout), or an image in a registry."`
	FromTag string `group:"Image" placeholder:"NAME" help:"Which image that is, where a folder or an archive holds several: its name, tag or digest."`
	eventInputs
	imageInputs
	numberInputs
	pinInputs
	registryInputs
	createInputs
	pushCheckInputs
	hostInputs
	Source string `cli:"only" group:"Version" default:"." placeholder:"FOLDER" help:"Checkout that holds the commit."`
	runInputs
}

// Help teaches by examples.
func (pushCmd) Help() string {
	return `The image goes to every repository under the tags that the event asks for, or that are given: the same bytes everywhere, nothing that is there already. Of an image in a registry, what is attached to it stays behind: promote takes that along. See "tagboat ship --help" for the tags of events.

Examples:
  # what docker save has written, under two tags
  tagboat push --from image.tar --images docker.io/acme/web --tags raw=nightly --tags raw=latest

  # an OCI layout, under the next version
  tagboat push --from build/oci --images ghcr.io/acme/web --images 123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/web --tags version`
}

func (c *pushCmd) inputs() inputs {
	return inputs{c.eventInputs, c.imageInputs, c.numberInputs, buildInputs{Context: c.Source}, c.pinInputs,
		c.registryInputs, c.createInputs, checkInputs(c.pushCheckInputs), infraInputs{}, c.hostInputs}
}

func (c *pushCmd) mistakes() error { return c.inputs().mistakes() }

// Run pushes.
func (c *pushCmd) Run(ctx context.Context, a *app) error {
	return a.run(ctx, "push", c.inputs(), c.runInputs, func(j *job) []ship.Step {
		return []ship.Step{
			{Name: "check", Run: func(ctx context.Context) (string, error) { return j.checkPush(ctx, c) }},
			{Name: "version", Run: j.claimVersion},
			{Name: "push", Run: j.push},
		}
	})
}

// checkPush finds the image, and asks the registries whether they would take it, and
// whether the tags that never move are free for it.
func (j *job) checkPush(ctx context.Context, c *pushCmd) (string, error) {
	var asked string
	var refused error
	var targets sync.WaitGroup
	known := make(chan struct{})
	p := j.state.Plan
	if p.Push.Do && j.asksFirst() {
		targets.Go(func() { asked, refused = j.checkTargets(ctx, known, j.isAnother) })
	}
	found, err := j.find(ctx, c)
	close(known)
	// No number is claimed for what is damaged. Without one the registries see it, as
	// they take it, and set no tag.
	if err == nil && j.verify != nil && (p.Claim != nil || !p.Push.Do || j.state.DryRun) {
		err = j.verify(ctx)
	}
	targets.Wait()
	if err = errors.Join(err, refused); err != nil {
		return "", err
	}
	if asked != "" {
		found += "; " + asked
	}
	return found, nil
}

// asksFirst reports whether registries are asked before the push itself: a number might
// be claimed in vain, a version set whose latest cannot be, or one of several have the
// image when another refuses it. A single one says so in the push, before anything of
// it is set.
func (j *job) asksFirst() bool {
	p := j.state.Plan
	follows := slices.ContainsFunc(p.Tags, func(t plan.Tag) bool { return t.Follows != "" })
	return p.Claim != nil || follows || len(p.Images) > 1 || j.in.CreateRepository || j.state.DryRun
}

// find reads what is to be pushed.
func (j *job) find(ctx context.Context, c *pushCmd) (string, error) {
	info, err := os.Stat(c.From)
	if err != nil {
		return j.findImage(ctx, c, err)
	}
	var source archive.Source
	if info.IsDir() {
		source, err = archive.Find(c.From, c.FromTag)
		j.verify = source.Verify
	} else {
		source, err = archive.Open(ctx, c.From, j.scratch, c.FromTag)
	}
	if err != nil {
		return "", err
	}
	j.layout, j.state.Digest = source.Layout, source.Digest
	return fmt.Sprintf("%s is %s", c.From, j.state.Digest), nil
}

// findImage is an image in a registry; there is no file of that name.
func (j *job) findImage(ctx context.Context, c *pushCmd, noFile error) (string, error) {
	image, err := ref.ParseImage(c.From)
	if err != nil || c.FromTag != "" || image.Tag == "" && image.Digest == "" {
		return "", usage(fault.New("E_INPUT", "name a folder with an OCI layout, an archive, or an image in a registry with its tag", fmt.Errorf("from: %w", noFile)))
	}
	if image.Digest, err = j.registry.Resolve(ctx, image); err != nil {
		return "", err
	}
	j.from, j.state.Digest = image, image.Digest
	return fmt.Sprintf("%s is %s", c.From, image.Digest), nil
}
