package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// marker is a comment behind a value that says what the value holds:
//
//	tag: v1 # tagboat: tag
//	tag: v1 # why # tagboat: tag ghcr.io/acme/web # more
//
// The word is a role, as in an address. An image may follow it; without one, an
// image marker means the image of its value, and the others the one that the
// fields around it name, or else the only one that the file names. Since files
// that do not name the image are not read, a tag in a file of its own needs the
// image written behind it.
type marker struct {
	scalar
	role  role
	image ref.Repository // the one that is written; zero for none
}

// markerWord is what every marker holds.
const markerWord = "tagboat:"

var (
	markerForm = pattern.New(`(?:^|[\s#(,;])` + markerWord + `[ \t]*([^#]*)`)
	// markerLine is a line that means to be marked, whether there is a value or not.
	markerLine = pattern.New(`(?m)#(?:[^\n]*[\s#(,;])?` + markerWord + `[ \t]*(?:` + strings.ReplaceAll(joined(roles), ", ", "|") + `)\b`)
)

const markerHint = "write `# tagboat: image`, or tag, digest, name or version, and behind it, where it does not go without saying, the image: `# tagboat: tag ghcr.io/acme/web`"

// parseMarker reads a comment; ok is false where it holds no marker.
func parseMarker(comment string) (r role, image ref.Repository, ok bool, err error) {
	all := markerForm.Regexp().FindAllStringSubmatch(comment, -1)
	if len(all) == 0 {
		return "", image, false, nil
	}
	words := strings.Fields(all[0][1])
	switch {
	case len(all) > 1:
		err = fmt.Errorf("the comment holds %d markers", len(all))
	case len(words) == 0 || !slices.Contains(roles, role(words[0])):
		err = fmt.Errorf("the marker %q says none of %s", strings.TrimSpace(markerWord+" "+strings.Join(words, " ")), joined(roles))
	case len(words) > 2:
		err = fmt.Errorf("behind the marker stands %q: only an image may follow, and more text behind another #", strings.Join(words[1:], " "))
	case len(words) == 2:
		if image, err = ref.ParseRepository(words[1]); err != nil {
			err = fmt.Errorf("behind the marker: %w", err)
		}
	}
	if err != nil {
		return "", image, false, err
	}
	return role(words[0]), image, true, nil
}

// markers are those of a file. What is wrong with one goes to wrong.
func markers(file source, wrong func(line int, err error)) []marker {
	if !bytes.Contains(file.src, []byte(markerWord)) {
		return nil
	}
	scan := markerScan{wrong: wrong}
	docs := file.yaml.Documents()
	for i, doc := range docs {
		at := path(nil)
		if len(docs) > 1 {
			at = path{item(i)}
		}
		for _, root := range doc.Content {
			scan.node(walk{in: file.yaml, path: at}, root)
		}
	}
	return scan.found
}

// markerScan goes through a file as it is written, past no alias.
type markerScan struct {
	found []marker
	wrong func(line int, err error)
}

func (m *markerScan) node(at walk, n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode, yaml.AliasNode:
		m.value(at, n)
	case yaml.SequenceNode:
		for i, child := range n.Content {
			m.node(walk{in: at.in, path: at.path.to(item(i))}, child)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			below := walk{in: at.in, path: at.path}
			if k := n.Content[i]; k.Tag != "!!merge" {
				below.path = at.path.to(key(resolved(k).Value))
			}
			m.node(below, n.Content[i+1])
		}
	}
}

// value takes the marker behind a scalar, and those within one that is YAML itself.
func (m *markerScan) value(at walk, n *yaml.Node) {
	s := at.scalarAt(n, at.path, nil)
	if s.node == nil {
		return
	}
	switch r, image, ok, err := parseMarker(at.in.Comment(n)); {
	case err != nil:
		m.wrong(s.line, err)
	case ok:
		m.found = append(m.found, marker{s, r, image})
	case n.Kind == yaml.ScalarNode && strings.Contains(n.Value, markerWord):
		m.within(at, n)
	}
}

func (m *markerScan) within(at walk, n *yaml.Node) {
	inner, err := at.in.Within(n)
	if err != nil {
		return // text, in which no value can be marked
	}
	for _, doc := range inner.Documents() {
		for _, root := range doc.Content {
			if root.Kind != yaml.ScalarNode {
				m.node(walk{in: inner, path: at.path}, root)
			}
		}
	}
}
