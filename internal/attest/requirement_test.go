package attest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-96940006/tagboat/internal/attest"
	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestALineNamesWhoMustHaveAttestedWhat(t *testing.T) {
	acme := attest.Requirement{Repository: "acme/web", Predicate: provenance, Issuer: actionsIssuer}
	with := func(change func(*attest.Requirement)) attest.Requirement {
		r := acme
		change(&r)
		return r
	}
	tests := map[string]struct {
		line   string
		server string
		want   attest.Requirement
	}{
		"the short form":    {"acme/web", "", acme},
		"the long form":     {"repository=acme/web", "https://github.com", acme},
		"with spaces":       {" repository=acme/web, predicate=any ", "https://github.com/", with(func(r *attest.Requirement) { r.Predicate = "any" })},
		"short, with a ref": {"acme/web,ref=refs/tags/v1.2", "", with(func(r *attest.Requirement) { r.Ref = "refs/tags/v1.2" })},
		"another type":      {"acme/web,predicate=https://cyclonedx.org/bom", "", with(func(r *attest.Requirement) { r.Predicate = "https://cyclonedx.org/bom" })},
		"a workflow":        {"acme/web,workflow=acme/ci/.github/workflows/b.yaml", "", with(func(r *attest.Requirement) { r.Workflow = "acme/ci/.github/workflows/b.yaml" })},
		"a workflow of its": {"acme/web,workflow=.github/workflows/b.yml", "", with(func(r *attest.Requirement) { r.Workflow = "acme/web/.github/workflows/b.yml" })},
		"a workflow at a ref": {"acme/web,workflow=.github/workflows/b.yml@refs/heads/a/b", "", with(func(r *attest.Requirement) {
			r.Workflow, r.WorkflowRef = "acme/web/.github/workflows/b.yml", "refs/heads/a/b"
		})},
		"a workflow at a commit": {"acme/web,workflow=acme/ci/.github/workflows/b.yml@" + commit, "", with(func(r *attest.Requirement) {
			r.Workflow, r.WorkflowRef = "acme/ci/.github/workflows/b.yml", commit
		})},
		"an issuer":        {"acme/web,issuer=https://token.actions.githubusercontent.com/acme", "", with(func(r *attest.Requirement) { r.Issuer += "/acme" })},
		"a ghe.com host":   {"acme/web", "https://acme.ghe.com", with(func(r *attest.Requirement) { r.Issuer = "https://token.actions.acme.ghe.com" })},
		"a server of ours": {"acme/web", "https://git.acme.example", with(func(r *attest.Requirement) { r.Issuer = "https://git.acme.example/_services/token" })},
		"no ghe.com host":  {"acme/web", "https://ghe.com.acme.example", with(func(r *attest.Requirement) { r.Issuer = "https://ghe.com.acme.example/_services/token" })},
		"a person": {"identity=ann@acme.example,issuer=https://accounts.google.com", "", attest.Requirement{
			Identity: "ann@acme.example", Issuer: "https://accounts.google.com", Predicate: "https://sigstore.dev/cosign/sign/v1"}},
		"a workflow by its whole name": {"identity=" + release.name, "", attest.Requirement{
			Identity: release.name, Issuer: actionsIssuer, Predicate: "https://sigstore.dev/cosign/sign/v1"}},
		"people, with a comma": {`"identity~=a{1,2}@acme\.example",issuer=https://accounts.google.com,predicate=any`, "", attest.Requirement{
			Like: regexp.MustCompile(`^(?:a{1,2}@acme\.example)$`), Issuer: "https://accounts.google.com", Predicate: "any"}},
		"a person and a repository": {"acme/web,identity=" + release.name, "", with(func(r *attest.Requirement) { r.Identity = release.name })},
	}
	same := cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b || a != nil && b != nil && a.String() == b.String() })
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := attest.Parse([]string{test.line}, test.server)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Line = strings.TrimSpace(test.line)
			if diff := cmp.Diff([]attest.Requirement{test.want}, got, same, cmpopts.IgnoreUnexported(attest.Requirement{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakesInALine(t *testing.T) {
	tests := map[string]struct {
		line string
		want []string
	}{
		"no repository":           {"acme", []string{`"acme" is no owner/repo`}},
		"a path outside":          {"acme/..", []string{`"acme/.." is no owner/repo`}},
		"a URL":                   {"https://github.com/acme/web", []string{"is no owner/repo"}},
		"a digest":                {"acme/web@" + commit, []string{"is no owner/repo"}},
		"an unknown key":          {"repo=acme/web", []string{`"repo" is none of repository, workflow, predicate, ref, issuer, identity, identity~`}},
		"a bare word behind":      {"acme/web,provenance", []string{`"provenance" is none of`}},
		"a key twice":             {"acme/web,repository=acme/api", []string{"repository is given twice"}},
		"nothing behind a key":    {"acme/web,ref=", []string{"ref is empty"}},
		"nothing behind an @":     {"acme/web,workflow=.github/workflows/a.yml@", []string{"workflow is empty, or ends in nothing"}},
		"a branch by its name":    {"acme/web,ref=main", []string{`"main" is no ref; write refs/heads/BRANCH`}},
		"a workflow's branch":     {"acme/web,workflow=.github/workflows/a.yml@main", []string{`"main" is no ref of a workflow`}},
		"a short commit":          {"acme/web,workflow=.github/workflows/a.yml@0123456", []string{`"0123456" is no ref of a workflow`}},
		"a workflow by its name":  {"acme/web,workflow=release.yml", []string{`"release.yml" is no owner/repo/.github/workflows/FILE.yml`}},
		"a workflow alone":        {"workflow=acme/ci/.github/workflows/a.yml", []string{"nobody is named", "any repository"}},
		"a word for a type":       {"acme/web,predicate=provenance", []string{`"provenance" is no type of a statement; write its URL, such as ` + provenance}},
		"an identity alone":       {"identity=ann@acme.example", []string{"who vouches for it"}},
		"two names":               {"identity=a,identity~=b,issuer=https://i.example", []string{"leave one out"}},
		"a name and a workflow":   {"acme/web,identity=a,workflow=.github/workflows/a.yml", []string{"leave one out"}},
		"a ref of nobody":         {"identity=a@b.example,issuer=https://i.example,ref=refs/heads/main", []string{"a ref is one of a repository"}},
		"anybody":                 {"identity~=.*,issuer=https://i.example", []string{"identity~=.* is anybody"}},
		"anybody with a URL":      {"identity~=https://.+,issuer=https://i.example", []string{"is anybody"}},
		"no expression":           {"identity~=(,issuer=https://i.example", []string{"missing closing"}},
		"an expression that ends": {"identity~=a)|(b,issuer=https://i.example", []string{"unexpected )"}},
		"an issuer that is none":  {"acme/web,issuer=google", []string{`"google" is no issuer`}},
		"an open quote":           {`"acme/web`, []string{"not a list with commas"}},
		"all at once":             {"acme,ref=main,predicate=sbom", []string{"is no owner/repo", "is no ref", "is no type"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := attest.Parse([]string{"acme/api", test.line}, "")
			if got != nil {
				t.Errorf("got %+v", got)
			}
			all := fault.All(err)
			if len(all) != len(test.want) {
				t.Fatalf("got %d mistakes, want %d: %v", len(all), len(test.want), err)
			}
			for i, f := range all {
				if f.Code != "E_INPUT" || f.Hint == "" || !strings.Contains(f.Error(), test.want[i]) {
					t.Errorf("got %s %q, want %q", f.Code, f, test.want[i])
				}
			}
		})
	}
}

// FuzzParse looks for a line that is taken and names nobody.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"acme/web", "acme/web,workflow=.github/workflows/a.yml@refs/heads/main,ref=refs/tags/v1", "predicate=any", `"identity~=a{1,2}",issuer=https://a.example`,
		"identity=ann@acme.example,issuer=https://accounts.google.com", "workflow=acme/ci/.github/workflows/a.yml", ",", `"`, "identity~=|a,issuer=http://i",
	} {
		f.Add(line, "")
		f.Add(line, "https://acme.ghe.com")
	}
	f.Fuzz(func(t *testing.T, line, server string) {
		all, err := attest.Parse([]string{line}, server)
		if err != nil {
			if all != nil || !slices.ContainsFunc(fault.All(err), func(f *fault.Fault) bool { return f.Code == "E_INPUT" }) {
				t.Fatalf("got %+v, %v", all, err)
			}
			return
		}
		for _, r := range all {
			named := strings.Count(r.Repository, "/") == 1 || r.Identity != "" || r.Like != nil && !r.Like.MatchString("")
			if !named || r.Issuer == "" || r.Predicate == "" || strings.ContainsAny(r.Repository, "?#% ") || strings.HasSuffix(r.Repository, "/..") {
				t.Errorf("%q names nobody: %+v", line, r)
			}
		}
	})
}
