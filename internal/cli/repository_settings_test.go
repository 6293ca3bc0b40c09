package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/plan"
)

func TestRepositorySettings(t *testing.T) {
	const rules = `{"rules":[{"rulePriority":1}]}`
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	tags := []plan.Tag{
		{Name: "v1.2.3", Kind: "semver", Immutable: true}, {Name: "pr-7", Kind: "pr"}, {Name: "latest", Kind: "raw"},
		{Pattern: "v0.0.N", Kind: "version", Immutable: true}, {Name: "main", Kind: "branch"},
	}
	cases := map[string]struct {
		lines []string
		want  ecr.Repository
	}{
		"none": {nil, ecr.Repository{Immutable: true, ScanOnPush: true, Exclusions: []string{"pr-*", "latest", "main"}}},
		"all": {
			[]string{"mutable-tags=pr-*", "mutable-tags = edge", "scan-on-push=false", "encryption=KMS", "kms-key=arn:aws:kms:x", "lifecycle=" + policy, "tag=team=web", "tag=a=b=c"},
			ecr.Repository{
				Immutable: true, Exclusions: []string{"pr-*", "edge"}, Encryption: "KMS", Key: "arn:aws:kms:x", Lifecycle: []byte(rules),
				Tags: map[string]string{"team": "web", "a": "b=c"},
			},
		},
		"all tags move": {[]string{"immutable=false"}, ecr.Repository{ScanOnPush: true}},
	}
	for name, c := range cases {
		got, err := repositorySettings(c.lines, tags)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// Every mistake is told, and not the first one alone.
func TestBadRepositorySettings(t *testing.T) {
	_, err := repositorySettings([]string{
		"immutable=false", "mutable-tags=pr-*", "scan-on-push=yes", "color=red", "tag=", "lifecycle=missing.json", "encryption=ROT13",
	}, nil)
	for _, want := range []string{"mean the same", `scan-on-push cannot be "yes"`, `"color" is no setting`, `"" is no tag`, "missing.json", "ROT13"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}
