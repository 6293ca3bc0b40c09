package render

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// hint says what an entry could match instead.
func (l *lookup) hint() string {
	wanted, _ := ref.ParseImage(l.name)
	var images []string
	for _, o := range l.objects {
		for _, leaf := range leaves(o.root) {
			field, text := leaf.field, leaf.text
			isImage := strings.HasSuffix(field, ".image")
			image, err := ref.ParseImage(text)
			if err != nil || !isImage && !strings.Contains(l.name, "/") {
				continue
			}
			switch rest, same := strings.CutPrefix(text, l.name); {
			case same && (rest == "" || rest[0] == ':' || rest[0] == '@'):
				return fmt.Sprintf("%s of %s names it, which kustomize does not know to be an image: tell it under `configurations`, or write the reference there and remove the entry", field, o)
			case image.Repository == wanted.Repository:
				return fmt.Sprintf("%s of %s is %q: write the `name` of the entry in the same way", field, o, text)
			case isImage && !slices.Contains(images, text):
				images = append(images, text)
			}
		}
	}
	if len(images) == 0 {
		return "no object there names an image: remove the entry"
	}
	slices.Sort(images)
	const shown = 10
	if len(images) > shown {
		images = append(images[:shown], "…")
	}
	return "`name` is what the image is called where the entry is at work, after any `newName` further down; there are " + strings.Join(images, ", ")
}

// leaf is a value and where it stands.
type leaf struct{ field, text string }

func leaves(n *yaml.Node) (all []leaf) {
	n = solid(n)
	below := func(step string, child *yaml.Node) {
		for _, l := range leaves(child) {
			all = append(all, leaf{step + l.field, l.text})
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return []leaf{{"", n.Value}}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			below(itemStep(i), child)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			below(keyStep(n.Content[i].Value), n.Content[i+1])
		}
	}
	return all
}
