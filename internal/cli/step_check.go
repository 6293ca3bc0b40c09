package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// check looks at everything that would make a later step fail, before a number
// is claimed or anything is built: the Dockerfile, the registries, and the infra
// repository with the fields that name the image. All of it is asked at once, and
// all that is wrong is told at once.
func (j *job) check(ctx context.Context) (string, error) {
	p := j.state.Plan
	if !p.Build.Do {
		return "", ship.Skip(p.Build.Reason)
	}
	var built, pushed, named string
	var buildErr, registryErr, infraErr error
	var group sync.WaitGroup
	prepared := make(chan struct{})
	group.Go(func() {
		defer close(prepared)
		if built, buildErr = j.prepareBuild(ctx); buildErr != nil && j.origin.tree == "" {
			j.origin.tree = treeOf(ctx, p.Build.Context) // by which an image of this commit is still known
		}
	})
	if p.Push.Do {
		group.Go(func() { pushed, registryErr = j.checkTargets(ctx, prepared, j.ofAnother) })
	}
	if p.Bump.Do {
		group.Go(func() { named, infraErr = j.checkInfra(ctx) })
	}
	group.Wait()
	if err := errors.Join(buildErr, registryErr, infraErr); err != nil {
		return "", err
	}
	if j.in.Event == "" {
		j.warnOfChanges(ctx, p.Build.Context)
	}
	return strings.Join(nonEmpty(built, pushed, named), "; "), nil
}

// checkInfra reads the infra repository and tries the edit, with what it renders
// to, for a tag and a digest that are not known yet; and asks whether it may be
// written to.
func (j *job) checkInfra(ctx context.Context) (string, error) {
	var err error
	if j.repo, err = j.openInfra(ctx, j.state.Plan.Bump, access{j.in.infraInputs, j.trust, j.scratch, j.state.DryRun}); err != nil {
		return "", err
	}
	read, err := j.repo.Read(ctx)
	if err != nil {
		return "", err
	}
	named, err := j.tryEdit(read)
	if guarded, ok := j.repo.Repo.(infra.Guarded); ok && j.in.Preflight && !j.state.DryRun {
		err = errors.Join(err, guarded.MayWrite(ctx))
	}
	return named, err
}

// tryEdit is the edit without the write.
func (j *job) tryEdit(read *infra.Snapshot) (string, error) {
	trial := j.trial()
	result, err := j.edited(read, reference{Bump: j.state.Plan.Bump, image: trial, onNoChange: j.in.OnNoChange})
	if err != nil {
		return "", err
	}
	if _, err := j.rendered(read, result, trial); err != nil {
		return "", err
	}
	if len(result.Changes) == 0 {
		return "no file names the image", nil
	}
	return fmt.Sprintf("%s names the image in %s", j.state.Plan.Bump.Repository, count(len(result.Changes), "field")), nil
}

// trial is the image that will be deployed; what is not known of it yet is made
// up, so that no file can hold it already.
func (j *job) trial() ref.Image {
	tag, _ := plan.Deployed(j.state.Tags)
	if tag.Name == "" {
		tag.Name = ref.Tag(strings.TrimSuffix(tag.Pattern, "N") + "0-check")
	}
	return ref.Image{Repository: j.state.Plan.Images[0], Tag: tag.Name, Digest: ref.Digest("sha256:" + strings.Repeat("c4ec", 16))}
}

// warnOfChanges says that files which no commit holds go into the image.
func (j *job) warnOfChanges(ctx context.Context, folder string) {
	status, err := gitIn(folder).Run(ctx, gitCall("status", "--porcelain", "--untracked-files=no", "--", "."))
	if err != nil || status == "" {
		return
	}
	j.Warn(fault.Newf("E_UNCOMMITTED", "commit them, or the image is not what its commit says",
		"%s has %s that no commit holds", folder, count(strings.Count(status, "\n")+1, "changed file")))
}

func nonEmpty(all ...string) []string {
	var some []string
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}
