package render

import (
	"net/url"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// isURL reports what kustomize fetches by HTTP where it wants a file.
func isURL(name string) bool {
	u, err := url.Parse(name)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// repositoryForm is everything that kustomize may clone where it wants a folder,
// and little more. It looks for a file of that name first, and still clones where
// that is no YAML: such a name is not worth the risk.
var repositoryForm = pattern.New(`(?i)^(git::)?((ssh|https?|file)://|[a-z][a-z0-9-]*@|github\.com[/:])`)

// plugin looks into configurations of plugins, which name files in fields of
// their own, from the folder of the kustomization that uses them. Every value
// that may be one counts.
func (w *walk) plugin(file string, config []byte, user string) {
	parsed, err := yamledit.Parse(config)
	if err != nil {
		w.stop("%s has a configuration of a plugin that cannot be read: %v", file, err)
		return
	}
	for _, doc := range parsed.Documents() {
		w.configured(file, doc, user)
	}
}

func (w *walk) configured(file string, n *yaml.Node, user string) {
	if n.Kind == yaml.ScalarNode {
		for _, name := range []string{n.Value, afterKey(n.Value)} {
			if isURL(name) {
				w.stop("%s takes in %s, which is not fetched", file, shorten(name))
			} else if !strings.Contains(name, "\n") {
				w.files[path.Join(user, name)] = true
			}
		}
	}
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 0 || n.Content[i-1].Value != "literals" { // those are data
			w.configured(file, child, user)
		}
	}
}

// afterKey is the path in NAME=PATH, as generators write it.
func afterKey(source string) string {
	if _, file, ok := strings.Cut(source, "="); ok {
		return file
	}
	return source
}
