//go:build e2e

package e2e

import "testing"

// TestWhatWasBuiltElsewhereGoesOnward pushes an index from a folder under the next
// number, asks which image that is, and promotes it to a version in two repositories
// and into files. The same event again finds everything so already.
func TestWhatWasBuiltElsewhereGoesOnward(t *testing.T) {
	s := newShop(t)
	layout, digest := layoutOf(t, attested(t))
	onward := func(changed string) {
		t.Helper()
		r := s.act("onward.yml", "push", s.push(), "--env", "LAYOUT="+layout)
		r.succeeded(t)
		r.want(t, "push", map[string]string{
			"version": "v0.0.1", "tags": "v0.0.1", "digest": digest, "images": s.image + ":v0.0.1@" + digest, "deploy-ref": s.image + ":v0.0.1",
		})
		r.want(t, "found", map[string]string{"exists": "true", "digest": digest, "deploy-ref": s.image + ":v0.0.1@" + digest})
		r.want(t, "missing", map[string]string{"exists": "false", "digest": "", "deploy-ref": ""})
		r.want(t, "promote", map[string]string{
			"tag": "v1.0.0", "tags": "v1.0.0\nlatest", "digest": digest, "deploy-ref": s.image + ":v1.0.0",
			"changed": changed, "branch": "main", "commit-sha": s.git(s.infra, "rev-parse", "main"),
		})
		s.bumped("main", "v0.0.0", "v1.0.0")
	}
	onward("true")
	for path, tags := range map[string][]string{"acme/web": {"v0.0.1", "v1.0.0", "latest"}, "acme/web-copy": {"v1.0.0", "latest"}} {
		for _, tag := range tags {
			if got := s.registry.Digest(path, tag); got != digest {
				t.Errorf("%s:%s is %q, want %s", path, tag, got, digest)
			}
		}
	}
	if got := s.registry.Digest("acme/web-copy", "v0.0.1"); got != "" {
		t.Errorf("the copy got the tag of the original: %s", got)
	}
	if got := s.git(s.source, "tag"); got != "v0.0.1" {
		t.Errorf("the numbers %q were claimed", got)
	}

	s.registry.Forget()
	onward("false")
	if n := s.registry.Count("PUT", ""); n != 0 {
		t.Errorf("%d writes the second time: %q", n, s.registry.Requests())
	}
}
