package attest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	fake "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/attest"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

const (
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeBundle   = "application/vnd.dev.sigstore.bundle.v0.3+json"
	typeSimple   = "application/vnd.dev.cosign.simplesigning.v1+json"
	typeDSSE     = "application/vnd.dsse.envelope.v1+json"
)

// store is a registry with one repository.
type store struct {
	t      *testing.T
	server *httptest.Server
	name   string
	broken func(path string) bool // what is answered with 500
}

func newStore(t *testing.T, referrers bool) *store {
	t.Helper()
	s := &store{t: t, broken: func(string) bool { return false }}
	handler := fake.New(fake.Logger(log.New(io.Discard, "", 0)), fake.WithReferrersSupport(referrers))
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.broken(r.URL.Path) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	s.name = strings.TrimPrefix(s.server.URL, "http://") + "/acme/web"
	return s
}

func (s *store) image() ref.Image {
	s.t.Helper()
	repository, err := ref.ParseRepository(s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	return ref.Image{Repository: repository, Digest: digest}
}

func (s *store) source() *attest.FromRegistry {
	return &attest.FromRegistry{Registry: &registry.Client{Keychain: authn.NewMultiKeychain(), Retry: remote.Backoff{Steps: 1}}}
}

func (s *store) send(method, path, mediaType, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+"/v2/acme/web/"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		s.t.Fatalf("%s %s: %s", method, path, res.Status)
	}
}

// piece is a layer of what is attached.
type piece struct {
	mediaType string
	content   []byte
	notes     map[string]string
}

