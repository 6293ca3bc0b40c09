package cli

import (
	"io/fs"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/render"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// decide is a bump on what was read, without the write. It says no where the
// change is one that nobody means.
func (a *app) decide(on *infra.Snapshot, r reference, attempt int) (*manifest.Result, *ship.Bumped, error) {
	edited, err := a.edited(on, r)
	if err != nil {
		return nil, nil, err
	}
	if err := r.takesBack(edited.Changes, attempt); err != nil {
		return nil, nil, err
	}
	made, err := a.rendered(on, edited, r.image)
	if err != nil {
		return nil, nil, err
	}
	return edited, &ship.Bumped{
		Image: manifest.Pin(r.Pin).Of(r.image), Repository: r.Repository,
		Changes: edited.Changes, Rendered: made.Changes, Unverified: made.Unverified,
	}, nil
}

// edited is what was read, with the fields moved.
func (a *app) edited(on *infra.Snapshot, r reference) (*manifest.Result, error) {
	to, err := target(r.Bump, r.image)
	if err != nil {
		return nil, usage(err)
	}
	edited, err := manifest.Edit(on.Files, to)
	if fault.Is(err, "E_NO_MATCH") && r.onNoChange == "ok" {
		a.Printf("%v", err)
		return &manifest.Result{}, nil
	}
	return edited, err
}

// rendered is what an edit does to the objects that kustomizations make.
func (a *app) rendered(on *infra.Snapshot, edited *manifest.Result, image ref.Image) (*render.Report, error) {
	if !edited.Changed() {
		return &render.Report{}, nil
	}
	start := a.world.Now()
	files, err := names(on.Files)
	if err != nil {
		return nil, err
	}
	made, err := render.Check(on.Tree, files, edited.Files, render.Want{Image: image, Changes: edited.Changes})
	if err != nil {
		return nil, err
	}
	if n := len(made.Changes) + len(made.Unverified); n > 0 {
		a.Printf("kustomizations rendered before and after, in %s: %s", a.world.Now().Sub(start).Round(time.Millisecond), count(len(made.Changes), "change"))
	}
	return made, nil
}

// names are those of all files.
func names(files fs.FS) (all []string, err error) {
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, name)
		}
		return err
	})
	return all, err
}
