package manifest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestAnImageThatMayBeMeant(t *testing.T) {
	files := fstest.MapFS{"apps.yaml": {Data: []byte("images:\n- ghcr.io/acme/web:v1\n- ghcr.io/acme/payments:v1\n- quay.io/other/payments:v1\n- ghcr.io/acme/api:v1\n")}}
	for wanted, want := range map[string]string{
		"ghcr.io/acme/webb":     "ghcr.io/acme/web",
		"ghcr.io/acme/paymnets": "ghcr.io/acme/payments",
		"ghcr.io/acmee/web":     "ghcr.io/acme/web",
		"quay.io/othr/payments": "quay.io/other/payments",
		"docker.io/acme/api":    "ghcr.io/acme/api",
		"ghcr.io/acme/worker":   "",
		"ghcr.io/acme/ui":       "",
	} {
		image, err := ref.ParseImage(wanted + ":v2")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Edit(files, Target{Image: image, Pin: PinTag})
		if !fault.Is(err, "E_NO_MATCH") {
			t.Fatalf("%s: got %v", wanted, err)
		}
		hint := fault.All(err)[0].Hint
		meant, _, _ := strings.Cut(strings.TrimPrefix(hint, "did you mean "), ",")
		if got := strings.HasPrefix(hint, "did you mean "); got != (want != "") || got && meant != want {
			t.Errorf("%s: hint %q, want %q", wanted, hint, want)
		}
	}
}
