package cli

import (
	"context"
	"maps"
	"time"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// origin is what this run builds from, as the image will say it.
type origin struct {
	build.Origin        // empty where it could not be told from another
	tree         string // of the commit that is checked out; "" where none is
}

// findOrigin finds out what a build is made from. What keeps it from being found
// again is said, and no reason to stop.
func (j *job) findOrigin(ctx context.Context, r build.Request, builder string) origin {
	const long = 5 * time.Second
	o := origin{tree: treeOf(ctx, r.Context)}
	start := j.world.Now()
	var err error
	if o.Origin, err = build.OriginOf(ctx, r, builder); err != nil {
		j.Printf("the image will not say which files it is made from, so that its merge has to build again: %v", err)
	}
	if took := j.world.Now().Sub(start); took > long {
		j.Printf("reading the context took %s: name in .dockerignore what the build does not need", took.Round(time.Second))
	}
	return o
}

// treeOf is the tree of the commit that a folder has checked out, or "". On a
// pull request that is the tree of its test merge: what the merge gives, if
// nothing else is merged before.
func treeOf(ctx context.Context, folder string) string {
	tree, err := gitIn(folder).Run(ctx, gitCall("rev-parse", "--verify", "--quiet", "HEAD^{tree}"))
	if err != nil {
		return ""
	}
	return tree
}

// record has a build write its origin into the labels of the image and, with what
// names the commit, into the annotations of its manifest. What is not known is an
// empty label, since one that is missing would be that of the base image.
func (o origin) record(r *build.Request) {
	r.Labels = maps.Clone(r.Labels)
	if r.Labels == nil {
		r.Labels = map[string]string{}
	}
	for _, key := range []string{registry.RevisionKey, registry.SourceKey} {
		if _, known := r.Labels[key]; !known {
			r.Labels[key] = "" // GHCR links a package to the repository that its image names
		}
	}
	r.Annotations = map[string]string{}
	for key, value := range map[string]string{registry.TreeKey: o.tree, registry.FilesKey: o.Files, registry.InputsKey: o.Inputs} {
		r.Labels[key] = value
	}
	for _, key := range []string{registry.RevisionKey, registry.SourceKey, registry.TreeKey, registry.FilesKey, registry.InputsKey} {
		if value := r.Labels[key]; value != "" {
			r.Annotations[key] = value
		}
	}
}

// same reports whether an image is made from the same, and if not, what differs.
func (o origin) same(image registry.Revision) (ok bool, differs string) {
	switch {
	case image.Files == "" || image.Inputs == "":
		return false, "does not say what it was built from"
	case image.Files != o.Files && image.Tree != "" && image.Tree == o.tree:
		return false, "was built from the same tree, but with other files beside it: name in .dockerignore what no commit has"
	case image.Files != o.Files:
		return false, "was built from other files"
	case image.Inputs != o.Inputs:
		return false, "was built from the same files with other inputs: platform, target, builder, build arguments or labels"
	}
	return true, ""
}
