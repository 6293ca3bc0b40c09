// Package render builds kustomizations before and after a change, in memory, and
// says what the change does to the objects that come out: that is what is
// deployed, whatever the files look like.
//
// It reads files and decides; it writes nothing, fetches nothing and starts
// nothing. A kustomization that cannot be built without that is told of, not
// guessed at.
package render

import (
	"io/fs"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Want is what a change is meant to do.
type Want struct {
	Image   ref.Image         // repository, and tag and digest as far as they are known
	Changes []manifest.Change // the edits of the files; those with Old = New are none
}

// Report is what a change does, as far as it can be told.
type Report struct {
	Changes    []Change     `json:"changes"`    // by kustomization, object and field
	Unverified []Unverified `json:"unverified"` // by kustomization
}

// Change is one field of a rendered object that names something else after the
// change. Of a longer text, Old and New are the words that differ.
type Change struct {
	Kustomization string `json:"kustomization"` // its folder, from the root of the files
	Object        string `json:"object"`        // Deployment shop/web
	Field         string `json:"field"`         // .spec.template.spec.containers[0].image
	Old           string `json:"old"`
	New           string `json:"new"`
}

// Unverified is a kustomization that the change has an effect on, and that could
// not be built to see which.
type Unverified struct {
	Kustomization string `json:"kustomization"` // its folder, from the root of the files
	Reason        string `json:"reason"`
}

// Check builds every kustomization that the changed files have an effect on,
// before and after. Those are looked for among the given files of kustomizations,
// and in the folders of the changed files and above. Changed holds the new bytes
// by path; files is the whole repository, of which only what kustomizations take
// in is opened, and each file once.
//
// It fails with E_RENDER_NO_EFFECT for an entry of `images` that was moved and
// matches nothing, E_RENDER_ELSEWHERE for a rendered change that is none of the
// wanted, and E_RENDER_BROKEN for a kustomization that builds no more; the report
// is there all the same. Where a file cannot be read there is none.
func Check(files fs.FS, kustomizations []string, changed map[string][]byte, want Want) (*Report, error) {
	c := newCheck(files, changed, want)
	for _, folder := range c.touched(kustomizations) {
		c.folder(folder)
	}
	if c.source.err != nil {
		return nil, c.source.err
	}
	c.entriesWithoutEffect()
	return c.sorted(), c.faults()
}
