package manifest

import (
	"io/fs"
	slash "path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// overlays warns of values that lie over others: where values.yaml names the
// image and its tag, the tag alone in values-production.yaml beside it is likely
// to win. It names nothing by itself, so that it stays as it is.
func (e *edit) overlays(files fs.FS) {
	for _, s := range e.sources {
		if !isValues(s.file) {
			continue
		}
		var tags []scalar
		for _, p := range s.places {
			if group, ok := p.(parts); ok && group.tag.in == s.yaml && group.tag.path[0].index < 0 {
				tags = append(tags, group.tag)
			}
		}
		if len(tags) > 0 {
			e.overlaysOf(s.file, tags, files)
		}
	}
}

func isValues(file string) bool {
	return strings.Contains(slash.Base(file), "values") && slices.Contains([]string{".yaml", ".yml"}, slash.Ext(file))
}

// overlaysOf looks for the tags of a file in the values beside it.
func (e *edit) overlaysOf(file string, tags []scalar, files fs.FS) {
	beside, err := fs.ReadDir(files, slash.Dir(file))
	if err != nil {
		return
	}
	for _, other := range beside {
		name := slash.Join(slash.Dir(file), other.Name())
		if name == file || !other.Type().IsRegular() || !isValues(name) {
			continue
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			continue
		}
		parsed, err := yamledit.Parse(src)
		if err != nil || len(parsed.Documents()) != 1 {
			continue
		}
		for _, root := range parsed.Documents()[0].Content {
			e.overlaysIn(name, parsed, root, file, tags)
		}
	}
}

func (e *edit) overlaysIn(name string, in *yamledit.File, root *yaml.Node, file string, tags []scalar) {
	for _, tag := range tags {
		n := tagAlone(root, tag.path)
		if n == nil || n.Tag == "!!null" || n.Value == "" || n.Value == string(e.to.Image.Tag) || filledLater(n.Value) {
			continue
		}
		if strings.Contains(in.Comment(n), markerWord) {
			continue // it moves with this edit, or is of another image
		}
		e.warn(name, in.Line(n), "%s is %s, and may be the tag of %s, which %s names; if it is, mark it: `# %s tag %s`",
			tag.path, abridged(n.Value), e.to.Image.Repository, file, markerWord, e.to.Image.Repository)
	}
}

// tagAlone is the value at a path, if nothing beside it names an image.
func tagAlone(root *yaml.Node, at path) *yaml.Node {
	last := len(at) - 1
	for _, s := range at[:last] {
		root = resolved(get(root, s.key))
	}
	n := resolved(get(root, at[last].key))
	if n == nil || n.Kind != yaml.ScalarNode {
		return nil
	}
	of, _ := partOf(at[last].key)
	for i := 0; i+1 < len(root.Content); i += 2 {
		if its, part := partOf(root.Content[i].Value); its == of && slices.Contains(nameKeys, part) {
			return nil
		}
	}
	return n
}
