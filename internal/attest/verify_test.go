package attest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-96940006/tagboat/internal/attest"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// shelf is a source that has what it is given.
type shelf struct {
	bundles [][]byte
	err     error
	asked   int
	taken   int // of bundles
}

func (s *shelf) Find(_ context.Context, _ ref.Image, _ []attest.Requirement, take func(attest.Candidate) bool) ([]string, error) {
	s.asked++
	for _, b := range s.bundles {
		s.taken++
		if !take(attest.Candidate{Where: "the shelf", Bundle: b}) {
			break
		}
	}
	return []string{"the shelf"}, s.err
}

func image(t *testing.T, of ref.Digest) ref.Image {
	t.Helper()
	repository, err := ref.ParseRepository("ghcr.io/acme/web")
	if err != nil {
		t.Fatal(err)
	}
	return ref.Image{Repository: repository, Digest: of}
}

func parse(t *testing.T, lines ...string) []attest.Requirement {
	t.Helper()
	all, err := attest.Parse(lines, "")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// with is the signer, but for one thing.
func (s signer) with(change func(*signer)) signer {
	change(&s)
	return s
}

func TestABundleIsHeldAgainstARequirement(t *testing.T) {
	public, private, stranger := newAuthority(t, publicGood), newAuthority(t, gitHub), newAuthority(t, publicGood)
	trusted := rootFile(t, public, private)
	fork := release.with(func(s *signer) {
		s.repository = "https://github.com/mallory/web"
		s.name = "https://github.com/mallory/web/.github/workflows/release.yml@refs/heads/main"
	})
	called := release.with(func(s *signer) {
		s.name = "https://github.com/acme/ci/.github/workflows/build.yml@refs/tags/v1"
	})
	person := signer{name: "ann@acme.example", issuer: "https://accounts.google.com"}
	const signature = "https://sigstore.dev/cosign/sign/v1"
	good := public.attest(release, digest, provenance)
	tests := map[string]struct {
		line   string
		bundle []byte
		want   string // "" is that it is met; else what the failure says
	}{
		"a public repository":                {"acme/web", good, ""},
		"a private repository":               {"acme/web", private.attest(release, digest, provenance), ""},
		"GitHub's names have any case":       {"Acme/Web,workflow=ACME/web/.github/workflows/release.yml", good, ""},
		"the workflow and its ref":           {"acme/web,workflow=.github/workflows/release.yml@refs/heads/main", good, ""},
		"the ref that was built":             {"acme/web,ref=refs/heads/main", good, ""},
		"a workflow of another repository":   {"acme/web,workflow=acme/ci/.github/workflows/build.yml", public.attest(called, digest, provenance), ""},
		"and its ref":                        {"acme/web,workflow=acme/ci/.github/workflows/build.yml@refs/tags/v1", public.attest(called, digest, provenance), ""},
		"any statement":                      {"acme/web,predicate=any", public.attest(release, digest, "https://spdx.dev/Document/v2.3"), ""},
		"a person":                           {"identity=ann@acme.example,issuer=https://accounts.google.com", public.attest(person, digest, signature), ""},
		"somebody of the kind":               {`identity~=[a-z]+@acme\.example,issuer=https://accounts.google.com`, public.attest(person, digest, signature), ""},
		"another repository":                 {"acme/web", public.attest(fork, digest, provenance), "the repository is https://github.com/mallory/web, not https://github.com/acme/web"},
		"a repository with a longer name":    {"acme/we", good, "the signer is https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main, not a workflow of acme/we"},
		"a workflow that was only called":    {"acme/web", public.attest(called, digest, provenance), "the signer is https://github.com/acme/ci/.github/workflows/build.yml@refs/tags/v1, not a workflow of acme/web"},
		"another workflow":                   {"acme/web,workflow=acme/web/.github/workflows/other.yml", good, "the signer is https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main, not https://github.com/acme/web/.github/workflows/other.yml"},
		"the workflow at another ref":        {"acme/web,workflow=acme/web/.github/workflows/release.yml@refs/heads/dev", good, "release.yml@refs/heads/main, not"},
		"a workflow whose name begins alike": {"acme/web,workflow=acme/web/.github/workflows/release.ym.yml", good, "the signer is"},
		"a file in another case":             {"acme/web,workflow=acme/web/.github/workflows/Release.yml", good, "the signer is"},
		"another ref":                        {"acme/web,ref=refs/tags/v1", good, "the ref is refs/heads/main, not refs/tags/v1"},
		"another statement":                  {"acme/web", public.attest(release, digest, "https://spdx.dev/Document/v2.3"), "its type is https://spdx.dev/Document/v2.3, not https://slsa.dev/provenance/v1"},
		"an issuer who says anything":        {"acme/web", public.attest(release.with(func(s *signer) { s.issuer = "https://issuer.invalid" }), digest, provenance), "the issuer of the signer is https://issuer.invalid, not https://token.actions.githubusercontent.com"},
		"an enterprise's own issuer":         {"acme/web", public.attest(release.with(func(s *signer) { s.issuer = actionsIssuer + "/acme" }), digest, provenance), "write issuer=https://token.actions.githubusercontent.com/acme"},
		"that issuer named":                  {"acme/web,issuer=" + actionsIssuer + "/acme", public.attest(release.with(func(s *signer) { s.issuer = actionsIssuer + "/acme" }), digest, provenance), ""},
		"another person":                     {"identity=bob@acme.example,issuer=https://accounts.google.com", public.attest(person, digest, signature), "the signer is ann@acme.example, not bob@acme.example"},
		"only part of the name":              {`identity~=ann@acme,issuer=https://accounts.google.com`, public.attest(person, digest, signature), "the signer is ann@acme.example, not like"},
		"another image":                      {"acme/web", public.attest(release, otherDigest, provenance), "provided artifact digest does not match"},
		"a root that nobody trusts":          {"acme/web", stranger.attest(release, digest, provenance), "failed to verify"},
		"an organization that nobody knows":  {"acme/web", newAuthority(t, "Mallory").attest(release, digest, provenance), `issued by "Mallory", which no trusted root knows`},
		"a certificate that stands in no log": {"acme/web", public.attest(release.with(func(s *signer) { s.unlogged = true }), digest, provenance),
			"failed to verify signed certificate timestamp"},
		"a statement that was changed":       {"acme/web", swap(t, public.attest(release, otherDigest, provenance), statement(otherDigest, provenance), statement(digest, provenance)), "failed to verify"},
		"a signature of another one":         {"acme/web", swapSignature(t, good, public.attest(release, digest, provenance)), "failed to verify"},
		"a private repository, with no time": {"acme/web", strip(t, private.attest(release, digest, provenance), "timestampVerificationData"), "failed to verify timestamps"},
		"a public repository, in no log":     {"acme/web", strip(t, good, "tlogEntries"), "failed to verify log inclusion"},
		"no bundle":                          {"acme/web", []byte(`{"mediaType":"x"}`), "no bundle of sigstore"},
		"a name that writes to the log": {"identity=bob@acme.example,issuer=https://accounts.google.com",
			public.attest(person.with(func(s *signer) { s.issuer = "https://a.example/\n::error::x" }), digest, signature), "https://a.example/ ::error::x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := &attest.Verifier{Sources: []attest.Source{&shelf{bundles: [][]byte{test.bundle}}}, Roots: &attest.Roots{File: trusted}}
			proofs, err := v.Verify(t.Context(), image(t, digest), parse(t, test.line))
			if test.want == "" {
				if err != nil || len(proofs) != 1 {
					t.Fatalf("got %v, %v", proofs, err)
				}
				return
			}
			if !fault.Is(err, "E_VERIFY_FAILED") || len(proofs) > 0 {
				t.Fatalf("got %v, %v", proofs, err)
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q\nwant %q in one line", err, test.want)
			}
		})
	}
}