// put stores a manifest with these layers, under a tag or, where that is "", its
// digest.
func (s *store) put(tag, artifactType, more string, pieces ...piece) ref.Digest {
	s.t.Helper()
	var layers []string
	for _, p := range append([]piece{{content: []byte("{}")}}, pieces...) {
		s.send(http.MethodPost, "blobs/uploads/?digest=sha256:"+sha(p.content), "application/octet-stream", string(p.content))
	}
	for _, p := range pieces {
		notes, err := json.Marshal(p.notes)
		if err != nil {
			s.t.Fatal(err)
		}
		layers = append(layers, fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%s","size":%d,"annotations":%s}`, p.mediaType, sha(p.content), len(p.content), notes))
	}
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"artifactType":%q%s,"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:%s","size":2},"layers":[%s]}`,
		typeManifest, artifactType, more, sha([]byte("{}")), strings.Join(layers, ","))
	of := ref.Digest("sha256:" + sha([]byte(manifest)))
	if tag == "" {
		tag = string(of)
	}
	s.send(http.MethodPut, "manifests/"+tag, typeManifest, manifest)
	return of
}

// attach stores a manifest whose subject is the image.
func (s *store) attach(artifactType string, pieces ...piece) ref.Digest {
	s.t.Helper()
	return s.put("", artifactType, fmt.Sprintf(`,"subject":{"mediaType":%q,"digest":%q,"size":2}`, typeIndex, digest), pieces...)
}

// tagFor is where clients look where there is no referrers API, and cosign always.
func tagFor(suffix string) string { return strings.Replace(string(digest), ":", "-", 1) + suffix }

func TestARegistryKeepsAttestations(t *testing.T) {
	public, stranger := newAuthority(t, publicGood), newAuthority(t, publicGood)
	file := rootFile(t, public)
	person := signer{name: "ann@acme.example", issuer: "https://accounts.google.com"}
	const ann = "identity=ann@acme.example,issuer=https://accounts.google.com"
	bundle := piece{mediaType: typeBundle, content: public.attest(release, digest, provenance)}
	signed := func(a *authority, by signer, of ref.Digest) piece {
		payload, notes := a.simpleSigning(by, of, "cosign container image signature")
		return piece{typeSimple, payload, notes}
	}
	payload, notes := public.simpleSigning(person, digest, "a receipt")
	receipt := piece{typeSimple, payload, notes}
	attested := func(a *authority, of ref.Digest) piece {
		content, notes := a.cosignAttestation(release, of, provenance)
		return piece{typeDSSE, content, notes}
	}
	without := func(p piece, note string) piece {
		notes := map[string]string{}
		for name, value := range p.notes {
			if name != note {
				notes[name] = value
			}
		}
		return piece{p.mediaType, p.content, notes}
	}
	tests := map[string]struct {
		fallback   bool // there is no referrers API
		set        func(*store)
		line       string
		code, says string
	}{
		"a bundle": {set: func(s *store) { s.attach(typeBundle, bundle) }, line: "acme/web"},
		"beside an SBOM that is not ours": {set: func(s *store) {
			s.attach("application/spdx+json", piece{"application/spdx+json", []byte(`{}`), nil})
			s.attach(typeBundle, bundle)
		}, line: "acme/web"},
		"a bundle in an index by tag": {fallback: true, set: func(s *store) {
			of := s.attach(typeBundle, bundle)
			s.send(http.MethodPut, "manifests/"+tagFor(""), typeIndex, fmt.Sprintf(
				`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"artifactType":"application/vnd.oci.empty.v1+json"}]}`, typeIndex, typeManifest, of, 1))
		}, line: "acme/web"},
		"a signature of cosign 2": {set: func(s *store) { s.put(tagFor(".sig"), "", "", signed(public, person, digest)) }, line: ann},
		"the second of two": {set: func(s *store) {
			s.put(tagFor(".sig"), "", "", signed(public, release, digest), signed(public, person, digest))
		}, line: ann},
		"an attestation of cosign 2":        {set: func(s *store) { s.put(tagFor(".att"), "", "", attested(public, digest)) }, line: "acme/web"},
		"nothing":                           {set: func(*store) {}, line: "acme/web", code: "E_VERIFY_MISSING", says: "what is attached to it in"},
		"an SBOM alone":                     {set: func(s *store) { s.attach("application/spdx+json", piece{"application/spdx+json", []byte(`{}`), nil}) }, line: "acme/web", code: "E_VERIFY_MISSING"},
		"a signature that is no provenance": {set: func(s *store) { s.put(tagFor(".sig"), "", "", signed(public, release, digest)) }, line: "acme/web", code: "E_VERIFY_FAILED", says: "its type is https://sigstore.dev/cosign/sign/v1"},
		"a signature of another image":      {set: func(s *store) { s.put(tagFor(".sig"), "", "", signed(public, person, otherDigest)) }, line: ann, code: "E_VERIFY_FAILED", says: "not this image"},
		"an attestation of another image":   {set: func(s *store) { s.put(tagFor(".att"), "", "", attested(public, otherDigest)) }, line: "acme/web", code: "E_VERIFY_FAILED", says: "does not match"},
		"a signature that nobody trusts":    {set: func(s *store) { s.put(tagFor(".sig"), "", "", signed(stranger, person, digest)) }, line: ann, code: "E_VERIFY_FAILED", says: "failed to verify"},
		"a signature by a key": {set: func(s *store) {
			s.put(tagFor(".sig"), "", "", without(signed(public, person, digest), "dev.sigstore.cosign/certificate"))
		}, line: ann, code: "E_VERIFY_FAILED", says: "bare key"},
		"a signature that is in no log": {set: func(s *store) {
			s.put(tagFor(".sig"), "", "", without(signed(public, person, digest), "dev.sigstore.cosign/bundle"))
		}, line: ann, code: "E_VERIFY_FAILED", says: "failed to verify"},
		"a payload without a signature": {set: func(s *store) {
			s.put(tagFor(".sig"), "", "", without(signed(public, person, digest), "dev.cosignproject.cosign/signature"))
		}, line: ann, code: "E_VERIFY_FAILED", says: "no signature"},
		"another's signature under this payload": {set: func(s *store) {
			one, two := signed(public, person, digest), signed(public, person, otherDigest)
			two.content = one.content
			s.put(tagFor(".sig"), "", "", two)
		}, line: ann, code: "E_VERIFY_FAILED", says: "failed to verify"},
		"a payload that is no signature of an image": {set: func(s *store) { s.put(tagFor(".sig"), "", "", receipt) }, line: ann, code: "E_VERIFY_FAILED", says: `of type "a receipt"`},
		"a bundle that is none":                      {set: func(s *store) { s.attach(typeBundle, piece{mediaType: typeBundle, content: []byte(`[]`)}) }, line: "acme/web", code: "E_VERIFY_FAILED", says: "no bundle of sigstore"},
		"a registry that cannot list": {set: func(s *store) {
			s.broken = func(path string) bool { return strings.Contains(path, "/referrers/") }
		}, line: "acme/web", code: "E_REGISTRY"},
		"a bundle that cannot be read": {set: func(s *store) {
			s.attach(typeBundle, bundle)
			s.broken = func(path string) bool { return strings.HasSuffix(path, "/blobs/sha256:"+sha(bundle.content)) }
		}, line: "acme/web", code: "E_REGISTRY"},
		"one that is good, one that cannot be read": {set: func(s *store) {
			s.attach(typeBundle, bundle)
			gone := piece{mediaType: typeBundle, content: public.attest(release, digest, provenance)}
			s.attach(typeBundle, gone)
			s.broken = func(path string) bool { return strings.HasSuffix(path, "/blobs/sha256:"+sha(gone.content)) }
		}, line: "acme/web"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, !test.fallback)
			test.set(s)
			v := &attest.Verifier{Sources: []attest.Source{s.source()}, Roots: &attest.Roots{File: file}}
			proofs, err := v.Verify(t.Context(), s.image(), parse(t, test.line))
			checkFault(t, err, test.code, test.says)
			if test.code == "" && (len(proofs) != 1 || !strings.HasPrefix(proofs[0].Where, s.name)) {
				t.Errorf("got %+v", proofs)
			}
		})
	}
}

func TestWhatIsAttachedWithoutEndIsTooMuch(t *testing.T) {
	public := newAuthority(t, publicGood)
	s := newStore(t, true)
	for i := range 201 {
		s.attach(typeBundle, piece{mediaType: "text/plain", content: fmt.Append(nil, i)})
	}
	v := &attest.Verifier{Sources: []attest.Source{s.source()}, Roots: &attest.Roots{File: rootFile(t, public)}}
	if _, err := v.Verify(t.Context(), s.image(), parse(t, "acme/web")); err == nil || fault.Is(err, "E_VERIFY_MISSING") || !strings.Contains(err.Error(), "more than 200") {
		t.Errorf("got %v", err)
	}
}
