package render

import (
	"slices"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// taken is something that a kustomization takes in.
type taken struct {
	path string
	as   role
}

// role is what kustomize makes of a path.
type role int

const (
	aFile     role = iota // nothing else will do
	aFolder               // of a component
	aResource             // a file or the folder of a kustomization
	aPlugin               // the same, for the configuration of plugins; or that itself
)

// takes lists what a kustomization takes in, in its order.
func takes(k *types.Kustomization) (all []taken) {
	add := func(as role, paths ...string) {
		for _, path := range paths {
			if path != "" {
				all = append(all, taken{path, as})
			}
		}
	}
	add(aResource, k.Resources...)
	//lint:ignore SA1019 people still write it
	add(aResource, k.Bases...)
	add(aFolder, k.Components...)
	add(aPlugin, k.Generators...)
	add(aPlugin, k.Transformers...)
	add(aPlugin, k.Validators...)
	add(aFile, k.Crds...)
	add(aFile, k.Configurations...)
	add(aFile, k.OpenAPI["path"])
	//lint:ignore SA1019 people still write it
	for _, patch := range k.PatchesStrategicMerge {
		if !isMapping(string(patch)) {
			add(aFile, string(patch))
		}
	}
	//lint:ignore SA1019 people still write it
	for _, patch := range slices.Concat(k.Patches, k.PatchesJson6902) {
		add(aFile, patch.Path)
	}
	for _, r := range k.Replacements {
		add(aFile, r.Path)
	}
	for _, g := range k.ConfigMapGenerator {
		add(aFile, generated(g.KvPairSources)...)
	}
	for _, g := range k.SecretGenerator {
		add(aFile, generated(g.KvPairSources)...)
	}
	return all
}

// generated are the files of a generator.
func generated(from types.KvPairSources) []string {
	paths := append(from.EnvSources[:len(from.EnvSources):len(from.EnvSources)], from.EnvSource)
	for _, file := range from.FileSources {
		paths = append(paths, afterKey(file))
	}
	return paths
}

// isMapping reports text that stands for itself where a path could stand.
func isMapping(text string) bool {
	var fields map[string]any
	return yaml.Unmarshal([]byte(text), &fields) == nil
}
