package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// shapeWalk finds the values that name the image and are no part of a place:
// patches, values of Helm, text within values, annotations. They may be what is
// deployed, so that leaving them alone is said.
type shapeWalk struct {
	names names
	met   map[*yaml.Node]bool // the parts of places
	path  path
	found []scalar
}

// unmet are those values of a file's documents; the line of each is that of the
// name where it can be told.
func (n names) unmet(docs []*yaml.Node, places []place) []scalar {
	w := shapeWalk{names: n, met: map[*yaml.Node]bool{}}
	for _, p := range places {
		for _, node := range p.nodes() {
			w.met[node] = true
		}
	}
	for i, doc := range docs {
		w.path = nil
		if len(docs) > 1 {
			w.path = path{item(i)}
		}
		for _, root := range doc.Content {
			w.walk(root)
		}
	}
	return w.found
}

// walk does not follow aliases: what they stand for is met where it stands.
func (w *shapeWalk) walk(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		w.look(n)
	case yaml.SequenceNode:
		for i, child := range n.Content {
			w.into(item(i), child)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.into(key(n.Content[i].Value), n.Content[i+1])
		}
	}
}

func (w *shapeWalk) into(s step, n *yaml.Node) {
	w.path = append(w.path, s)
	w.walk(n)
	w.path = w.path[:len(w.path)-1]
}

func (w *shapeWalk) look(n *yaml.Node) {
	if w.met[n] || !strings.Contains(n.Value, w.names.word()) {
		return
	}
	asked := false
	if len(w.path) > 0 {
		last := w.path[len(w.path)-1].key
		asked = last == "image" || last == "repository"
	}
	within := w.names.lineOfValue([]byte(n.Value), asked)
	if within == 0 {
		return
	}
	line := n.Line
	if n.Style&yaml.LiteralStyle != 0 { // its lines are those of the file
		line += within
	}
	w.found = append(w.found, scalar{node: n, path: slices.Clone(w.path), line: line})
}

// leftAlone warns of a value.
func (e *edit) leftAlone(file string, s scalar) {
	where := s.path.String()
	if where == "" {
		where = "the text"
	}
	e.unmet = append(e.unmet, Warning{file, s.line,
		fmt.Sprintf("%s names %s and is left alone: this shape is not understood", where, e.to.Image.Repository)})
}