// swap puts another text in the place of one that is in base64 in a bundle.
func swap(t *testing.T, bundle, text, by []byte) []byte {
	t.Helper()
	changed := bytes.Replace(bundle, []byte(encode(text)), []byte(encode(by)), 1)
	if bytes.Equal(changed, bundle) {
		t.Fatal("nothing was changed")
	}
	return changed
}

// strip takes a part out of what a bundle is verified by.
func strip(t *testing.T, bundle []byte, part string) []byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(bundle, &whole); err != nil {
		t.Fatal(err)
	}
	material, _ := whole["verificationMaterial"].(map[string]any)
	if material[part] == nil {
		t.Fatalf("no %s in %s", part, bundle)
	}
	delete(material, part)
	data, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// swapSignature puts the signature of another bundle into one.
func swapSignature(t *testing.T, bundle, other []byte) []byte {
	t.Helper()
	find := func(b []byte) []byte {
		_, rest, ok := bytes.Cut(b, []byte(`"sig":"`))
		signature, _, end := bytes.Cut(rest, []byte(`"`))
		if !ok || !end {
			t.Fatalf("no signature in %s", b)
		}
		return signature
	}
	return bytes.Replace(bundle, find(bundle), find(other), 1)
}

func TestAProofTellsWhoAttestedWhat(t *testing.T) {
	public := newAuthority(t, publicGood)
	first := &shelf{bundles: [][]byte{
		public.attest(release, otherDigest, provenance), public.attest(release, digest, provenance), public.attest(release, digest, provenance),
	}}
	second := &shelf{bundles: [][]byte{public.attest(release, digest, "https://spdx.dev/Document/v2.3")}}
	never := &shelf{err: errors.New("nobody should ask")}
	v := &attest.Verifier{Sources: []attest.Source{first, second, never}, Roots: &attest.Roots{File: rootFile(t, public)}}
	lines := []string{"acme/web,predicate=https://spdx.dev/Document/v2.3", "acme/web"}
	got, err := v.Verify(t.Context(), image(t, digest), parse(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	proof := attest.Proof{
		Digest: digest, Signer: release.name, Issuer: actionsIssuer,
		Repository: "https://github.com/acme/web", Commit: commit, Ref: "refs/heads/main", Where: "the shelf",
	}
	want := []attest.Proof{proof, proof}
	want[0].Requirement, want[0].Predicate = lines[0], "https://spdx.dev/Document/v2.3"
	want[1].Requirement, want[1].Predicate = lines[1], provenance
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(attest.Proof{}, "Signed")); diff != "" {
		t.Error(diff)
	}
	if since := time.Since(got[0].Signed); since < 0 || since > time.Minute {
		t.Errorf("signed %v ago", since)
	}
	if never.asked > 0 || first.taken != 3 || second.taken != 1 {
		t.Errorf("%d and %d bundles were taken; the last source was asked %d times, though everything was met", first.taken, second.taken, never.asked)
	}
}

func TestNothingPassesByAFailure(t *testing.T) {
	public := newAuthority(t, publicGood)
	good := public.attest(release, digest, provenance)
	broken := fault.Newf("E_REGISTRY", "", "the registry has gone")
	tests := map[string]struct {
		sources []attest.Source
		lines   []string
		of      ref.Digest
		codes   []string
	}{
		"nothing anywhere":                   {[]attest.Source{&shelf{}, &shelf{}}, []string{"acme/web"}, digest, []string{"E_VERIFY_MISSING"}},
		"nowhere to look":                    {nil, []string{"acme/web"}, digest, []string{"E_VERIFY_MISSING"}},
		"a source that does not answer":      {[]attest.Source{&shelf{err: broken}}, []string{"acme/web"}, digest, []string{"E_REGISTRY"}},
		"one that has none, one that cannot": {[]attest.Source{&shelf{}, &shelf{err: broken}}, []string{"acme/web"}, digest, []string{"E_REGISTRY"}},
		"one of two requirements":            {[]attest.Source{&shelf{bundles: [][]byte{good}}}, []string{"acme/web", "acme/api"}, digest, []string{"E_VERIFY_FAILED"}},
		"both":                               {[]attest.Source{&shelf{bundles: [][]byte{good}}}, []string{"acme/www", "acme/api"}, digest, []string{"E_VERIFY_FAILED", "E_VERIFY_FAILED"}},
		"what was found will not do, and a source did not answer": {
			[]attest.Source{&shelf{bundles: [][]byte{good}, err: broken}}, []string{"acme/api"}, digest, []string{"E_VERIFY_FAILED", "E_REGISTRY"}},
		"what was found will do, though a source did not answer": {
			[]attest.Source{&shelf{err: broken}, &shelf{bundles: [][]byte{good}, err: broken}}, []string{"acme/web"}, digest, nil},
		"an image without a digest": {[]attest.Source{&shelf{bundles: [][]byte{good}}}, []string{"acme/web"}, "", []string{"E_DIGEST"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := &attest.Verifier{Sources: test.sources, Roots: &attest.Roots{File: rootFile(t, public)}}
			proofs, err := v.Verify(t.Context(), image(t, test.of), parse(t, test.lines...))
			var codes []string
			for _, f := range fault.All(err) {
				codes = append(codes, f.Code)
			}
			if diff := cmp.Diff(test.codes, codes); diff != "" {
				t.Errorf("%s\n%v", diff, err)
			}
			if err != nil && len(proofs) > 0 {
				t.Errorf("a failure came with %d proofs", len(proofs))
			}
		})
	}
}

func TestWhatRequiresNothingIsNotMet(t *testing.T) {
	s := &shelf{}
	v := &attest.Verifier{Sources: []attest.Source{s}}
	if proofs, err := v.Verify(t.Context(), image(t, digest), nil); err == nil || len(proofs) > 0 || s.asked > 0 {
		t.Errorf("got %v, %v after %d questions", proofs, err, s.asked)
	}
	if all, err := attest.Parse([]string{"acme/web", " "}, ""); !fault.Is(err, "E_INPUT") || !strings.Contains(err.Error(), "a requirement is empty") {
		t.Errorf("an empty line: got %v, %v", all, err)
	}
}

// What comes after the last one that is needed is neither judged nor fetched.
func TestNoMoreIsTakenThanIsNeeded(t *testing.T) {
	public := newAuthority(t, publicGood)
	good := public.attest(release, digest, provenance)
	s := &shelf{bundles: [][]byte{public.attest(release, otherDigest, provenance), good, good, good}}
	v := &attest.Verifier{Sources: []attest.Source{s}, Roots: &attest.Roots{File: rootFile(t, public)}}
	if _, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web")); err != nil || s.taken != 2 {
		t.Errorf("%d were taken, %v", s.taken, err)
	}
}

