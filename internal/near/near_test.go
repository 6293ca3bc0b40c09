package near_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/near"
)

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"main", "main", 0}, {"mian", "main", 2},
		{"prodution", "production", 1}, {"kitten", "sitting", 3}, {"web", "api", 3},
	} {
		if got := near.Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if back := near.Distance(tt.b, tt.a); back != tt.want {
			t.Errorf("%q to %q: %d, want %d", tt.b, tt.a, back, tt.want)
		}
	}
}

func TestLikely(t *testing.T) {
	words := []string{"build-args", "images", "infra-token", "ship", "tags"}
	for written, want := range map[string]string{
		"bild-args": "build-args", "image": "images", "shpi": "ship", "infra_token": "infra-token",
		"delete": "", "x": "", "": "", "token": "",
	} {
		if got := near.Likely(written, words); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}
