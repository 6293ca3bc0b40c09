package render

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	sigs "sigs.k8s.io/yaml"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// entry is one of the `images` of a kustomization, which was moved and should
// have an effect.
type entry struct {
	file    string
	line    int
	index   int
	live    bool    // an effect was seen
	unclear bool    // and somewhere it cannot be seen
	dead    *lookup // where there is none; the first of them
}

// lookup is what was built when an entry had no effect.
type lookup struct {
	folder  string
	objects []object
	name    string // what the entry matches
}

func (e *entry) folder() string { return path.Dir(e.file) }

var entryField = pattern.New(`^(?:\[\d+\])?\.images\[(\d+)\]\.`)

// movedEntries are those that the changes are about.
func movedEntries(want Want, changed map[string][]byte) (all []*entry) {
	for _, c := range want.Changes {
		m := entryField.FindStringSubmatch(c.Field)
		if m == nil || c.Old == c.New || changed[c.File] == nil ||
			!slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(c.File)) {
			continue
		}
		index, _ := strconv.Atoi(m[1])
		if !slices.ContainsFunc(all, func(e *entry) bool { return e.file == c.File && e.index == index }) {
			all = append(all, &entry{file: c.File, line: c.Line, index: index})
		}
	}
	return all
}

// What an entry sets to find out whether that arrives anywhere.
const (
	probeTag    = "tagboat-probe-5d3c1f"
	probeDigest = "sha256:5d3c1f7a0b6e4d2c8f9a1e3b5c7d9f0a2b4c6e8d0f1a3b5c7d9e0f2a4b6c8d0e"
)

// look builds the folder once more, with a word of its own in the entry's place
// and without the entries after it: one that matches nothing shows nowhere.
func (e *entry) look(c *check, folder string, reads *closure, is resmap.ResMap) {
	if e.live {
		return
	}
	says := c.after.in(e.folder()).says
	probe, err := c.after.probe(folder, e, says, reads)
	switch {
	case err != nil:
		e.unclear = true
		c.report.Unverified = append(c.report.Unverified, Unverified{folder, fmt.Sprintf("whether %s:%d has an effect: %s", e.file, e.line, cause(err))})
	case strings.Contains(probe, probeTag), strings.Contains(probe, probeDigest):
		e.live = true
	case e.dead == nil:
		e.dead = &lookup{folder, objectsOf(is), says.Images[e.index].Name}
	}
}

// probe is what comes out with the probe in the entry.
func (g *graph) probe(folder string, e *entry, says types.Kustomization, reads *closure) (string, error) {
	if e.index >= len(says.Images) {
		return "", errors.New("kustomize reads no such entry")
	}
	says.Images = slices.Clone(says.Images[:e.index+1])
	if entry := &says.Images[e.index]; entry.NewTag != "" {
		entry.NewTag = probeTag
	} else {
		entry.Digest = probeDigest
	}
	data, err := sigs.Marshal(says)
	if err != nil {
		return "", err
	}
	changed := maps.Clone(g.changed)
	changed[e.file] = data
	objects, err := newTree(g.source, changed).build(folder, reads)
	if err != nil {
		return "", err
	}
	text, err := objects.AsYaml()
	return string(text), err
}

// entriesWithoutEffect tells of the entries that match nothing wherever they are
// at work.
func (c *check) entriesWithoutEffect() {
	for _, e := range c.entries {
		switch {
		case e.live || e.unclear:
		case e.dead != nil:
			c.errs = append(c.errs, fault.Newf("E_RENDER_NO_EFFECT", e.dead.hint(),
				"the entry of %s matches no container: it changes nothing in what %s renders", e.dead.name, e.dead.folder).At(e.file, e.line))
		case !slices.ContainsFunc(c.report.Unverified, func(u Unverified) bool { return u.Kustomization == e.folder() }):
			c.report.Unverified = append(c.report.Unverified, Unverified{e.folder(), "none of the kustomizations takes in this component"})
		}
	}
}
