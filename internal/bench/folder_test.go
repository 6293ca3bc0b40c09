package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkFolder10000 bumps an image that 100 of 10,000 manifests name, 100 MB of
// them in a folder.
func BenchmarkFolder10000(b *testing.B) {
	tagboat, dir := binary(b), b.TempDir()
	var env strings.Builder
	for i := range 145 {
		fmt.Fprintf(&env, "        - name: VARIABLE_%04d # comment\n          value: \"some value %d\"\n", i, i)
	}
	for i := range 10_000 {
		image := fmt.Sprintf("ghcr.io/acme/web-%d", i)
		if i%100 == 0 {
			image = "ghcr.io/acme/web"
		}
		write(b, filepath.Join(dir, "apps", fmt.Sprintf("app-%02d", i%100), fmt.Sprintf("%03d", i/100), "deploy.yaml"), []byte(
			"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: "+
				image+":v0\n        env:\n"+env.String()))
	}
	measure(b, dir, func(i int) []string {
		return []string{tagboat, "bump", "--infra-repository", ".", "--infra-mode", "files", "--deploy-ref", fmt.Sprintf("ghcr.io/acme/web:v%d", i+1)}
	})
}