func TestAnEndedContextIsNoMissingAttestation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := &attest.Verifier{Sources: []attest.Source{&shelf{}}, Roots: &attest.Roots{File: rootFile(t, newAuthority(t, publicGood))}}
	if _, err := v.Verify(ctx, image(t, digest), parse(t, "acme/web")); !errors.Is(err, context.Canceled) || fault.Is(err, "E_VERIFY_MISSING") {
		t.Errorf("got %v", err)
	}
}

func TestManyAttestationsAreNotAllTold(t *testing.T) {
	public := newAuthority(t, publicGood)
	one := public.attest(release, digest, provenance)
	v := &attest.Verifier{Sources: []attest.Source{&shelf{bundles: [][]byte{one, one, one, one, one, one, one, one}}}, Roots: &attest.Roots{File: rootFile(t, public)}}
	_, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/api"))
	if err == nil || !strings.Contains(err.Error(), "none of its attestations (8) is what") || !strings.Contains(err.Error(), "and 3 more") || strings.Contains(err.Error(), "6. the shelf") {
		t.Errorf("got %v", err)
	}
}

func TestAFileOfRootsIsReadBeforeAnythingIsAsked(t *testing.T) {
	public := newAuthority(t, publicGood)
	tests := map[string]struct {
		text string
		want string
	}{
		"no JSON":              {"trust me", "line 1 is no trusted root"},
		"the second line":      {public.root() + "\n{}\n", "line 2 is no trusted root"},
		"nothing":              {"\n", "no certificate authority is in it"},
		"a root of timestamps": {`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`, "no certificate authority is in it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "root.json")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := &shelf{}
			v := &attest.Verifier{Sources: []attest.Source{s}, Roots: &attest.Roots{File: path}}
			_, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web"))
			if !fault.Is(err, "E_VERIFY_ROOT") || !strings.Contains(err.Error(), test.want) || s.asked > 0 {
				t.Errorf("got %v after %d questions, want %q", err, s.asked, test.want)
			}
		})
	}
	if err := (&attest.Roots{File: filepath.Join(t.TempDir(), "gone.json")}).Check(); !fault.Is(err, "E_VERIFY_ROOT") {
		t.Errorf("a file that is not there: got %v", err)
	}
}

// An indented root is what trusted_root.json of a TUF repository looks like.
func TestAnIndentedRootIsOneRoot(t *testing.T) {
	public := newAuthority(t, publicGood)
	path := filepath.Join(t.TempDir(), "root.json")
	indented := strings.ReplaceAll(public.root(), `,"`, ",\n  \"")
	if err := os.WriteFile(path, []byte(indented), 0o600); err != nil {
		t.Fatal(err)
	}
	v := &attest.Verifier{Sources: []attest.Source{&shelf{bundles: [][]byte{public.attest(release, digest, provenance)}}}, Roots: &attest.Roots{File: path}}
	if _, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web")); err != nil {
		t.Error(err)
	}
}
