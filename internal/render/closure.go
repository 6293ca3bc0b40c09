package render

import (
	"fmt"
	"path"
	"reflect"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
)

// kustomization is what the file of one says.
type kustomization struct {
	file    string // "" where the folder has none
	says    types.Kustomization
	invalid error // what kustomize has against it
}

func (k *kustomization) isComponent() bool { return k.says.Kind == types.ComponentKind }

// filesOf are the files in which kustomize looks for a folder's kustomization.
func filesOf(folder string) (files []string) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		files = append(files, path.Join(folder, name))
	}
	return files
}

// graph knows the kustomizations of a tree, by folder.
type graph struct {
	*tree
	known  map[string]*kustomization
	before *graph // of the tree without changes; nil in that itself
}

// in is the kustomization of a folder. Where there are two, kustomize refuses it.
func (g *graph) in(folder string) *kustomization {
	k := g.known[folder]
	switch {
	case k != nil:
		return k
	case g.before != nil && !slices.ContainsFunc(filesOf(folder), func(file string) bool { return g.changed[file] != nil }):
		return g.before.in(folder)
	}
	k = new(kustomization)
	g.known[folder] = k
	if i := slices.IndexFunc(filesOf(folder), g.isFile); i >= 0 {
		k.file = filesOf(folder)[i]
		var data []byte
		if data, k.invalid = g.bytes(k.file); k.invalid == nil {
			k.invalid = k.says.Unmarshal(data)
		}
	}
	return k
}

// closure is what a build reads.
type closure struct {
	files   map[string]bool // also some that it may read, or would if they were there
	remote  string          // why it would fetch something, or may do so
	invalid string          // which kustomization cannot be read, and why
	schema  bool            // whether one brings a schema of its own
}

// closure follows what a kustomization takes in.
func (g *graph) closure(folder string) *closure {
	c := &closure{files: map[string]bool{}}
	w := walk{g, c, map[visit]bool{}}
	w.visit(visit{folder: folder})
	return c
}

// touches reports whether one of the files is read.
func (c *closure) touches(changed map[string][]byte) bool {
	for name := range changed {
		if c.files[name] {
			return true
		}
	}
	return false
}

type walk struct {
	*graph
	*closure
	seen map[visit]bool
}

// visit is a folder that gives objects, or else plugins to the kustomization in
// another one.
type visit struct{ folder, user string }

func (w *walk) stop(format string, args ...any) {
	if w.remote == "" {
		w.remote = fmt.Sprintf(format, args...)
	}
}

func (w *walk) visit(v visit) {
	if w.seen[v] {
		return
	}
	w.seen[v] = true
	k := w.in(v.folder)
	for _, file := range filesOf(v.folder) {
		w.files[file] = true
	}
	if k.invalid != nil && w.invalid == "" {
		w.invalid = fmt.Sprintf("%s: %s", k.file, cause(k.invalid))
	}
	w.schema = w.schema || len(k.says.OpenAPI) > 0
	if v.user != "" && !onlyLists(k.says) {
		// What becomes of the configurations is not known before they are at work.
		w.stop("%s changes configurations of plugins, which may then fetch something", k.file)
	}
	for _, t := range takes(&k.says) {
		w.take(k, v, t)
	}
}

// take follows one path. What is not there is left to kustomize.
func (w *walk) take(k *kustomization, v visit, t taken) {
	if isURL(t.path) || t.as != aFile && repositoryForm.MatchString(t.path) {
		w.stop("%s takes in %s, which is not fetched", k.file, shorten(t.path))
		return
	}
	user := v.user
	if t.as == aPlugin {
		user = v.folder
		if isMapping(t.path) {
			w.plugin(k.file, []byte(t.path), user)
			return
		}
	}
	if path.IsAbs(t.path) {
		return
	}
	to := path.Join(v.folder, t.path)
	w.files[to] = true
	switch {
	case t.as != aFolder && w.isFile(to):
		if user == "" {
			return
		}
		if data, err := w.bytes(to); err == nil {
			w.plugin(to, data, user)
		}
	case t.as != aFile && w.isFolder(to):
		w.visit(visit{to, user})
	}
}

// onlyLists reports a kustomization that gives its resources as they are.
func onlyLists(k types.Kustomization) bool {
	//lint:ignore SA1019 people still write it
	k.TypeMeta, k.MetaData, k.Resources, k.Bases = types.TypeMeta{}, nil, nil, nil
	return reflect.DeepEqual(k, types.Kustomization{})
}
