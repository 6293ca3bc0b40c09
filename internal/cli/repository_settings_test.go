package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestRepositorySettings(t *testing.T) {
	const document = `{"rules":[{"rulePriority":1}]}`
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	rules := []string{"pr", "sha", "version", "raw=latest", "raw=v1.2.3", "type=raw,value=edge"}
	cases := map[string]struct {
		lines []string
		want  ecr.Repository
	}{
		"none": {nil, ecr.Repository{Immutable: true, ScanOnPush: true, Exclusions: []string{"pr-*", "latest", "edge"}}},
		"all": {
			[]string{"mutable-tags=pr-*", "mutable-tags = edge", "scan-on-push=false", "encryption=KMS", "kms-key=arn:aws:kms:x", "lifecycle=" + policy, "tag=team=web", "tag=a=b=c"},
			ecr.Repository{
				Immutable: true, Exclusions: []string{"pr-*", "edge"}, Encryption: "KMS", Key: "arn:aws:kms:x", Lifecycle: []byte(document),
				Tags: map[string]string{"team": "web", "a": "b=c"},
			},
		},
		"all tags move": {[]string{"immutable=false"}, ecr.Repository{ScanOnPush: true}},
	}
	for name, c := range cases {
		got, err := repositorySettings(c.lines, rules)
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

// A repository is made once, whichever tags its first run has.
func TestTagsThatMoveAreToldByTheirRules(t *testing.T) {
	cases := map[string][]string{
		"`mutable-tags=main`": {"branch"},
		"no pattern of ECR":   {"version", "semver-major-minor"},
		"5 patterns of tags":  {"raw=latest", "raw=stable", "raw=edge", "raw=next", "raw=lts"},
		"`immutable=false`":   {"date"},
	}
	for want, rules := range cases {
		in := createInputs{CreateRepository: true}
		all := fault.All(in.mistakes(rules))
		if len(all) != 1 || !strings.Contains(all[0].Error()+all[0].Hint, want) {
			t.Errorf("%q: got %v", rules, all)
		}
		in.RepositorySettings = []string{"mutable-tags=*.*"}
		if err := in.mistakes(rules); err != nil {
			t.Errorf("%q: %v", rules, err)
		}
	}
	if err := (createInputs{RepositorySettings: []string{"immutable=false"}}).mistakes(nil); err == nil {
		t.Error("settings of a repository that is not made are taken")
	}
}
