package manifest

import (
	"fmt"
	"io/fs"
	slash "path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// kustomizations tell which files an entry has its effect on: those that its
// kustomization takes in, by way of other kustomizations, too. They are read
// again, whether or not they name the image, once somebody asks.
type kustomizations struct {
	files fs.FS
	names []string // of their files
	read  map[string]*kustomization
	known map[string]*reach // by the name that entries look for
}

func newKustomizations(files fs.FS) kustomizations {
	return kustomizations{files: files, read: map[string]*kustomization{}, known: map[string]*reach{}}
}

// add takes note of a file; kustomizations are not read yet.
func (k *kustomizations) add(file string) {
	if !slices.Contains(k.names[max(0, len(k.names)-1):], file) {
		k.names = append(k.names, file)
	}
}

// kustomization is what one of them takes in, from the root of the files.
type kustomization struct {
	sets       map[string]bool // the names that its entries look for
	resources  []string        // files and folders
	components []string        // folders, the entries of which have their effect on the resources here
	patches    []string        // files; text that is a patch itself leads nowhere
	broken     bool
}

// reach is what entries of one name have their effect on.
type reach struct {
	files map[string]bool // kustomizations, too
	blind string          // why there may be more, or ""
}

// of finds the reach of the entries with a name.
func (k *kustomizations) of(name string) *reach {
	r := k.known[name]
	if r == nil {
		r = &reach{files: map[string]bool{}}
		seen := map[string]bool{}
		for _, file := range k.names {
			if k.sets(file, name, map[string]bool{}) {
				k.follow(file, r, seen)
			}
		}
		k.known[name] = r
	}
	return r
}

// sets reports whether a kustomization, or a component of it, has an entry.
func (k *kustomizations) sets(file, name string, seen map[string]bool) bool {
	if seen[file] {
		return false
	}
	seen[file] = true
	this := k.get(file)
	if this.sets[name] {
		return true
	}
	for _, at := range this.components {
		if component, ok := k.in(at); ok && k.sets(component, name, seen) {
			return true
		}
	}
	return false
}

// follow adds to the reach what a kustomization takes in.
func (k *kustomizations) follow(file string, r *reach, seen map[string]bool) {
	if seen[file] {
		return
	}
	seen[file] = true
	r.files[file] = true
	this := k.get(file)
	if this.broken {
		r.blind = file + " cannot be read"
	}
	for _, at := range this.patches {
		r.files[at] = true
	}
	for _, at := range append(this.resources[:len(this.resources):len(this.resources)], this.components...) {
		next, ok := k.in(at)
		switch {
		case ok:
			k.follow(next, r, seen)
		case k.isFile(at):
			r.files[at] = true
		case !fileForm.MatchString(at): // a file that is not there is none of ours
			r.blind = fmt.Sprintf("%s takes in %s, the kustomization of which is not among the files", file, at)
		}
	}
}

var (
	fileForm   = pattern.New(`\.(ya?ml|json)$`)
	remoteForm = pattern.New(`^git(::|@)|^github\.com[/:]|//|\?(ref|version)=`)
)

// in is the kustomization of a folder.
func (k *kustomizations) in(folder string) (file string, ok bool) {
	for _, name := range kustomizationNames {
		if file := slash.Join(folder, name); k.isFile(file) {
			return file, true
		}
	}
	return "", false
}

func (k *kustomizations) isFile(name string) bool {
	info, err := fs.Stat(k.files, name)
	return err == nil && info.Mode().IsRegular()
}

// get reads a kustomization.
func (k *kustomizations) get(file string) *kustomization {
	this := k.read[file]
	if this != nil {
		return this
	}
	this = &kustomization{sets: map[string]bool{}}
	k.read[file] = this
	src, err := fs.ReadFile(k.files, file)
	if err != nil {
		this.broken = true
		return this
	}
	parsed, err := yamledit.Parse(src)
	if err != nil {
		this.broken = true
		return this
	}
	for _, doc := range parsed.Documents() {
		if len(doc.Content) > 0 && isKustomization(file, doc.Content[0]) {
			this.add(slash.Dir(file), doc.Content[0])
		}
	}
	return this
}

// add takes in what a document in a folder says.
func (k *kustomization) add(folder string, root *yaml.Node) {
	if images := resolved(get(root, "images")); images != nil && images.Kind == yaml.SequenceNode {
		for _, image := range images.Content {
			k.sets[textOf(resolved(image), "name")] = true
		}
	}
	k.resources = append(paths(folder, get(root, "resources")), paths(folder, get(root, "bases"))...)
	k.components = paths(folder, get(root, "components"))
	for _, list := range []string{"patches", "patchesStrategicMerge", "patchesJson6902"} {
		k.patches = append(k.patches, paths(folder, get(root, list))...)
	}
}

// paths are those of a list, or of the fields named path in it, that lead to
// files or folders here: what is fetched from elsewhere is no file of ours.
func paths(folder string, list *yaml.Node) (all []string) {
	list = resolved(list)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, n := range list.Content {
		n = resolved(n)
		if n.Kind == yaml.MappingNode {
			n = resolved(get(n, "path"))
		}
		if n != nil && n.Kind == yaml.ScalarNode && n.Value != "" && !remoteForm.MatchString(n.Value) {
			all = append(all, slash.Join(folder, n.Value))
		}
	}
	return all
}
