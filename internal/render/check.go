package render

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// check is one at work.
type check struct {
	source        *source
	changed       map[string][]byte
	before, after *graph
	judge         judge
	entries       []*entry
	report        Report
	errs          []error
	elsewhere     []error // with the code E_RENDER_ELSEWHERE
}

func newCheck(files fs.FS, changed map[string][]byte, want Want) *check {
	s := newSource(files)
	before := &graph{newTree(s, nil), map[string]*kustomization{}, nil}
	return &check{
		source: s, changed: changed,
		before: before, after: &graph{newTree(s, changed), map[string]*kustomization{}, before},
		judge: newJudge(want), entries: movedEntries(want, changed),
	}
}

// touched are the folders of the kustomizations, sorted, that a changed file has
// an effect on. A component has none but where it is taken in.
func (c *check) touched(kustomizations []string) (folders []string) {
	candidates := map[string]bool{}
	for _, file := range kustomizations {
		if slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(file)) {
			candidates[path.Dir(file)] = true
		}
	}
	for file := range c.changed {
		for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
			candidates[folder] = true
		}
		candidates["."] = true
	}
	for _, folder := range slices.Sorted(maps.Keys(candidates)) {
		if k := c.after.in(folder); k.file != "" && !k.isComponent() && c.before.closure(folder).touches(c.changed) {
			folders = append(folders, folder)
		}
	}
	return folders
}

// folder builds one kustomization and looks at what comes out.
func (c *check) folder(folder string) {
	before, after := c.before.closure(folder), c.after.closure(folder)
	reads := func(e *entry) bool {
		return e.folder() == folder || c.after.in(e.folder()).isComponent() && after.files[e.file]
	}
	if remote := cmp.Or(before.remote, after.remote); remote != "" {
		c.unverified(folder, remote, reads)
		return
	}
	was, err := c.before.build(folder, before)
	if err != nil {
		c.unverified(folder, "it does not build before the change: "+cmp.Or(before.invalid, cause(err)), reads)
		return
	}
	is, err := c.after.build(folder, after)
	if err != nil {
		c.unverified(folder, "it does not build after the change", reads)
		c.errs = append(c.errs, fault.Newf("E_RENDER_BROKEN",
			fmt.Sprintf("look at what `kustomize build %s` says with the change", folder),
			"%s builds before the change, and not after it: %s", folder, cmp.Or(after.invalid, cause(err))).
			At(c.after.in(folder).file, 0))
		return
	}
	c.compare(folder, was, is)
	for _, e := range c.entries {
		if reads(e) {
			e.look(c, folder, after, is)
		}
	}
}

func (c *check) unverified(folder, reason string, reads func(*entry) bool) {
	c.report.Unverified = append(c.report.Unverified, Unverified{folder, reason})
	for _, e := range c.entries {
		e.unclear = e.unclear || reads(e)
	}
}

// compare judges every difference of the objects.
func (c *check) compare(folder string, was, is resmap.ResMap) {
	changes, elsewhere := c.judge.compare(objectsOf(was), objectsOf(is))
	for _, change := range changes {
		change.Kustomization = folder
		c.report.Changes = append(c.report.Changes, change)
	}
	for _, text := range elsewhere {
		c.elsewhere = append(c.elsewhere, fault.Newf("E_RENDER_ELSEWHERE",
			fmt.Sprintf("compare `kustomize build %s` without and with the change; correct what takes the value there, or leave its files out of `infra-paths`", folder),
			"the change lands elsewhere in what %s renders: %s", folder, text).At(c.after.in(folder).file, 0))
	}
}

// sorted is the report, in order.
func (c *check) sorted() *Report {
	slices.SortFunc(c.report.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Kustomization, b.Kustomization), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
	})
	slices.SortFunc(c.report.Unverified, func(a, b Unverified) int {
		return cmp.Or(cmp.Compare(a.Kustomization, b.Kustomization), cmp.Compare(a.Reason, b.Reason))
	})
	return &c.report
}

// faults are all errors, but of one kind no more than a person reads.
func (c *check) faults() error {
	const shown = 20
	elsewhere := c.elsewhere
	if more := len(elsewhere) - shown; more > 0 {
		elsewhere = append(elsewhere[:shown:shown], fault.Newf("E_RENDER_ELSEWHERE", "", "and %d more differences", more))
	}
	return errors.Join(append(c.errs, elsewhere...)...)
}
