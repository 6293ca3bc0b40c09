package infra

import (
	"context"
	"io/fs"
	"path"
	"strings"
)

// tree is every regular file of a commit. What is not known is fetched when it is
// opened, together with what is likely to be opened next.
//
// fs.FS hands no context on, so these fetches are under the one of Read, which is
// captured here: who ends it ends them.
func (g *Git) tree(ctx context.Context, branch, head string, entries []entry, known func(entry) ([]byte, bool)) fs.FS {
	t := newMemory(entries, known)
	t.load = func(missed *node) error {
		g.loading.Lock()
		defer g.loading.Unlock()
		if missed.loaded() { // by who held the lock before
			return nil
		}
		nodes := t.nodes()
		wanted := nearby(missed.path, entries, func(e entry) bool { return nodes[e.path] != nil && !nodes[e.path].loaded() })
		found, err := g.blobs(ctx, branch, head, wanted)
		for _, e := range wanted {
			if data, ok := found[e.id]; ok {
				nodes[e.path].data.Store(&data)
			}
		}
		if missed.loaded() { // that a file near it cannot be had is no matter
			return nil
		}
		return err
	}
	return t
}

// mostNearby is how many files one request brings. Manifests are small, and requests
// are slow.
const mostNearby = 200

// nearby is the entry of a file with those that are likely to be read after it:
// its folder's files, as a kustomization reads those beside it, then the manifests
// of the folders next to it. Only what lacks counts.
func nearby(name string, entries []entry, lacks func(entry) bool) []entry {
	var wanted []entry
	taken := map[string]bool{}
	take := func(likely func(entry) bool) {
		for _, e := range entries {
			if len(wanted) < mostNearby && !taken[e.path] && likely(e) && lacks(e) {
				taken[e.path] = true
				wanted = append(wanted, e)
			}
		}
	}
	folder := path.Dir(name)
	around := path.Dir(folder) + "/"
	take(func(e entry) bool { return e.path == name })
	take(func(e entry) bool { return path.Dir(e.path) == folder })
	take(func(e entry) bool {
		return (around == "./" || strings.HasPrefix(e.path, around)) && holdsManifests(e.path) && !hidden(e.path, folder)
	})
	return wanted
}
