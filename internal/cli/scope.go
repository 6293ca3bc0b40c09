package cli

import (
	"errors"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// scope is which files of the infra repository are read: those of infra-paths
// and of the addressed fields. With fields and no paths, it is theirs alone.
func scope(b plan.Bump) (infra.Paths, error) {
	fields, err := addresses(b)
	include := b.Paths
	for _, f := range fields {
		include = append(include[:len(include):len(include)], f.File())
	}
	paths, wrong := infra.ParsePaths(include, b.Exclude)
	return paths, errors.Join(err, wrong)
}

// target is what references are moved to.
func target(b plan.Bump, image ref.Image) (manifest.Target, error) {
	fields, err := addresses(b)
	return manifest.Target{
		Image: image, Pin: manifest.Pin(b.Pin), Leave: b.OnLeftover == "ok",
		Fields: fields, FieldsOnly: len(fields) > 0 && len(b.Paths) == 0,
	}, err
}

// addresses reads the input `fields`; all mistakes come back at once.
func addresses(b plan.Bump) ([]manifest.Address, error) {
	var all []manifest.Address
	var errs []error
	for _, line := range b.Fields {
		address, err := manifest.ParseAddress(line)
		if err == nil {
			all = append(all, address)
		}
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}
