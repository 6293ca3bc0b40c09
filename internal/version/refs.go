package version

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// The folders of refs that numbers and claims are kept in. A number is a git tag,
// or hidden until its image is pushed; GitHub's pages and clones show neither
// hidden numbers nor claims.
const (
	tagsFolder    = "refs/tags/"
	hiddenFolder  = "refs/tagboat/versions/"
	waitingFolder = "refs/tagboat/claims/"
)

// scope is what a claim has to see.
func (r Request) scope(late bool) Scope {
	numbers, waiting := r.Prefix+r.Series.String()+".", waitingFolder+r.Prefix+r.Series.String()+"/"
	return Scope{
		Prefixes: []string{tagsFolder + numbers, hiddenFolder + numbers, waiting},
		Waiting:  waiting, Commit: r.Commit, Late: late,
	}
}

// ref is the ref that claims a version.
func (r Request) ref(tag ref.Tag, hidden bool) string {
	if hidden {
		return hiddenFolder + r.Prefix + string(tag)
	}
	return tagsFolder + r.Prefix + string(tag)
}

// held is a version that a commit has.
type held struct {
	tag    ref.Tag
	number Number
	commit string
	hidden bool // and not a git tag
}

// held are the versions of a view, by their tags: v0.0.7, v0.0.7-1, and whatever
// else begins with the series. A tag hides what is hidden of its name.
func (r Request) held(v *View) map[ref.Tag]held {
	all := make(map[ref.Tag]held, len(v.Refs))
	for name, commit := range v.Refs {
		for _, folder := range []string{tagsFolder, hiddenFolder} {
			text, ok := strings.CutPrefix(name, folder+r.Prefix+r.Series.String()+".")
			if !ok {
				continue
			}
			h := held{tag: ref.Tag(r.Series.String() + "." + text), commit: commit, hidden: folder == hiddenFolder}
			h.number, _ = r.Series.Number(string(h.tag))
			if _, there := all[h.tag]; !there || !h.hidden {
				all[h.tag] = h
			}
		}
	}
	return all
}
